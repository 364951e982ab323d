"""What is taken of a provider's words: short ones, of numbers, amounts and times, and nothing that names who paid."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from zhiyue.core.kit import clock
from zhiyue.product.commerce.providers import refusing
from zhiyue.product.commerce.providers.protocol import Told

# Alipay and WeChat Pay count days in this zone, and Alipay writes times without saying so.
CHINA = ZoneInfo("Asia/Shanghai")
_LONGEST_WORD = 64
_BILL_AFTER = timedelta(hours=34)


def word(said: Mapping[str, Any], name: str) -> str:
    """Raises ValueError where it isn't a word of decent length and letters."""
    found = said.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= _LONGEST_WORD or "\0" in found:
        raise ValueError(f"no {name}")
    # Half a letter can't be kept: raises UnicodeEncodeError, a ValueError.
    found.encode()
    return found


def kept(said: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
    """Of what was said what has these names, as words that can be kept."""
    return {name: _keepable(said[name]) for name in names if said.get(name)}


def answered(said: Mapping[str, Any], name: str) -> str:
    """Something that an answer can't be without. Raises ProviderUnreachable."""
    found = said.get(name)
    if not isinstance(found, str) or not found:
        raise refusing.unreachable()
    return found


def told_about(number: str, read: Callable[[], Told]) -> Told:
    """An answer as `read` reads it, where it is about this number. Raises ProviderUnreachable."""
    try:
        told = read()
    except (ValueError, LookupError, TypeError, AttributeError) as why:
        raise refusing.unreachable() from why
    if told.number != number:
        raise refusing.unreachable()
    return told


def bill_is_made(day: date) -> bool:
    """Whether the bill of one of China's days can be had by now, where there is one: from ten on the day after."""
    return clock.now() >= datetime.combine(day, time.min, tzinfo=CHINA) + _BILL_AFTER


def _keepable(found: Any) -> str:
    return str(found)[:_LONGEST_WORD].encode(errors="replace").decode().replace("\0", "")
