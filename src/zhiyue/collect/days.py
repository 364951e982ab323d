"""What happens to the ledger when events of past days come, go or change hands."""

from collections.abc import Iterable, Mapping
from datetime import date

from django.db import transaction
from django.db.models import F

from zhiyue.collect.models import SealedDay
from zhiyue.core.kit import clock


def reopen(days: Iterable[date]) -> None:
    """Past days that get or lose events are read from the log again until they are sealed anew."""
    if past := lock(days):
        SealedDay.objects.filter(day__in=past).update(
            file="", revision=F("revision") + 1, changed_at=clock.now()
        )


@transaction.atomic
def give_up(files: Mapping[date, str]) -> int:
    """Days whose file is damaged are read from the log until they are sealed anew. A day that has another file by now
    is left alone. Returns how many were reopened."""
    days = lock(files)
    now = clock.now()
    return sum(
        SealedDay.objects.filter(day=day, file=files[day]).update(
            file="", revision=F("revision") + 1, changed_at=now, damaged_at=now
        )
        for day in days
    )


def touch(days: Iterable[date]) -> None:
    """Whose the events of these past days are changes. Their files stay, because keys tell whose they are; a sealing
    under way has read it before, and is begun again."""
    if past := lock(days):
        SealedDay.objects.filter(day__in=past).update(revision=F("revision") + 1, changed_at=clock.now())


def lock(days: Iterable[date]) -> list[date]:
    """Make and lock the rows of the past days among `days`, until the end of the transaction.

    Whoever changes events of a past day raises its revision under this lock, so that a sealing that read the day
    earlier finds so before it shows its file. All in the order of days, so that of two who want the same days one
    waits for the other, and never each for each.
    """
    today = clock.business_day()
    past = sorted({day for day in days if day < today})
    if past:
        SealedDay.objects.bulk_create([SealedDay(day=day) for day in past], ignore_conflicts=True)
        # Asked for its rows, or the database would lock none.
        list(SealedDay.objects.select_for_update().filter(day__in=past).order_by("day").values_list("pk"))
    return past
