"""How long ago something was, and how long it is until it is, said in one way on every page."""

from datetime import datetime

from django.utils.timesince import timeuntil
from django.utils.translation import npgettext, pgettext

from zhiyue.core.kit import clock

_DAYS_AS_DAYS = 60


def ago(moment: datetime) -> str:
    """“5 minutes ago”, “yesterday”, “3 days ago”. Days are those of the academy: last night is yesterday."""
    now = clock.now()
    days = (clock.business_day(now) - clock.business_day(moment)).days
    seconds = (now - moment).total_seconds()
    if seconds < 60:
        return pgettext("ago", "just now")
    if seconds < 3600:
        n = int(seconds // 60)
        return npgettext("ago", "%(n)s minute ago", "%(n)s minutes ago", n) % {"n": n}
    if days < 1:
        n = int(seconds // 3600)
        return npgettext("ago", "%(n)s hour ago", "%(n)s hours ago", n) % {"n": n}
    if days == 1:
        return pgettext("ago", "yesterday")
    if days < _DAYS_AS_DAYS:
        return npgettext("ago", "%(n)s day ago", "%(n)s days ago", days) % {"n": days}
    n = days // 30
    return npgettext("ago", "%(n)s month ago", "%(n)s months ago", n) % {"n": n}


def ahead(moment: datetime) -> str:
    """“20 hours, 28 minutes”. In Chinese, which counts so without a comma, a space stands between."""
    return timeuntil(moment, clock.now()).replace("，", " ")
