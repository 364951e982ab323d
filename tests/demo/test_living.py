"""Simulated members live the same lives again, go on living, and never twice."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import timedelta

import pytest
from django.db import connection

from zhiyue.collect.models import ConsentCount, Event, QuarantineCount, Quarantined
from zhiyue.collect.vocabulary import KINDS
from zhiyue.core.accounts.models import User
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.consent.purposes import NOTHING
from zhiyue.core.consent.selectors import granted_to_many
from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.services import inside
from zhiyue.core.kit import clock
from zhiyue.demo import services
from zhiyue.demo.accounts import ACCOUNTS
from zhiyue.demo.consents import granted_by
from zhiyue.demo.editions import Editions
from zhiyue.demo.errors import NotInProduction
from zhiyue.demo.living import town
from zhiyue.demo.models import Halfway, Seeding
from zhiyue.demo.roster import Figure
from zhiyue.demo.telling import EVENT_NAMES
from zhiyue.engine.simulate.kinds import Kind, People
from zhiyue.engine.simulate.parameters import ACADEMY, Turn, Wave
from zhiyue.engine.simulate.planting import planted
from zhiyue.monitor.models import DailyMeasure
from zhiyue.product.catalogue.models import Course, Lesson
from zhiyue.product.commerce.models import Enrolment
from zhiyue.product.commerce.rights import right_to_lesson
from zhiyue.product.commerce.selectors import owned_pairs
from zhiyue.product.learning.models import LessonProgress

pytestmark = pytest.mark.django_db


def small():
    services.seed(members=60, history_days=6)


def lives():
    """Everything that simulated people did, visitors too."""
    return list(Event.objects.filter(origin="import").order_by("event_id").values_list("event_id", "name"))


def lived_on(day):
    """What was told of acts: of an order that it used a coupon is told besides."""
    return Event.objects.filter(day=day, origin="import").exclude(name="coupon.used")


def told_of(lived):
    """The events of a day's acts, and by whom: with an order's end it is told that it was placed."""
    return [
        (name, person)
        for kind, person in zip(lived.acts.kind.tolist(), lived.acts.person.tolist(), strict=True)
        for name in (EVENT_NAMES[Kind(kind)], *(("order.placed",) if kind in (Kind.PAY, Kind.LAPSE) else ()))
    ]


def stored_of(lived):
    """Those of them that are stored: all but what people don't consent to."""
    return [
        name
        for name, person in told_of(lived)
        if KINDS[name].stored_for(granted_by(lived.figures[person]) or NOTHING) is not None
    ]


def test_planted_drift_is_lived_from_its_day_on_and_none_is_the_default(settings):
    small()
    today = clock.business_day()
    day = today - timedelta(days=1)
    plain = town(day=day)
    assert plain.parameters == ACADEMY
    since = today - timedelta(days=30)
    settings.ZHIYUE_DEMO_DRIFT = planted(f"ai+9@{since}, turn@{today}/50%")
    drifting = town(day=day)
    assert drifting.parameters.waves == (Wave(since.toordinal(), "ai", 9.0),)
    assert drifting.parameters.turns == (Turn(today.toordinal(), 0.5),)
    ai = [course.topic == "ai" for course in plain.shown.courses]

    def about_ai(here):
        acts = here.live(day).acts
        return sum(ai[course] for course in acts.course[acts.kind == Kind.VIEW])

    assert about_ai(drifting) > about_ai(plain)


def standing(here):
    """Where everybody stands, by key."""
    order = here.people.key.argsort()
    return {part.name: getattr(here.people, part.name)[order].tolist() for part in fields(People)}


def break_off_at(monkeypatch, call, act):
    real, calls = services.write, []

    def breaks(*args, **kwargs):
        calls.append(1)
        written = real(*args, **kwargs)
        if len(calls) == call:
            # Written, and then the process is gone before the transaction ends.
            raise KeyboardInterrupt
        return written

    with monkeypatch.context() as patched:
        patched.setattr(services, "write", breaks)
        with pytest.raises(KeyboardInterrupt):
            act()


def test_seeding_fills_the_academy_and_a_second_time_changes_nothing():
    small()
    state = Seeding.objects.get()
    assert state.finished_at is not None
    assert state.done == state.total
    assert state.size == 60
    assert Course.objects.published().count() == 46
    assert User.objects.count() == 60 + len(ACCOUNTS)
    assert DailyMeasure.objects.count() >= 6
    before = lives()
    assert before
    small()
    assert lives() == before


def test_how_many_and_how_long_are_settings(settings):
    settings.ZHIYUE_DEMO_MEMBERS, settings.ZHIYUE_DEMO_DAYS = 7, 2
    services.seed()
    assert User.objects.filter(is_simulated=True).count() == 7
    assert Seeding.objects.get().total == 2 + services.STEPS_BESIDE_DAYS


def test_a_seeding_broken_off_goes_on_where_it_stopped(monkeypatch):
    break_off_at(monkeypatch, 4, small)
    half = Seeding.objects.get()
    assert half.finished_at is None
    assert half.lived_until == clock.day_start(clock.business_day() - timedelta(days=3)) - timedelta(
        microseconds=1
    )
    assert not Event.objects.filter(origin="import", occurred_at__gt=half.lived_until).exists()
    small()
    broken_off = lives()
    assert Seeding.objects.get().finished_at is not None
    assert len(broken_off) == len(set(broken_off))
    days = set(Event.objects.filter(origin="import").values_list("day", flat=True))
    assert len(days) >= 6


def test_members_live_on_until_now_and_each_moment_once(monkeypatch):
    small()
    before = len(lives())
    later = clock.now() + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    written = services.advance()
    assert written > 0
    assert len(lives()) == before + written
    assert services.advance() == 0
    assert Event.objects.filter(occurred_at__gt=later).count() == 0


def test_a_day_lived_in_small_steps_is_the_day_lived_at_once(monkeypatch):
    small()
    start = clock.day_start(clock.business_day() + timedelta(days=1))
    for hour in range(1, 25):
        monkeypatch.setattr(clock, "now", lambda hour=hour: start + timedelta(hours=hour))
        # As after a restart: nothing is remembered from one step to the next.
        services._lived.clear()
        services.advance()
    in_steps = set(lived_on(start.date()).values_list("event_id", flat=True))
    assert in_steps
    size = Seeding.objects.get().size
    since = clock.business_day(Seeding.objects.get().started_at) + timedelta(days=1)
    at_once = town(day=start.date(), size=size, growing_since=since).live(start.date())
    assert len(stored_of(at_once)) == len(in_steps)


def test_after_a_week_of_standstill_members_catch_up_day_by_day_and_say_how_far_they_are(monkeypatch):
    small()
    state = Seeding.objects.get()
    later = clock.now() + timedelta(days=7)
    monkeypatch.setattr(clock, "now", lambda: later)
    job = Job.objects.create(
        name="demo.advance",
        kwargs={},
        state=Job.State.RUNNING,
        enqueued_at=later,
        claimable_at=later,
        attempts=1,
    )
    with inside(job):
        break_off_at(monkeypatch, 4, services.advance)
        so_far = Seeding.objects.get().lived_until
        # Three days are whole, of the fourth nothing is left.
        assert so_far == clock.day_start(
            clock.business_day(state.lived_until) + timedelta(days=3)
        ) - timedelta(microseconds=1)
        assert not Event.objects.filter(origin="import", occurred_at__gt=so_far).exists()
        services.advance()
    job.refresh_from_db()
    assert (job.progress_done, job.progress_total) == (5, 5)
    assert Seeding.objects.get().lived_until == later
    days = set(Event.objects.filter(origin="import").values_list("day", flat=True))
    first, last = min(days), clock.business_day(later)
    assert {first + timedelta(days=n) for n in range((last - first).days)} <= days
    found = lives()
    assert len(found) == len(set(found))


def test_new_members_join_while_the_academy_lives(monkeypatch):
    services.seed(members=400, history_days=1)
    later = clock.now() + timedelta(days=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    services.advance()
    new = User.objects.filter(is_simulated=True, email__startswith="m20")
    assert new.count() > 0
    assert all(user.joined_at <= later for user in new)
    signed_up = Event.objects.filter(name="member.signed_up", member__in=new)
    assert set(signed_up.values_list("member_id", "occurred_at")) == set(new.values_list("pk", "joined_at"))
    count = new.count()
    services.advance()
    assert new.count() == count


def test_a_demo_filled_by_an_earlier_version_notes_its_size_once(monkeypatch):
    small()
    Seeding.objects.update(size=0)
    services.advance()
    assert Seeding.objects.get().size == 60
    later = clock.now() + timedelta(days=30)
    monkeypatch.setattr(clock, "now", lambda: later)
    services.advance()
    assert User.objects.filter(is_simulated=True).count() > 60
    assert Seeding.objects.get().size == 60


def test_without_a_demo_nothing_lives():
    assert services.advance() == 0
    assert Event.objects.count() == 0


def test_production_has_no_simulated_members(settings):
    small()
    before = lives()
    settings.ZHIYUE_ENVIRONMENT = "production"
    with pytest.raises(NotInProduction):
        services.seed(members=5, history_days=1)
    with pytest.raises(NotInProduction):
        services.advance()
    assert lives() == before


def test_a_production_academy_is_not_filled_and_its_schedule_does_nothing(settings):
    settings.ZHIYUE_ENVIRONMENT = "production"
    with pytest.raises(NotInProduction):
        services.seed(members=5, history_days=1)
    assert services.advance() == 0
    assert not Seeding.objects.exists()
    assert not User.objects.exists()
    assert not Course.objects.exists()


def test_what_is_lived_in_memory_is_what_the_records_say():
    """The state at a day's beginning comes from the product, so that a day can be lived again after a crash."""
    small()
    day = clock.business_day() - timedelta(days=3)
    here = town(day=day, size=60)
    for n in range(3):
        assert standing(here) == standing(town(day=day + timedelta(days=n), size=60))
        here.live(day + timedelta(days=n))


def test_a_day_lived_again_from_the_same_state_is_the_same_day():
    small()
    day = clock.business_day() - timedelta(days=2)
    once = town(day=day, size=60).live(day).acts
    again = town(day=day, size=60).live(day).acts
    for part in fields(once):
        one, other = getattr(once, part.name), getattr(again, part.name)
        assert one == other if isinstance(one, tuple) else (one == other).all()
    assert {Kind(kind) for kind in once.kind.tolist()} >= {Kind.PAGE, Kind.VIEW}
    days = [clock.business_day() - timedelta(days=n) for n in range(1, 7)]
    lived = [town(day=one, size=60).live(one) for one in days]
    assert [lived_on(one).count() for one in days] == [len(stored_of(one)) for one in lived]
    assert sum(len(stored_of(one)) for one in lived) < sum(len(told_of(one)) for one in lived)


def test_who_joined_in_the_past_that_was_lived_was_seen():
    small()
    since = clock.now() - timedelta(days=5)
    joined = set(User.objects.filter(is_simulated=True, joined_at__gte=since).values_list("pk", flat=True))
    assert joined
    signed_up = Event.objects.filter(name="member.signed_up").values_list("member_id", flat=True)
    assert joined <= set(signed_up)


def test_visitors_look_round_and_what_they_did_becomes_theirs_when_they_join():
    services.seed(members=200, history_days=6)
    strangers = Event.objects.filter(member=None, origin="import")
    assert strangers.exists()
    assert not strangers.filter(visitor=None).exists()
    assert not strangers.filter(name__in=["course.enrolled", "course.saved", "member.signed_in"]).exists()
    joined = dict(User.objects.filter(is_simulated=True).values_list("pk", "joined_at"))
    brought = list(Event.objects.exclude(member=None).exclude(visitor=None).filter(origin="import"))
    assert brought
    assert all(event.occurred_at < joined[event.member_id] for event in brought)
    moved = {event.visitor for event in brought}
    assert not LessonProgress.objects.filter(visitor__in=moved).exists()


def test_searches_say_how_much_was_found_and_lead_on_to_a_course():
    services.seed(members=250, history_days=6)
    made = list(Event.objects.filter(name="search.made"))
    assert {bool(event.properties["found"]) for event in made} == {True, False}
    found = {
        (event.member_id or event.visitor, event.properties["words"]): event.properties["found"]
        for event in made
    }
    chosen = list(Event.objects.filter(name="search.chosen"))
    assert chosen
    for event in chosen:
        who = event.member_id or event.visitor
        assert 1 <= event.properties["position"] <= found[who, event.properties["words"]]
        viewed = Event.objects.filter(
            name="course.viewed", member_id=event.member_id, visitor=event.visitor,
            occurred_at__gt=event.occurred_at, occurred_at__lte=event.occurred_at + timedelta(seconds=2),
        )  # fmt: skip
        assert viewed.exists()


def test_what_is_chosen_from_a_shelf_was_shown_on_it_at_its_place():
    services.seed(members=250, history_days=6)
    shown = {
        event.properties["slate"]: event.properties["courses"]
        for event in Event.objects.filter(name="slate.shown")
    }
    chosen = list(Event.objects.filter(name="slate.chosen"))
    assert chosen
    assert len(shown) == Event.objects.filter(name="slate.shown").count()
    for event in chosen:
        assert shown[event.properties["slate"]][event.properties["position"] - 1] == event.course_id
        assert event.properties["policy"] == "simulated"


def test_a_banned_member_lives_no_more():
    small()
    banned = User.objects.filter(is_simulated=True).exclude(banned_at=None)
    everybody = {figure.member_id for figure in town(day=clock.business_day()).figures}
    assert banned.exists()
    assert not set(banned.values_list("pk", flat=True)) & everybody


def is_lent(event):
    """Did something open the lesson at that moment?"""
    member = User.objects.filter(pk=event.member_id).first()
    right = right_to_lesson(
        event.member_id, event.visitor, Lesson.objects.get(pk=event.lesson_id), now=event.occurred_at
    )
    return right is not None and (member is None or right.why != "owned")


def test_no_member_acts_before_joining_or_reads_what_is_closed():
    small()
    joined = dict(User.objects.values_list("pk", "joined_at"))
    simulated = Event.objects.filter(origin="import")
    for event in simulated.filter(visitor=None).iterator():
        assert event.occurred_at >= joined[event.member_id]
    owned = owned_pairs(joined)
    free = set(Course.objects.filter(lessons__is_free=True).values_list("lessons__pk", flat=True))
    for event in simulated.filter(name="lesson.opened"):
        assert event.lesson_id in free or (event.member_id, event.course_id) in owned or is_lent(event)
    prices = dict(Course.objects.values_list("pk", "price_fen"))
    by_staff = set(AuditEntry.objects.filter(act="course.granted").values_list("subject_id", flat=True))
    taken = Enrolment.objects.filter(user__is_simulated=True).values_list("user_id", "course_id", "source")
    assert taken
    assert all(
        source == "free" if prices[course] == 0 else source == "granted" and str(who) in by_staff
        for who, course, source in taken
    )


def test_a_seeding_resumed_days_later_leaves_no_hole(monkeypatch):
    break_off_at(monkeypatch, 4, small)
    later = clock.now() + timedelta(days=3)
    monkeypatch.setattr(clock, "now", lambda: later)
    small()
    services.advance()
    days = set(Event.objects.filter(origin="import").values_list("day", flat=True))
    first, last = min(days), clock.business_day(later)
    assert {first + timedelta(days=n) for n in range((last - first).days)} <= days


@pytest.mark.django_db(transaction=True)
def test_two_who_catch_up_at_once_write_each_moment_once(monkeypatch):
    small()
    before = len(lives())
    later = clock.now() + timedelta(days=3)
    monkeypatch.setattr(clock, "now", lambda: later)

    def catch_up(_):
        try:
            return services.advance()
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        written = list(pool.map(catch_up, range(3)))
    assert sum(written) == len(lives()) - before > 0
    assert Seeding.objects.get().lived_until == later
    emails = list(User.objects.filter(is_simulated=True).values_list("email", flat=True))
    assert len(emails) == len(set(emails))


def test_members_take_one_edition_of_a_course_and_some_the_english_one():
    services.seed(members=120, history_days=6)
    opened = Event.objects.filter(name="course.viewed", member__is_simulated=True)
    slugs = dict(Course.objects.values_list("pk", "slug"))
    seen = {(member, slugs[course]) for member, course in opened.values_list("member_id", "course_id")}
    english = {(member, slug.removesuffix("-en")) for member, slug in seen if slug.endswith("-en")}
    assert english
    assert not english & seen
    told = Event.objects.filter(lesson_id__isnull=False).values_list("course_id", "lesson_id")
    course_of = dict(Lesson.objects.values_list("pk", "course_id"))
    assert all(course_of[lesson] == course for course, lesson in told)


def test_who_joined_before_an_edition_came_out_stays_with_the_original():
    out = clock.now()
    books = Editions({1: 2}, {10: 20}, {1: out}, {2: 1}, {20: 10})
    week = timedelta(days=7)
    early, late = (Figure(0, 5, "a@test.example", at) for at in (out - week, out + week))
    assert books.read_by(early, out + 2 * week, 1) == 1
    assert books.read_by(late, out + 2 * week, 1) == 2
    assert books.read_by(Figure(0), out - week, 1) == 1
    assert books.read_by(Figure(0), out + week, 1) == 2
    assert books.read_by(Figure(1), out + week, 1) == 1


def test_who_consents_to_nothing_goes_on_where_they_were_when_a_day_is_lived_again():
    small()
    day = clock.business_day() - timedelta(days=3)
    before = standing(town(day=day, size=60))
    # As of people whose reading isn't told; some of them read on since.
    Event.objects.filter(name="lesson.progressed").delete()
    assert Halfway.objects.filter(day__gte=day, percent__gt=0).exists()
    assert standing(town(day=day, size=60)) == before


def test_people_choose_about_consent_and_what_they_refuse_is_only_counted(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        services.seed(members=120, history_days=6)
    simulated = User.objects.filter(is_simulated=True)
    members, _ = granted_to_many(member_ids=simulated.values_list("pk", flat=True))
    assert len(members) == simulated.count()
    refuse = [pk for pk, granted in members.items() if granted == NOTHING]
    assert 0 < len(refuse) < 30
    theirs = Event.objects.filter(member_id__in=refuse)
    assert {name for (name,) in theirs.values_list("name").distinct()} <= {
        name for name, kind in KINDS.items() if kind.is_necessary
    }
    assert ConsentCount.objects.filter(name="course.viewed").exists()
    assert not Event.objects.filter(name="course.viewed", purposes=0).exists()


def test_dirt_comes_through_the_real_door_and_ends_in_quarantine():
    small()
    reasons = set(QuarantineCount.objects.values_list("reason", flat=True))
    assert {"robot", "unknown_event", "malformed"} <= reasons
    assert Quarantined.objects.filter(is_whole=True, visitor__isnull=False).exists()
    assert Event.objects.filter(origin="browser", name="page.viewed").exists()
    before = sum(QuarantineCount.objects.values_list("n", flat=True))
    services.seed(members=60, history_days=6)
    assert sum(QuarantineCount.objects.values_list("n", flat=True)) == before
