"""Simulated members can be paused on the desk, by whom it is for, with an entry in the audit log."""

from datetime import timedelta

import pytest
from django.urls import reverse

from tests.factories import make_member
from zhiyue.collect.models import Event
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.demo import selectors, services
from zhiyue.demo.errors import NoDemo, NotInProduction
from zhiyue.demo.living import town
from zhiyue.demo.models import Seeding
from zhiyue.engine.simulate.kinds import Kind
from zhiyue.product.catalogue.models import Lesson
from zhiyue.product.commerce.rights import right_to_lesson
from zhiyue.product.commerce.selectors import owned_pairs

pytestmark = pytest.mark.django_db
PAGE = "/desk/simulation/"


def viewer(user, *roles):
    return Viewer(user=user, visitor=None, roles=frozenset(roles))


@pytest.fixture
def filled(db):
    services.seed(members=60, history_days=3)
    return Seeding.objects.get()


def at(monkeypatch, moment):
    monkeypatch.setattr(clock, "now", lambda: moment)


def test_while_paused_nothing_is_written_and_the_pause_stays_empty(filled, operator, monkeypatch):
    begin = clock.now()
    operating = viewer(operator, "operator")
    services.pause(viewer=operating)
    at(monkeypatch, begin + timedelta(days=2))
    before = Event.objects.filter(origin="import").count()
    assert services.advance() == 0
    assert Event.objects.filter(origin="import").count() == before
    resumed = begin + timedelta(days=2, hours=1)
    at(monkeypatch, resumed)
    services.go_on(viewer=operating)
    assert services.advance() == 0
    at(monkeypatch, resumed + timedelta(days=1))
    assert services.advance() > 0
    assert not Event.objects.filter(origin="import", occurred_at__gt=begin, occurred_at__lte=resumed).exists()
    assert Event.objects.filter(origin="import", occurred_at__gt=resumed).exists()


def test_a_pause_in_the_middle_of_catching_up_ends_it(filled, operator, monkeypatch):
    """Asked under the lock of each day, so that a pause counts from the next day at the latest."""
    at(monkeypatch, clock.now() + timedelta(days=5))
    real, days = services.write, []

    def pauses_after_two(*args, **kwargs):
        days.append(1)
        written = real(*args, **kwargs)
        if len(days) == 2:
            Seeding.objects.update(paused_at=clock.now())
        return written

    monkeypatch.setattr(services, "write", pauses_after_two)
    services.advance()
    assert len(days) == 2


def test_what_was_taken_during_a_pause_does_not_open_after_it(monkeypatch):
    services.seed(members=250, history_days=1)
    state = Seeding.objects.get()
    since = clock.business_day(state.started_at) + timedelta(days=1)
    for ahead in range(1, 30):
        day = clock.business_day(state.started_at) + timedelta(days=ahead)
        lived = town(day=day, size=250, growing_since=since).live(day)
        if second := _taken_and_read_on(lived.acts, lived.shown):
            break
    # As if they had rested until a moment after the course was taken.
    rested = clock.day_start(day) + timedelta(seconds=second + 0.001)
    Seeding.objects.update(lived_until=rested)
    at(monkeypatch, clock.day_start(day) + timedelta(hours=23, minutes=59))
    services.advance()
    free = set(Lesson.objects.filter(is_free=True).values_list("pk", flat=True))
    owned = owned_pairs()
    opened = Event.objects.filter(name__startswith="lesson.", origin="import", occurred_at__gt=rested)
    assert opened.exists()
    for event in opened:
        if event.lesson_id in free or (event.member_id, event.course_id) in owned:
            continue
        # What is lent opens by a row too, and so does what a friend gave.
        lesson = Lesson.objects.get(pk=event.lesson_id)
        assert right_to_lesson(event.member_id, event.visitor, lesson, now=event.occurred_at) is not None


def _taken_and_read_on(acts, shown):
    """The second at which somebody took a course and then opened a lesson of it that isn't free."""
    for taken in (acts.kind == Kind.ENROL).nonzero()[0]:
        after = (acts.person == acts.person[taken]) & (acts.course == acts.course[taken])
        after &= (acts.kind == Kind.OPEN) & (acts.at > acts.at[taken])
        if any(not shown.lesson_is_free[lesson] for lesson in acts.lesson[after]):
            return float(acts.at[taken])
    return 0.0


def test_pausing_twice_is_pausing_once_and_both_acts_are_in_the_audit_log(filled, operator):
    operating = viewer(operator, "operator")
    services.pause(viewer=operating)
    since = Seeding.objects.get().paused_at
    services.pause(viewer=operating)
    assert Seeding.objects.get().paused_at == since
    services.go_on(viewer=operating)
    services.go_on(viewer=operating)
    acts = AuditEntry.objects.filter(act__startswith="simulation.").order_by("pk")
    assert [(entry.act, entry.by_id) for entry in acts] == [
        ("simulation.paused", operator.pk),
        ("simulation.resumed", operator.pk),
    ]


@pytest.mark.parametrize("roles", [(), ("creator",), ("agent",)])
def test_others_may_neither_look_nor_pause(filled, roles):
    stranger = viewer(make_member("stranger@test.example"), *roles)
    for act in (selectors.simulation, services.pause, services.go_on):
        with pytest.raises(NotAllowed):
            act(viewer=stranger)
    assert Seeding.objects.get().paused_at is None
    assert not AuditEntry.objects.filter(act__startswith="simulation.").exists()


def test_without_a_demo_there_is_nothing_to_pause(operator):
    operating = viewer(operator, "operator")
    assert selectors.simulation(viewer=operating) is None
    for act in (services.pause, services.go_on):
        with pytest.raises(NoDemo):
            act(viewer=operating)


def test_in_production_there_is_no_such_page(filled, operator, signed_in, settings):
    settings.ZHIYUE_ENVIRONMENT = "production"
    operating = viewer(operator, "operator")
    for act in (selectors.simulation, services.pause, services.go_on):
        with pytest.raises(NotInProduction):
            act(viewer=operating)
    assert signed_in(operator).get(PAGE).status_code == 404
    assert signed_in(operator).post(reverse("desk:simulation_pause")).status_code == 404
    assert Seeding.objects.get().paused_at is None


def test_the_page_says_how_they_live_and_pauses_them(filled, operator, signed_in, django_assert_num_queries):
    client = signed_in(operator)
    client.get(PAGE)
    with django_assert_num_queries(6):
        page = client.get(PAGE).content.decode()
    today = Event.objects.filter(day=clock.business_day(), origin="import").count()
    assert f'<dd class="measure-value">{today}</dd>' in page
    # One of the sixty is banned.
    assert '<dd class="measure-value">59</dd>' in page
    assert "他们每分钟都在继续活动" in page
    answer = client.post(reverse("desk:simulation_pause"), follow=True).content.decode()
    assert "模拟学员已暂停。" in answer
    assert "暂停期间留空" in answer
    answer = client.post(reverse("desk:simulation_go_on"), follow=True).content.decode()
    assert "从现在起继续活动" in answer
    assert Seeding.objects.get().paused_at is None


def test_while_it_fills_the_page_says_how_far_it_is(operator, signed_in):
    Seeding.objects.create(started_at=clock.now(), done=40, total=187)
    assert "已完成 40 / 187 步" in signed_in(operator).get(PAGE).content.decode()


def test_the_navigation_leads_there_in_a_demo_only(operator, signed_in, settings):
    client = signed_in(operator)
    settings.ZHIYUE_DEMO = False
    assert PAGE not in client.get("/desk/jobs/").content.decode()
    settings.ZHIYUE_DEMO = True
    assert PAGE in client.get("/desk/jobs/").content.decode()
    settings.ZHIYUE_ENVIRONMENT = "production"
    assert PAGE not in client.get("/desk/jobs/").content.decode()
