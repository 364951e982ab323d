"""What people searched for lately, by their words and without their names: for who fills the gaps."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, IntegerField, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from zhiyue.collect.models import Event
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.kit import clock
from zhiyue.engine import terms

DAYS = 30
# So many different wordings are looked through, the commonest first.
_MOST_WORDINGS = 5000


@dataclass(slots=True)
class Searched:
    """One question in all its wordings: how often asked, how often without an answer, how often something opened."""

    words: str
    times: int = 0
    without: int = 0
    opened: int = 0

    @property
    def share_opened(self) -> int:
        """Per cent of the searches after which something was opened."""
        return min(100, round(100 * self.opened / self.times)) if self.times else 0


@dataclass(frozen=True, slots=True)
class Report:
    """The last days of searching, today included. Shares are per cent, None without searches."""

    days: int
    times: int = 0
    share_without: int | None = None
    share_opened: int | None = None
    without: Sequence[Searched] = field(default_factory=tuple)
    top: Sequence[Searched] = field(default_factory=tuple)


def report(viewer: Viewer, *, limit: int = 20) -> Report:
    """Searches of the last 30 business days. Raises NotAllowed."""
    require(viewer, Permission.SEE_ACTIVITY)
    asked = _asked()
    times = sum(row.times for row in asked)
    if not times:
        return Report(DAYS)
    without = [row for row in asked if row.without]
    return Report(
        days=DAYS,
        times=times,
        share_without=round(100 * sum(row.without for row in asked) / times),
        share_opened=min(100, round(100 * sum(row.opened for row in asked) / times)),
        without=sorted(without, key=lambda row: (-row.without, row.words))[:limit],
        top=sorted(asked, key=lambda row: (-row.times, row.words))[:limit],
    )


def _asked() -> list[Searched]:
    rows: dict[str, Searched] = {}
    found = Cast(KeyTextTransform("found", "properties"), IntegerField())
    made = (
        _lately("search.made")
        .annotate(found=found)
        .values("words")
        .annotate(n=Count("pk"), without=Count("pk", filter=Q(found=0)))
        .order_by("-n", "words")
    )
    for wording in made[:_MOST_WORDINGS]:
        # Nothing but signs asks nothing; what was recorded before such questions were left out stands in the log.
        if not terms.terms(wording["words"]):
            continue
        row = rows.setdefault(terms.fold(wording["words"]), Searched(wording["words"]))
        row.times += wording["n"]
        row.without += wording["without"]
    chosen = _lately("search.chosen").values("words").annotate(n=Count("pk")).order_by("-n", "words")
    for wording in chosen[:_MOST_WORDINGS]:
        asked = rows.get(terms.fold(wording["words"]))
        if asked:
            asked.opened += wording["n"]
    return list(rows.values())


def _lately(name: str) -> "QuerySet[Any]":
    since = clock.days_before(clock.business_day(), DAYS - 1)
    lately = Event.objects.serving(Purpose.ANALYTICS).filter(name=name, day__gte=since)
    return lately.annotate(words=KeyTextTransform("words", "properties"))
