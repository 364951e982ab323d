"""Amounts and moments as people type them into tables: read exactly, or not at all."""

import re
from datetime import datetime
from decimal import Decimal

from zhiyue.core.kit import clock
from zhiyue.product.commerce.imports.past_orders import MOST_FEN

_YUAN = re.compile(r"[¥￥]?\s*(\d{1,3}(?:,\d{3})+|\d{1,9})(\.\d{1,2})?\s*元?")
_DAY = r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
_MOMENT = re.compile(_DAY + r"(?:[\sT]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")
_FIRST_YEAR = 2000
_LAST_YEAR = 2100


def fen(text: str) -> int | None:
    """Yuan as fen: `199`, `¥1,999.50`, `9.9元`; None where it is no amount, or finer than a fen."""
    found = _YUAN.fullmatch(text.strip())
    if found is None:
        return None
    amount = int(Decimal(found[1].replace(",", "") + (found[2] or "")) * 100)
    return amount if amount <= MOST_FEN else None


def moment(text: str) -> datetime | None:
    """`2024-03-05 14:30:00`, `2024/3/5 14:30`, `2024年3月5日`, or ISO 8601 with a zone; without one, by the academy's
    clock. None where it is no moment of the years 2000 to 2100."""
    found = _MOMENT.fullmatch(text.strip())
    if found is None or not _FIRST_YEAR <= int(found[1]) <= _LAST_YEAR:
        return None
    *parts, zone = found.groups()
    year, month, day, hour, minute, second = (int(part or 0) for part in parts)
    try:
        if zone is None:
            return datetime(year, month, day, hour, minute, second, tzinfo=clock.business_zone())
        text = f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}"
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def is_day(text: str) -> bool:
    """Does it tell a day without a time?"""
    return re.fullmatch(_DAY, text.strip()) is not None
