"""Numbers that people and providers see: a day and letters by chance, without those that look alike."""

import secrets
from datetime import datetime

from zhiyue.core.kit import clock

_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_BY_CHANCE = 10


def number(of: str, moment: datetime) -> str:
    """“Z” for an order, “P” for a payment, “R” for a refund, and 50 bits that nobody guesses: Z261129K7Q2M9X4TB."""
    drawn = "".join(secrets.choice(_LETTERS) for _ in range(_BY_CHANCE))
    return f"{of}{clock.business_day(moment):%y%m%d}{drawn}"
