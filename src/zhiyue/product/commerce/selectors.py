"""Rights. Whether a lesson opens is asked here and nowhere else."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import (
    Case,
    CharField,
    Count,
    DateTimeField,
    Exists,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce

from zhiyue.collect.kinds import Actor
from zhiyue.collect.selectors import by
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import Permission, permissions_of
from zhiyue.core.accounts.second_factor import held_roles
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course, Lesson
from zhiyue.product.catalogue.selectors import course_page, lesson_page
from zhiyue.product.commerce.membership.held import Held, ahead_of
from zhiyue.product.commerce.models import Enrolment, OrderCourse
from zhiyue.product.commerce.rights import (
    Right,
    bought,
    covered_by,
    goes_on,
    owned_rows,
    right_to_course,
    right_to_lesson,
    trials_under_way,
)

Why = Literal[
    "free", "enrolled", "teaching", "membership", "trial", "gift", "sign_in", "enrol", "unpublished"
]
# Open for a while to somebody whose own the course isn't: it can be bought all the same.
LENT: frozenset[Why] = frozenset({"membership", "trial", "gift"})
# How somebody came by a course that is neither free nor given.
PAID = "paid"


@dataclass(frozen=True, slots=True)
class Access:
    """May the lesson be opened, and why (not). Of an article that doesn't open, `preview_percent` may be read.
    `first_of` is the course of an order, `first_of_plan` the membership of one, by which it would be opened for the
    first time: see `consumption`; of a gift its giver's. What is lent is open `until`, a gift from `giver`."""

    open: bool
    why: Why
    preview_percent: int = 0
    first_of: int | None = None
    first_of_plan: int | None = None
    until: datetime | None = None
    giver: str = ""

    @property
    def is_first(self) -> bool:
        """Would it be opened for money, for the first time?"""
        return self.first_of is not None or self.first_of_plan is not None

    @property
    def is_lent(self) -> bool:
        return self.why in LENT


def may_open(user: User | None, lesson: Lesson, *, visitor: UUID | None = None) -> Access:
    """Does `lesson` open for `user` (None: a visitor, whose key may have opened a gift)? Its teacher, as long as they
    are a creator, sees it before it is published; who owns a course that was withdrawn reads on."""
    member_id = user.pk if user is not None else None
    return _access(user, lesson, lambda: right_to_lesson(member_id, visitor, lesson))


def may_open_whole(user: User | None, lesson: Lesson) -> Access:
    """The same as far as it holds for every lesson of the course alike: what a friend gave is left out."""
    return _access(
        user, lesson, lambda: right_to_course(user.pk, lesson.course) if user is not None else None
    )


def _access(user: User | None, lesson: Lesson, ask: Callable[[], Right | None]) -> Access:
    """`ask` asks for the right, where nothing else decides."""
    if user is not None and lesson.is_written and lesson.course.teacher.user_id == user.pk and _teaches(user):
        return Access(open=True, why="teaching")
    if lesson.is_published and lesson.is_free:
        return Access(open=True, why="free")
    right = ask()
    if not lesson.is_published and not _is_kept(right, lesson):
        return Access(open=False, why="unpublished")
    if lesson.is_free:
        return Access(open=True, why="free")
    return _by_right(right) if right is not None else _closed(user, lesson)


def _by_right(right: Right) -> Access:
    why: Why = "enrolled" if right.why == "owned" else right.why
    first, source = None if right.is_noted else right.part, right.by or right.why
    return Access(
        open=True,
        why=why,
        first_of=first if source == "owned" else None,
        first_of_plan=first if source == "membership" else None,
        until=right.until,
        giver=right.giver,
    )


def _closed(user: User | None, lesson: Lesson) -> Access:
    why: Why = "sign_in" if user is None else "enrol"
    return Access(open=False, why=why, preview_percent=preview_percent_of(lesson))


def preview_percent_of(lesson: Lesson) -> int:
    """How much of a lesson that doesn't open everybody may read. Recordings have no preview yet: what is written beside
    one is a whole of its own."""
    if lesson.kind != Lesson.Kind.ARTICLE:
        return 0
    own = lesson.preview_percent
    return settings.ZHIYUE_PREVIEW_PERCENT if own is None else own


def readable_course_ids(user: User) -> set[int]:
    """The courses whose written lessons all open for a member: what they own, what is lent to them, what they teach."""
    taught = set(Course.objects.filter(teacher__user=user).values_list("pk", flat=True))
    mine = enrolled_course_ids(user.pk) | lent_course_ids(user.pk)
    return mine | (taught if taught and _teaches(user) else set())


def _teaches(user: User) -> bool:
    """Teachers keep their courses when the role is taken from them, but not what it opened."""
    return Permission.USE_STUDIO in permissions_of(held_roles(user).in_force)


def _is_kept(right: Right | None, lesson: Lesson) -> bool:
    """Is it of a course that was withdrawn after this member got it?"""
    is_there = lesson.is_written and lesson.withdrawn_at is None
    gone = lesson.course.status == Course.Status.WITHDRAWN
    return is_there and gone and right is not None and right.why == "owned"


def is_enrolled(user: User | None, course_id: int) -> bool:
    """Is the course the member's own: free to them, given, or paid? What is lent to them isn't."""
    if user is None:
        return False
    rows = [rows.filter(course_id=course_id).values("course_id") for rows in owned_rows(user.pk)]
    return rows[0].union(rows[1]).exists()


def course_for(viewer: Viewer, slug: str) -> Course:
    """A course's page for whoever looks: published, or theirs to change, or withdrawn and their own.

    Raises Course.DoesNotExist.
    """
    try:
        return course_page(slug, viewer)
    except Course.DoesNotExist:
        return course_page(slug, viewer, withdrawn_too=_owns(viewer, slug))


def lesson_for(viewer: Viewer, course_slug: str, lesson_slug: str) -> Lesson:
    """A lesson's page by the same rule; whether its text opens says `may_open`. Raises Lesson.DoesNotExist."""
    try:
        return lesson_page(course_slug, lesson_slug, viewer)
    except Lesson.DoesNotExist:
        return lesson_page(course_slug, lesson_slug, viewer, withdrawn_too=_owns(viewer, course_slug))


def _owns(viewer: Viewer, course_slug: str) -> bool:
    if viewer.user is None:
        return False
    rows = [rows.filter(course__slug=course_slug).values("course_id") for rows in owned_rows(viewer.user.pk)]
    return rows[0].union(rows[1]).exists()


def enrolled_course_ids(member_id: int) -> set[int]:
    rows = [rows.values_list("course_id", flat=True) for rows in owned_rows(member_id)]
    return set(rows[0].union(rows[1]))


def owned_pairs(
    member_ids: Iterable[int] | None = None, *, before: datetime | None = None
) -> set[tuple[int, int]]:
    """Which of these members (None: of the simulated ones) owns which course: (member, course), by every right;
    `before`: as it stood at that moment, as far as the rights that they have now tell."""
    joined, paid = Enrolment.objects.all(), bought()
    if member_ids is None:
        joined, paid = joined.filter(user__is_simulated=True), paid.filter(order__user__is_simulated=True)
    else:
        wanted = list(member_ids)
        joined, paid = joined.filter(user_id__in=wanted), paid.filter(order__user_id__in=wanted)
    if before is not None:
        joined, paid = joined.filter(created_at__lt=before), paid.filter(order__paid_at__lt=before)
    rows: Any = joined.values_list("user_id", "course_id")
    return set(rows.union(paid.values_list("order__user_id", "course_id")))


def lent_course_ids(member_id: int) -> set[int]:
    """The published courses that are open to a member for a while. Some of them may be their own as well."""
    return {pk for ids in lent_courses(member_id).values() for pk in ids}


def refunded_course_ids(member_id: int, *, since: datetime, until: datetime) -> set[int]:
    """Courses whose money went back to a member in that time, as the log tells, whatever they consent to: it is part of
    what was agreed. Whoever deletes their history deletes this too."""
    gone_back = by(Actor(member_id=member_id)).filter(name="order.refunded", course_id__isnull=False)
    rows = gone_back.filter(occurred_at__gte=since, occurred_at__lte=until)
    return {course_id for course_id in rows.values_list("course_id", flat=True) if course_id is not None}


def learners_by_course() -> dict[int, int]:
    """How many members own each course there is; courses without any are absent. Reads every right: what a page
    shows, it asks of `learners_of`."""
    return _counted(Enrolment.objects.all(), _paid_alone())


def learners_of(course_ids: Iterable[int]) -> dict[int, int]:
    """How many members own each of these courses; those without any are absent."""
    wanted = list(course_ids)
    joined, paid = Enrolment.objects.filter(course_id__in=wanted), _paid_alone().filter(course_id__in=wanted)
    return _counted(joined, paid)


def _paid_alone() -> QuerySet[OrderCourse]:
    """What was paid by members to whom it wasn't given as well."""
    given = Enrolment.objects.filter(user=OuterRef("order__user"), course=OuterRef("course"))
    return bought().filter(~Exists(given), order__user__isnull=False)


def _counted(joined: QuerySet[Enrolment], paid: QuerySet[OrderCourse]) -> dict[int, int]:
    # A course may come twice to a member who pays: alone, and in a bundle.
    people = Count("order__user", distinct=True)
    counts = joined.order_by().values_list("course_id").annotate(n=Count("pk"))
    found: Counter[int] = Counter()
    for course_id, count in counts.union(
        paid.order_by().values_list("course_id").annotate(n=people), all=True
    ):
        found[course_id] += count
    return dict(found)


def owns(course_id: int) -> Q:
    """Does a member own the course? A condition on members."""
    joined = Enrolment.objects.filter(user=OuterRef("pk"), course_id=course_id)
    return Q(Exists(joined)) | Q(Exists(bought().filter(order__user=OuterRef("pk"), course_id=course_id)))


def owned_by(member_id: int, *, lent_too: bool = False) -> QuerySet[Course]:
    """The courses that a member owns, each with `since` and how they came by it: `source` is one of Enrolment's, or
    “paid”; a course that was joined or given as well tells of that. `lent_too` adds what else their membership
    (“membership”, since this period runs) or a trial (“trial”) opens, and `until` when, None: for good."""
    joined, paid = owned_rows(member_id)
    joined, paid = (
        joined.filter(course=OuterRef("pk")),
        paid.filter(course=OuterRef("pk")).order_by("order__paid_at"),
    )
    lent = lent_courses(member_id) if lent_too else {}
    whens = [When(pk__in=ids, then=Value(one.since)) for one, ids in lent.items()]
    whys = [When(pk__in=ids, then=Value(one.why)) for one, ids in lent.items()]
    ends = [When(pk__in=ids, then=Value(one.until)) for one, ids in lent.items()]
    never = Cast(Value(None), DateTimeField())
    is_owned = Exists(joined) | Exists(paid)
    owned = Course.objects.annotate(
        since=Coalesce(
            Subquery(joined.values("created_at")[:1]),
            Subquery(paid.values("order__paid_at")[:1]),
            Case(*whens, default=never, output_field=DateTimeField()) if whens else never,
        ),
        source=Coalesce(
            Subquery(joined.values("source")[:1]),
            Case(When(Exists(paid), then=Value(PAID)), *whys, output_field=CharField()),
        ),
        until=Case(When(is_owned, then=never), *ends, default=never, output_field=DateTimeField()),
    )
    is_lent = Q(pk__in=[pk for ids in lent.values() for pk in ids])
    return owned.filter(is_owned | is_lent).order_by("-since", "-pk")


class Lent(NamedTuple):
    """What opens courses to a member for a while: “membership” or “trial”, since when and until when."""

    why: str
    since: datetime
    until: datetime


def lent_courses(member_id: int) -> dict[Lent, list[int]]:
    """What is open to a member for a while, and by what: the ids of the courses. A course comes once: by the membership
    where both open it, else by the trial that lasts longest."""
    moment = clock.now()
    found: defaultdict[Lent, list[int]] = defaultdict(list)
    ahead = ahead_of(member_id, now=moment)
    running = next((held for held in ahead if goes_on(held.period, moment)), None)
    until = _until_each(ahead, moment) if running is not None else {}
    for pk in sorted(until):
        if running is not None:
            found[Lent("membership", running.period.opens_from, until[pk])].append(pk)
    seen = set(until)
    trials = trials_under_way(moment).filter(user_id=member_id).select_related("course")
    for trial in trials.order_by("-ends_at", "pk"):
        covered = covered_by([trial.plan_id]).values_list("pk", flat=True) if trial.plan_id else []
        own = [trial.course_id] if trial.course is not None and trial.course.is_published else []
        new = {pk for pk in [*covered, *own] if pk is not None} - seen
        found[Lent("trial", trial.started_at, trial.ends_at)] += sorted(new)
        seen |= new
    return {key: ids for key, ids in found.items() if ids}


def _until_each(ahead: Sequence[Held], moment: datetime) -> dict[int, datetime]:
    """Until when periods open each course without a break, as `rights` reckons it of one."""
    plan_ids = {held.row.plan_id for held in ahead}
    covered = {pk: set(covered_by([pk]).values_list("pk", flat=True)) for pk in plan_ids}
    until: dict[int, datetime] = {}
    for held in ahead:
        period = held.period
        ends = period.opens_until if period.opens_until > moment else period.grace_until
        for course_id in covered[held.row.plan_id]:
            if goes_on(period, until.get(course_id, moment)):
                until[course_id] = ends
    return until


def course_titles_of(member_ids: Iterable[int]) -> dict[int, list[str]]:
    """The titles of what members own, in the order they came by them; members without any are absent."""
    wanted = list(member_ids)
    joined = Enrolment.objects.filter(user_id__in=wanted).values_list(
        "user_id", "course__title", "created_at"
    )
    paid = bought().filter(order__user_id__in=wanted)
    rows: list[Any] = [*joined, *paid.values_list("order__user_id", "course__title", "order__paid_at")]
    titles: dict[int, list[str]] = {}
    for member_id, title, _ in sorted(rows, key=lambda row: row[2]):
        mine = titles.setdefault(member_id, [])
        if title not in mine:
            mine.append(title)
    return titles
