"""Fills the academy, and lets its members live on. Every step may be broken off and begun again."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from threading import Lock

from django.conf import settings
from django.db import transaction

from zhiyue.collect import lake
from zhiyue.collect.kinds import Actor
from zhiyue.core.academy import selectors as own
from zhiyue.core.academy.models import FOR_CREATORS, FOR_EVERYBODY
from zhiyue.core.academy.selectors import agreements_to_accept
from zhiyue.core.academy.services import Looks, accept_agreements, publish_templates, set_looks
from zhiyue.core.academy.texts import templates
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import Role, User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.accounts.services import create_member, grant, import_members
from zhiyue.core.audit.services import note
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import EVERYTHING
from zhiyue.core.jobs.services import progress
from zhiyue.core.kit import clock
from zhiyue.demo import academy, consents, contest, customers, roster, turning
from zhiyue.demo.accounts import ACCOUNTS, CREATOR_TEACHES, PASSWORD, TURNED
from zhiyue.demo.errors import NoDemo
from zhiyue.demo.living import LivedDay, town, visible
from zhiyue.demo.models import Seeding
from zhiyue.demo.on_sale import put_on_sale
from zhiyue.demo.people import people
from zhiyue.demo.selectors import refuse_in_production
from zhiyue.demo.soiling import soil
from zhiyue.demo.staff_acts import run_the_academy
from zhiyue.demo.writing import write
from zhiyue.monitor.services import find_taste, measure_past_days
from zhiyue.product.catalogue.likeness import find_likenesses
from zhiyue.product.catalogue.models import Course, Lesson, Teacher
from zhiyue.product.catalogue.services import name_prerequisites, put_course, put_teacher, put_topic
from zhiyue.product.commerce.membership.deferring import earn
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning.privacy import choose_consent
from zhiyue.product.learning.services import finish_lesson, open_lesson, save_course
from zhiyue.recommend import live
from zhiyue.recommend.arms import count_all
from zhiyue.recommend.services import train_all

STEPS_BESIDE_DAYS = 7
EARNED_AFTER = timedelta(minutes=20)
_TICK = timedelta(microseconds=1)
# A lived day is kept until the next; what is written of it grows from minute to minute.
_lived: dict[tuple[object, ...], LivedDay] = {}
_guard = Lock()


def seed(*, members: int | None = None, history_days: int | None = None) -> None:
    """Fill the academy: courses first, then people, their past days, what staff did, measures and models. Raises
    NotInProduction. Where a number isn't given the setting's counts (ZHIYUE_DEMO_MEMBERS, ZHIYUE_DEMO_DAYS)."""
    refuse_in_production()
    members = settings.ZHIYUE_DEMO_MEMBERS if members is None else members
    days = settings.ZHIYUE_DEMO_DAYS if history_days is None else history_days
    state = begin(total=days + STEPS_BESIDE_DAYS)
    if state.finished_at:
        # Filled by an earlier version, it may lack an account that is printed now, and what is sold now.
        _put_accounts(state.total - STEPS_BESIDE_DAYS)
        put_on_sale()
        return
    days = state.total - STEPS_BESIDE_DAYS
    _step(state, 1, "courses", _put_courses)
    _step(state, 2, "accounts", lambda: _open_for_business(days))
    _step(state, 3, "members", lambda: _put_members(state, members, days))
    _live_through(state, days)
    _step(state, state.total - 3, "staff", _run_a_day)
    _step(state, state.total - 2, "lake", lake.seal_past_days)
    _step(state, state.total - 1, "measures", _measure)
    _step(state, state.total, "recommendations", _recommend)
    Seeding.objects.filter(pk=state.pk).update(finished_at=clock.now(), note="")


@transaction.atomic
def begin(*, total: int) -> Seeding:
    """The one row of the demo, made at the first call."""
    state = Seeding.objects.select_for_update().first()
    return state or Seeding.objects.create(total=total, started_at=clock.now())


def advance() -> int:
    """Let the members live from where they stopped until now, a day at a time, however long ago that was. Returns how
    many events that gave. Does nothing without a demo, before it is filled, and while it is paused.

    Each day is one transaction that also says how far it came, so what is broken off goes on after the last whole
    one. Raises NotInProduction.
    """
    state = Seeding.objects.exclude(finished_at=None).first()
    if state is None or state.lived_until is None:
        return 0
    refuse_in_production()
    if state.paused_at is not None:
        return 0
    if not state.size:
        # Filled by an earlier version, which didn't note it.
        state.size = User.objects.filter(is_simulated=True).count()
        state.save(update_fields=["size"])
    moment = clock.now()
    first, last = (clock.business_day(one) for one in (state.lived_until + _TICK, moment))
    days = (last - first).days + 1
    written = 0
    for n in range(days):
        day = first + timedelta(days=n)
        written += _live_until(state.pk, _lived_day(state, day), min(moment, _end_of(day)))
        if days > 1:
            progress(done=n + 1, total=days, note=f"{day}")
    return written


@transaction.atomic
def pause(*, viewer: Viewer) -> None:
    """The members rest from now on; nothing of them is written. Raises NotAllowed, NotInProduction, NoDemo."""
    by = require(viewer, Permission.RUN_JOBS)
    state = _filled()
    if state.paused_at is None:
        state.paused_at = clock.now()
        state.save(update_fields=["paused_at"])
        note(by=by, act="simulation.paused", subject=_SUBJECT)


@transaction.atomic
def go_on(*, viewer: Viewer) -> None:
    """The members live on from now. The time in which they rested stays empty: whoever pauses them wants to see what
    others do, or nothing. Raises as `pause` does."""
    by = require(viewer, Permission.RUN_JOBS)
    state = _filled()
    if state.paused_at is not None:
        state.paused_at, state.lived_until = None, max(clock.now(), state.lived_until or clock.now())
        state.save(update_fields=["paused_at", "lived_until"])
        note(by=by, act="simulation.resumed", subject=_SUBJECT)


_SUBJECT = ("simulation", "", "")


def _filled() -> Seeding:
    refuse_in_production()
    state = Seeding.objects.select_for_update().exclude(finished_at=None).first()
    if state is None:
        raise NoDemo
    return state


def _end_of(day: date) -> datetime:
    return clock.day_start(day + timedelta(days=1)) - _TICK


def _step(state: Seeding, number: int, doing: str, act: Callable[[], object]) -> None:
    """Do one step unless an earlier run did it; say first what is being done."""
    if state.done >= number:
        return
    Seeding.objects.filter(pk=state.pk).update(note=doing)
    act()
    state.done = number
    Seeding.objects.filter(pk=state.pk).update(done=number)


def _live_through(state: Seeding, history_days: int) -> None:
    """Live the past day by day; a day is written whole or not at all, and the next run goes on after it.

    Resumed on a later day, the days between are left to `advance`.
    """
    first = clock.business_day(state.started_at - timedelta(days=history_days))
    day = first if state.lived_until is None else clock.business_day(state.lived_until) + timedelta(days=1)
    today = clock.business_day(state.started_at)
    if day > today:
        return
    here = town(day=day, size=state.size)
    Seeding.objects.filter(pk=state.pk).update(note="history")
    while day <= today:
        done = 3 + (day - first).days + 1 if day < today else state.total - 4
        contest.begin_in_the_past(day, today=today, history_days=history_days)
        if day.day == 1:
            # As the night's job would have: of whatever is paid for at once a month's share is earned by its end.
            earn(now=clock.day_start(day) + EARNED_AFTER)
        _live_until(state.pk, here.live(day), min(clock.now(), _end_of(day)), done=min(done, state.total - 4))
        if day < today:
            contest.count_the_night_after(day)
        day += timedelta(days=1)
    state.refresh_from_db()


def _live_until(seeding_id: int, lived: LivedDay, until: datetime, *, done: int | None = None) -> int:
    """Write what of a day isn't written yet, and that it is. Of two who do so at once the second finds nothing left."""
    with transaction.atomic():
        state = Seeding.objects.select_for_update().get(pk=seeding_id)
        after = state.lived_until
        if state.paused_at is not None or (after is not None and after >= until):
            return 0
        written = write(lived, after=after, until=until)
        soil(lived.day, after=after, until=until)
        state.lived_until, state.done = until, state.done if done is None else max(state.done, done)
        state.save(update_fields=["lived_until", "done"])
    return written


def _lived_day(state: Seeding, day: date) -> LivedDay:
    """What happens on `day`. Asked again while it lasts, it is remembered unless members, courses or whether a contest
    is on changed."""
    members = (
        User.objects.filter(is_simulated=True, is_active=True).order_by("pk").values_list("pk", flat=True)
    )
    courses = visible()
    on = live.standing().contest
    sold = (courses.courses, courses.plans, courses.bundles)
    asked = (state.started_at, day, tuple(members), sold, on)
    with _guard:
        found = _lived.get(asked)
        if found is None:
            since = clock.business_day(state.started_at) + timedelta(days=1)
            found = town(day=day, size=state.size, growing_since=since).live(day)
            _lived.clear()
            _lived[asked] = found
    return found


def _run_a_day() -> None:
    customers.buy()
    run_the_academy()


def _recommend() -> None:
    # What was trained on half of the past for the contest is nothing to be held against what knows all of it.
    train_all(accept=True)
    count_all()


def _measure() -> None:
    measure_past_days()
    find_taste()


@transaction.atomic
def _put_courses() -> None:
    for position, (slug, name, name_en, said) in enumerate(academy.TOPICS):
        put_topic(slug=slug, name=name, name_en=name_en, position=position, description=said)
    for teacher in academy.teachers():
        put_teacher(slug=teacher.slug, name=teacher.name, headline=teacher.headline, bio=teacher.bio)
    # The published first: what their members do goes by the order in which they came.
    drafts = [*academy.courses(now=clock.now()), *academy.workshop(now=clock.now())]
    for draft in drafts:
        put_course(draft)
    for draft in drafts:
        name_prerequisites(draft)
    find_likenesses()


@transaction.atomic
def _open_for_business(history_days: int) -> None:
    _put_accounts(history_days)
    put_on_sale()


@transaction.atomic
def _put_accounts(history_days: int) -> None:
    publish_templates(texts=templates(noted=False))
    moment = clock.now()
    for account in ACCOUNTS:
        if User.objects.filter(email=account.email).exists():
            continue
        user = create_member(
            email=account.email,
            password=PASSWORD,
            display_name=account.name,
            joined_at=moment - timedelta(days=turning.LIVED_DAYS + 1 if account.email == TURNED else 30),
            proved=True,
        )
        asked = agreements_to_accept(user, FOR_CREATORS if account.role == "creator" else FOR_EVERYBODY)
        accept_agreements(user=user, agreement_ids=[one.pk for one in asked])
        choose_consent(actor=Actor(member_id=user.pk), granted=EVERYTHING, way=Choice.Way.BAR)
        if account.email == TURNED:
            turning.live_past(user=user, days=history_days)
        elif account.role == "learner":
            _give_learner_a_past(user)
        else:
            grant(user=user, role=account.role)
        if account.role == "creator":
            Teacher.objects.filter(slug=CREATOR_TEACHES).update(user=user)
        if account.role == "owner":
            _set_up(user)


def _set_up(owner: User) -> None:
    """What an owner fills in first: whom to write to, and what stands at the foot of each page."""
    set_looks(
        viewer=Viewer(user=owner, visitor=None, roles=frozenset({Role.OWNER})),
        looks=Looks(
            name=own.academy().name,
            support_contact=academy.CONTACT,
            footer_text=academy.FOOTER,
            icp_number=academy.ICP_NUMBER,
        ),
    )


def _give_learner_a_past(user: User) -> None:
    """The demo's learner owns a course, is in the middle of it, and keeps another on the list."""
    actor = Actor(member_id=user.pk)
    course = Course.objects.get(slug="intuition-for-statistics")
    grant_course(user=user, course=course)
    for lesson in Lesson.objects.filter(course=course).written()[:2]:
        open_lesson(user=user, actor=actor, lesson=lesson)
        finish_lesson(user=user, actor=actor, lesson=lesson)
    save_course(actor=actor, course=Course.objects.get(slug="seeing-light"))


@transaction.atomic
def _put_members(state: Seeding, count: int, history_days: int) -> None:
    if User.objects.filter(is_simulated=True).exists():
        return
    end = clock.now()
    import_members(people=people(count, begin=end - timedelta(days=history_days), end=end))
    consents.put_members(roster.members())
    state.size = count
    state.save(update_fields=["size"])
