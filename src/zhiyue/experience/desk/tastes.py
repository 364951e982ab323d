"""What learners care about, and since when, in words and as a chart. Found by `monitor`; here it is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.analyse.taste import TasteShift
from zhiyue.experience.shell.cards import in_language
from zhiyue.experience.shell.charts import Cell, Chart
from zhiyue.monitor.selectors import TasteChange, TasteFound
from zhiyue.product.catalogue.selectors import topics

# More lines than these nobody can tell apart.
LINES = 5
TOPICS_NAMED = 3

_WHY_NOT: Mapping[str, str | Promise] = {
    "few-days": pgettext_lazy(
        "taste", "Not enough data: a change can be looked for once there are four weeks of acts."
    ),
    "one-topic": pgettext_lazy("taste", "Not enough data: there is one topic, so nothing to choose between."),
    "few-people": pgettext_lazy(
        "taste", "Not enough data: at least 50 people must have chosen something before a day and after it."
    ),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One topic of a change: shares in percent, the difference in points of percent with its interval."""

    topic: str
    before: float
    after: float
    change: float
    low: float
    high: float
    is_sure: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A change in words. Sizes in percent (of choices) and bits, each with its interval; `chance` in percent."""

    finding: str
    day: date
    earliest: date
    latest: date
    chance: float
    variation: tuple[float, ...]
    divergence: tuple[float, ...]
    rows: tuple[Row, ...]


def topic_names() -> dict[str, str]:
    return {topic.slug: in_language(topic.name, topic.name_en) for topic in topics()}


def finding(found: TasteFound, names: Mapping[str, str]) -> str:
    """The newest change, or that there is none, or why none can be found."""
    if found.why_not:
        return str(_WHY_NOT[found.why_not])
    if not found.changes:
        # The half year begins before a young academy does.
        with_choices = sum(any(counts) for _, counts in found.weeks)
        said = {"n": with_choices, "people": f"{found.people:,}"}
        return pgettext("taste", "No change found in %(n)s weeks of choices by %(people)s people") % said
    return _finding(found.changes[-1], names)


def told(change: TasteChange, names: Mapping[str, str]) -> Told:
    rows = tuple(
        Row(
            names.get(moved.topic, moved.topic),
            100 * moved.before,
            100 * moved.after,
            100 * moved.change,
            100 * moved.low,
            100 * moved.high,
            moved.is_sure,
        )
        for moved in change.topics
    )
    return Told(
        _finding(change, names),
        change.day,
        change.earliest,
        change.latest,
        100 * change.chance,
        tuple(100 * cell for cell in change.variation),
        change.divergence,
        rows,
    )


def chart(found: TasteFound, names: Mapping[str, str], *, csv_url: str) -> Chart:
    """Shares of the topics that matter most here, in percent of the choices of each week that had any."""
    shown = _shown(found)
    rows: list[list[Cell]] = []
    for first, counts in found.weeks:
        whole = sum(counts)
        if whole:
            shares = [round(100 * counts[found.topics.index(slug)] / whole, 1) for slug in shown]
            rows.append([date_format(first, "SHORT_DATE_FORMAT"), *shares])
    note = pgettext(
        "chart",
        "Of 100 choices of a week, how many fell on each topic; a week is named by its first day. A choice is a "
        "topic that somebody turned to on a day, however often. Topics that moved come first, then the largest; all "
        "are in the CSV.",
    )
    columns = [pgettext("column", "Week"), *(names.get(slug, slug) for slug in shown)]
    return Chart("taste", "line", finding(found, names), columns, rows, note=note, unit="%", csv_url=csv_url)


def shift_words(found: TasteShift, names: Mapping[str, str]) -> str:
    """One person's turn of taste, or that there is none, or that it can't be said."""
    if found.too_few:
        said = {"n": found.choices}
        return pgettext("taste", "Too few choices (%(n)s) to say whether this person's taste turned") % said
    if found.shift is None:
        return pgettext("taste", "This person's taste is steady")
    shift = found.shift
    return pgettext(
        "taste",
        "This person's taste turned on %(day)s (between %(earliest)s and %(latest)s): from %(before)s to %(after)s",
    ) % {
        "day": _day(shift.day),
        "earliest": _day(shift.earliest),
        "latest": _day(shift.latest),
        "before": _listed([slug for slug, _ in shift.before], names),
        "after": _listed([slug for slug, _ in shift.after], names),
    }


def _finding(change: TasteChange, names: Mapping[str, str]) -> str:
    sure = [moved for moved in change.topics if moved.is_sure]
    risen = [moved.topic for moved in sure if moved.change > 0]
    fallen = [moved.topic for moved in reversed(sure) if moved.change < 0]
    said = {"day": _day(change.day), "risen": _listed(risen, names), "fallen": _listed(fallen, names)}
    if risen and fallen:
        return pgettext("taste", "Since %(day)s more is chosen of: %(risen)s; less of: %(fallen)s") % said
    if risen:
        return pgettext("taste", "Since %(day)s more is chosen of: %(risen)s") % said
    if fallen:
        return pgettext("taste", "Since %(day)s less is chosen of: %(fallen)s") % said
    return pgettext("taste", "Since %(day)s other topics are chosen, each a little more or less") % said


def _shown(found: TasteFound) -> list[str]:
    """Topics worth a line: those that surely moved at the newest change, then the largest."""
    moved = [row for row in found.changes[-1].topics if row.is_sure] if found.changes else []
    first = [row.topic for row in sorted(moved, key=lambda row: -abs(row.change))]
    totals = {slug: sum(counts[n] for _, counts in found.weeks) for n, slug in enumerate(found.topics)}
    largest = sorted((slug for slug in totals if totals[slug]), key=lambda slug: -totals[slug])
    return list(dict.fromkeys([*(slug for slug in first if slug in totals), *largest]))[:LINES]


def _listed(slugs: Sequence[str], names: Mapping[str, str]) -> str:
    between = pgettext("between topics", ", ")
    return between.join(names.get(slug, slug) for slug in slugs[:TOPICS_NAMED])


def _day(day: date) -> str:
    return date_format(day, "DATE_FORMAT")
