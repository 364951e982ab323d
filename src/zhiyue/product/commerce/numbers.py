"""Numbers that people and providers see: a day and letters by chance, without those that look alike."""

import secrets
from datetime import datetime

from zhiyue.core.kit import clock

_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_BY_CHANCE = 10
# Codes that people type: 50 bits.
CODE_LETTERS = 10


def number(of: str, moment: datetime) -> str:
    """“Z” for an order, “P” for a payment, “R” for a refund, “F” for an invoice (发票), “S” for a statement of a
    teacher, and 50 bits that nobody guesses: Z261129K7Q2M9X4TB."""
    return f"{of}{clock.business_day(moment):%y%m%d}{by_chance(_BY_CHANCE)}"


def by_chance(letters: int) -> str:
    """So many letters, 5 bits each, that nobody guesses and nobody misreads."""
    return "".join(secrets.choice(_LETTERS) for _ in range(letters))


def tidy_code(typed: str) -> str:
    """A code as it is kept, however it was typed: with spaces and strokes, or in small letters."""
    return "".join(letter for letter in typed.upper() if letter in _LETTERS)[: 2 * CODE_LETTERS]
