"""Fills the academy, and lets its members live on. Every step may be broken off and begun again."""

from collections.abc import Callable
from datetime import datetime, timedelta

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
from zhiyue.core.accounts.services import create_member, grant, import_members
from zhiyue.core.kit import clock
from zhiyue.demo import academy
from zhiyue.demo.accounts import ACCOUNTS, CREATOR_TEACHES, PASSWORD
from zhiyue.demo.living import town, write
from zhiyue.demo.models import Seeding
from zhiyue.demo.people import people
from zhiyue.demo.staff_acts import run_the_academy
from zhiyue.monitor.services import measure_past_days
from zhiyue.product.catalogue.likeness import find_likenesses
from zhiyue.product.catalogue.models import Course, Lesson, Teacher
from zhiyue.product.catalogue.services import name_prerequisites, put_course, put_teacher, put_topic
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning.services import finish_lesson, open_lesson, save_course
from zhiyue.recommend.services import train_all

HISTORY_DAYS = 90
MEMBERS = 500
STEPS_BESIDE_DAYS = 7


def seed(*, members: int = MEMBERS, history_days: int = HISTORY_DAYS) -> None:
    """Fill the academy: courses first, then people, their past days, what staff did, measures and models."""
    state = begin(total=history_days + STEPS_BESIDE_DAYS)
    if state.finished_at:
        # Filled by an earlier version, it may lack an account that is printed now.
        _put_accounts()
        return
    _step(state, 1, "courses", _put_courses)
    _step(state, 2, "accounts", _put_accounts)
    _step(state, 3, "members", lambda: _put_members(members, history_days))
    _live_through(state, history_days)
    _step(state, state.total - 3, "staff", run_the_academy)
    _step(state, state.total - 2, "lake", lake.seal_past_days)
    _step(state, state.total - 1, "measures", measure_past_days)
    _step(state, state.total, "recommendations", train_all)
    Seeding.objects.filter(pk=state.pk).update(finished_at=clock.now(), note="")


@transaction.atomic
def begin(*, total: int) -> Seeding:
    """The one row of the demo, made at the first call."""
    state = Seeding.objects.select_for_update().first()
    return state or Seeding.objects.create(total=total, started_at=clock.now())


def advance() -> int:
    """Let the members live from where they stopped until now. Returns how many events that gave."""
    state = Seeding.objects.exclude(finished_at=None).first()
    if state is None or state.lived_until is None:
        return 0
    moment = clock.now()
    written = 0
    first, last = clock.business_day(state.lived_until), clock.business_day(moment)
    for day in [first + timedelta(days=n) for n in range((last - first).days + 1)]:
        lived = town(before=clock.day_start(day)).live(day)
        written += write([one for one in lived if state.lived_until < one.at <= moment])
    Seeding.objects.filter(pk=state.pk).update(lived_until=moment)
    return written


def _step(state: Seeding, number: int, note: str, act: Callable[[], object]) -> None:
    """Do one step unless an earlier run did it; say first what is being done."""
    if state.done >= number:
        return
    Seeding.objects.filter(pk=state.pk).update(note=note)
    act()
    state.done = number
    Seeding.objects.filter(pk=state.pk).update(done=number)


def _live_through(state: Seeding, history_days: int) -> None:
    """Live the past day by day; a day is written whole or not at all, and the next run goes on after it."""
    begin_at = state.started_at - timedelta(days=history_days)
    first = clock.business_day(begin_at)
    day = first if state.lived_until is None else clock.business_day(state.lived_until) + timedelta(days=1)
    today = clock.business_day(state.started_at)
    if day > today:
        return
    here = town(before=clock.day_start(day))
    while day < today:
        happenings = here.live(day)
        with transaction.atomic():
            write(happenings)
            state.lived_until = clock.day_start(day + timedelta(days=1)) - timedelta(microseconds=1)
            state.done = min(3 + (day - first).days + 1, state.total - 4)
            state.note = "history"
            state.save(update_fields=["lived_until", "done", "note"])
        day += timedelta(days=1)
    with transaction.atomic():
        # Resumed on a later day, the days between are left to `advance`.
        moment = min(clock.now(), clock.day_start(today + timedelta(days=1)) - timedelta(microseconds=1))
        write([one for one in here.live(today) if one.at <= moment])
        state.lived_until, state.done = moment, max(state.done, state.total - 4)
        state.save(update_fields=["lived_until", "done"])


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
def _put_accounts() -> None:
    publish_templates(texts=templates(noted=False))
    joined_at = clock.now() - timedelta(days=30)
    for account in ACCOUNTS:
        if User.objects.filter(email=account.email).exists():
            continue
        user = create_member(
            email=account.email,
            password=PASSWORD,
            display_name=account.name,
            joined_at=joined_at,
            proved=True,
        )
        asked = agreements_to_accept(user, FOR_CREATORS if account.role == "creator" else FOR_EVERYBODY)
        accept_agreements(user=user, agreement_ids=[one.pk for one in asked])
        if account.role == "learner":
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
def _put_members(count: int, history_days: int) -> None:
    if User.objects.filter(is_simulated=True).exists():
        return
    end: datetime = clock.now()
    import_members(people=people(count, begin=end - timedelta(days=history_days), end=end))
