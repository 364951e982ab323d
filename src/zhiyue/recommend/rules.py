"""The rules of the academy about what is recommended: which hold, who may make and end them, and where pins stand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import isfinite

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import pgettext

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit.selectors import A_MOMENT
from zhiyue.core.audit.services import note
from zhiyue.core.kit import clock
from zhiyue.core.kit.columns import longest, storable
from zhiyue.product.catalogue.models import Course
from zhiyue.recommend.errors import RuleRefused
from zhiyue.recommend.kinds import Reason, Recommended, Slot
from zhiyue.recommend.models import Rule

# What has no such end is forgotten on the shelf.
PINNED_AT_MOST = timedelta(days=90)
LAST_PLACE = 12
LEAST_FACTOR, MOST_FACTOR = 0.5, 2.0
SHORTEST_WHY = 3
_LOCK = 7_405_117


@dataclass(frozen=True, slots=True)
class Pin:
    """A course and its place in a slate, from 1."""

    place: int
    course_id: int


@dataclass(frozen=True, slots=True)
class Steering:
    """What the rules in force ask of one slate."""

    never: frozenset[int]
    weighed: Mapping[int, float]
    pins: tuple[Pin, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """A rule as somebody wants it."""

    kind: str
    course_id: int
    slot: str
    why: str
    begins_at: datetime
    ends_at: datetime | None = None
    place: int | None = None
    factor: float | None = None


def in_force(slot: Slot | str, moment: datetime) -> Steering:
    """The rules of a slot and of everywhere. Several factors on one course are multiplied, within the bounds of one."""
    found = Rule.objects.in_force(moment).filter(slot__in=["", slot]).order_by("pk")
    rows = list(found.values_list("kind", "course_id", "slot", "place", "factor"))
    weighed: dict[int, float] = {}
    for kind, course_id, _, _, factor in rows:
        if kind == Rule.Kind.WEIGH:
            product = weighed.get(course_id, 1.0) * float(factor or 1.0)
            weighed[course_id] = min(max(product, LEAST_FACTOR), MOST_FACTOR)
    return Steering(
        frozenset(row[1] for row in rows if row[0] == Rule.Kind.NEVER),
        weighed,
        tuple(Pin(int(row[3] or 1), row[1]) for row in rows if row[0] == Rule.Kind.PIN and row[2] == slot),
    )


def with_pins(items: Sequence[Recommended], pins: Iterable[Pin]) -> tuple[Recommended, ...]:
    """The list with each pinned course in its place, which it has for certain. It gets the score of what it pushes
    down, so that scores keep falling."""
    found = list(items)
    for pin in sorted(pins, key=lambda pin: pin.place):
        at = min(pin.place - 1, len(found))
        beside = found[at] if at < len(found) else found[-1] if found else None
        score = beside.score if beside else 0.0
        found.insert(at, Recommended(pin.course_id, score, Reason("pinned"), pin.place))
    return tuple(replace(item, position=place) for place, item in enumerate(found, start=1))


def all_rules(viewer: Viewer) -> tuple[list[Rule], list[Rule]]:
    """Those that hold or will, in the order in which they begin, and the last fifty that are over, the latest first.
    Raises NotAllowed."""
    require(viewer, Permission.CHANGE_ANY_COURSE)
    moment = clock.now()
    rows = Rule.objects.select_related("course", "by")
    over = Q(ends_at__lte=moment) | Q(ended_at__lte=moment)
    return list(rows.exclude(over).order_by("begins_at", "pk")), list(
        rows.filter(over).order_by("-made_at", "-pk")[:50]
    )


def courses_to_choose(viewer: Viewer) -> list[tuple[int, str]]:
    """What a rule may be about: what is out, one edition of each. Raises NotAllowed."""
    require(viewer, Permission.CHANGE_ANY_COURSE)
    found = Course.objects.published().filter(edition_of=None).order_by("title", "pk")
    return list(found.values_list("pk", "title"))


@transaction.atomic
def put_rule(*, viewer: Viewer, wish: Wish) -> Rule:
    """Keep a new rule. The same one sent twice is kept once. Raises NotAllowed, RuleRefused."""
    staff = require(viewer, Permission.CHANGE_ANY_COURSE)
    _one_at_a_time()
    course = Course.objects.published().filter(pk=wish.course_id, edition_of=None).first()
    if course is None:
        raise RuleRefused("course", pgettext("rule", "Choose one of the courses that are out."))
    wish = _checked(wish)
    same = _standing(wish).filter(
        kind=wish.kind, course=course, slot=wish.slot, place=wish.place, factor=wish.factor
    )
    # Of two that are sent at once the one that was clocked later may come first.
    begun = same.filter(begins_at__lte=wish.begins_at + A_MOMENT)
    known = begun.filter(ends_at=wish.ends_at, why=wish.why).first()
    if known is not None:
        return known
    if wish.kind == Rule.Kind.PIN:
        _refuse_taken(wish)
    elif same.exists():
        raise RuleRefused(
            "course", pgettext("rule", "There is such a rule for this course already. End that one first.")
        )
    row = Rule.objects.create(
        kind=wish.kind, course=course, slot=wish.slot, place=wish.place, factor=wish.factor, why=wish.why,
        begins_at=wish.begins_at, ends_at=wish.ends_at, by=staff,
    )  # fmt: skip
    note(by=staff, act="rule.made", subject=("rule", row.pk, course.title), after=_plain(row), why=wish.why)
    return row


@transaction.atomic
def end_rule(*, viewer: Viewer, rule_id: int) -> Rule:
    """End a rule now. One that is over stays as it was. Raises NotAllowed, Rule.DoesNotExist."""
    staff = require(viewer, Permission.CHANGE_ANY_COURSE)
    row = Rule.objects.select_for_update(of=("self",)).select_related("course").get(pk=rule_id)
    moment = clock.now()
    if row.ended_at is not None or (row.ends_at is not None and row.ends_at <= moment):
        return row
    row.ended_at = moment
    row.save(update_fields=["ended_at"])
    note(by=staff, act="rule.ended", subject=("rule", row.pk, row.course.title), before=_plain(row))
    return row


def _one_at_a_time() -> None:
    """Until the transaction ends nobody else makes a rule, so that two pins never get one place. SQLite has one writer
    anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _checked(wish: Wish) -> Wish:
    """The rule without what its kind has no use for. Raises RuleRefused."""
    if wish.kind not in Rule.Kind.values:
        raise RuleRefused("kind", pgettext("rule", "Choose what the rule does."))
    is_pin = wish.kind == Rule.Kind.PIN
    if wish.slot not in Rule.Slot.values or (is_pin and not wish.slot):
        raise RuleRefused("slot", pgettext("rule", "Choose the shelf: a pin stands on one of them."))
    why = storable(wish.why).strip()
    if not SHORTEST_WHY <= len(why) <= longest(Rule, "why"):
        raise RuleRefused(
            "why", pgettext("rule", "Write 3 to 300 characters: colleagues read later why this was done.")
        )
    if wish.ends_at is not None and wish.ends_at <= max(wish.begins_at, clock.now()):
        raise RuleRefused("ends_at", pgettext("rule", "The end must lie after the beginning, and after now."))
    if is_pin:
        _check_pin(wish)
    if wish.kind == Rule.Kind.WEIGH:
        _check_factor(wish.factor)
    return replace(
        wish,
        why=why,
        place=wish.place if is_pin else None,
        factor=wish.factor if wish.kind == Rule.Kind.WEIGH else None,
    )


def _check_pin(wish: Wish) -> None:
    if wish.place is None or not 1 <= wish.place <= LAST_PLACE:
        raise RuleRefused("place", pgettext("rule", "Give a place from 1 to %(n)s.") % {"n": LAST_PLACE})
    if wish.ends_at is None or wish.ends_at > wish.begins_at + PINNED_AT_MOST:
        message = pgettext("rule", "A pin needs an end, %(n)s days after its beginning at the latest.")
        raise RuleRefused("ends_at", message % {"n": PINNED_AT_MOST.days})


def _check_factor(factor: float | None) -> None:
    if factor is None or not isfinite(factor) or not LEAST_FACTOR <= factor <= MOST_FACTOR or factor == 1:
        message = pgettext(
            "rule", "Give a factor from %(least)s to %(most)s: below 1 shows it less, above 1 more."
        )
        raise RuleRefused("factor", message % {"least": LEAST_FACTOR, "most": MOST_FACTOR})


def _standing(wish: Wish) -> QuerySet[Rule]:
    """The rules that hold at some moment of a wish's time."""
    found = Rule.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=wish.begins_at), Q(ended_at=None) | Q(ended_at__gt=wish.begins_at)
    )
    return found if wish.ends_at is None else found.filter(begins_at__lt=wish.ends_at)


def _refuse_taken(wish: Wish) -> None:
    """One place, one course; and one course, one place."""
    pins = _standing(wish).filter(kind=Rule.Kind.PIN, slot=wish.slot).select_related("course")
    taken = pins.filter(Q(place=wish.place) | Q(course=wish.course_id)).order_by("begins_at").first()
    if taken is None:
        return
    if taken.course_id == wish.course_id:
        message = pgettext(
            "rule", "The course is pinned to place %(place)s in that time. End that pin first."
        )
        raise RuleRefused("course", message % {"place": taken.place})
    message = pgettext(
        "rule", "“%(title)s” has this place in that time. Choose another place or time, or end that pin."
    )
    raise RuleRefused("place", message % {"title": taken.course.title})


def _plain(row: Rule) -> dict[str, object]:
    """A rule as the audit log keeps it."""
    told = {
        "kind": row.kind,
        "slot": row.slot,
        "place": row.place,
        "factor": row.factor,
        "begins_at": row.begins_at.isoformat(),
        "ends_at": row.ends_at.isoformat() if row.ends_at else None,
    }
    return {name: value for name, value in told.items() if value not in (None, "")}
