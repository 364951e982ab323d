"""Time as the academy counts it: moments are UTC, days are those of the business zone (a setting)."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone


def now() -> datetime:
    """This moment, aware, in UTC."""
    return timezone.now()


def business_zone() -> ZoneInfo:
    return ZoneInfo(settings.ZHIYUE_TIME_ZONE)


def business_day(moment: datetime | None = None) -> date:
    """The academy's calendar day in which `moment` (default: now) falls."""
    return (moment or now()).astimezone(business_zone()).date()


def day_start(day: date) -> datetime:
    """The first moment of a business day."""
    return datetime.combine(day, time.min, tzinfo=business_zone())


def days_before(day: date, days: int) -> date:
    return day - timedelta(days=days)


def last_months(count: int, moment: datetime | None = None) -> list[date]:
    """The first days of the academy's last months up to that of `moment` (default: now), the earliest first."""
    this = business_day(moment)
    back = (divmod(this.year * 12 + this.month - 1 - n, 12) for n in reversed(range(count)))
    return [date(year, month + 1, 1) for year, month in back]
