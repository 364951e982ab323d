"""What was opened for money: noted once, at the moment it is asked, and never beside a refund."""

import pytest

from tests.factories import lesson_of, make_course, make_plan, make_visitor
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.core.kit import clock
from zhiyue.product.commerce.consumption import open_for
from zhiyue.product.commerce.lending.gifts import make_gift, open_gift
from zhiyue.product.commerce.models import LessonGift, LessonOpening, Order, OrderCourse
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.payments import begin, receive
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.refunds.reckoning import refund_of
from zhiyue.product.commerce.selectors import may_open
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning.errors import LessonClosed
from zhiyue.product.learning.models import LessonProgress
from zhiyue.product.learning.services import finish_lesson, open_lesson

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_900)


def bought(user, course):
    actor = Actor(member_id=user.pk)
    order = place(user=user, offer=f"course:{course.pk}", seen_fen=course.price_fen, actor=actor)
    ways = {"provider": "sandbox", "channel": "page", "returns_to": "/", "notify_at": "/"}
    receive("sandbox", sandbox.press(begin(user=user, order_number=order.number, **ways).number, "pay"))
    return order


def read(user, course, *slugs):
    for slug in slugs:
        open_lesson(user=user, actor=Actor(member_id=user.pk), lesson=lesson_of(course, slug))


def test_the_first_paid_opening_of_a_lesson_is_noted_once(learner, course, django_assert_num_queries):
    order = bought(learner, course)
    part = order.courses.get()
    read(learner, course, "one", "two", "two")
    finish_lesson(user=learner, actor=Actor(member_id=learner.pk), lesson=lesson_of(course, "three"))

    assert list(LessonOpening.objects.values_list("part", "lesson__slug")) == [(part.pk, "two")]
    lesson = lesson_of(course, "two")
    with django_assert_num_queries(1):
        assert may_open(learner, lesson).first_of is None
    assert may_open(learner, lesson_of(course, "three")).first_of == part.pk


def test_who_was_given_a_course_opens_nothing_for_money(learner, course):
    bought(learner, course)
    grant_course(user=learner, course=course)
    read(learner, course, "two")

    assert not LessonOpening.objects.exists()


def test_a_preview_or_a_closed_lesson_is_no_opening(learner, course, client):
    client.force_login(learner)
    assert client.get("/courses/stats/two/").status_code == 403
    assert client.get("/courses/stats/one/").status_code == 200

    assert not LessonOpening.objects.exists()


def test_a_lesson_read_by_page_or_api_is_opened(learner, course, client):
    bought(learner, course)
    client.force_login(learner)
    client.get("/courses/stats/two/")
    client.get("/api/v1/courses/stats/lessons/three")

    assert list(LessonOpening.objects.order_by("pk").values_list("lesson__slug", flat=True)) == [
        "two",
        "three",
    ]


def test_a_mere_head_opens_nothing(learner, course, client):
    bought(learner, course)
    client.force_login(learner)
    Event.objects.all().delete()

    for address in ("/courses/stats/two/", "/courses/stats/one/", "/api/v1/courses/stats/lessons/two"):
        assert client.head(address).status_code == 200
        assert client.head(address).content == b""
    assert not LessonOpening.objects.exists() and not LessonProgress.objects.exists()
    assert not Event.objects.exists()
    client.get("/courses/stats/two/")
    assert LessonOpening.objects.count() == 1
    assert list(Event.objects.values_list("name", flat=True)) == ["lesson.started", "lesson.opened"]


def test_a_mere_head_of_a_closed_lesson_says_what_opening_it_would(learner, course, client):
    client.force_login(learner)
    addresses = ("/courses/stats/two/", "/api/v1/courses/stats/lessons/two")
    assert [client.head(one).status_code for one in addresses] == [
        client.get(one).status_code for one in addresses
    ]


@pytest.mark.parametrize(
    "told",
    [
        {"sec-purpose": "prefetch"},
        {"sec-purpose": "prefetch;prerender"},
        {"purpose": "prefetch"},
        {"x-purpose": "preview"},
        {"x-moz": "prefetch"},
    ],
)
def test_what_is_fetched_just_in_case_is_refused_and_opens_nothing(learner, course, client, told):
    """Given without a note it would be given for nothing: it could be read, and its money asked back."""
    bought(learner, course)
    client.force_login(learner)
    Event.objects.all().delete()

    for slug in ("one", "two"):
        answer = client.get(f"/courses/stats/{slug}/", headers=told)
        assert (answer.status_code, answer.content, answer["Cache-Control"]) == (503, b"", "no-store")
    assert not LessonOpening.objects.exists() and not Event.objects.exists()
    # Whoever goes there then asks again.
    assert client.get("/courses/stats/two/", headers={"sec-purpose": ""}).status_code == 200
    assert LessonOpening.objects.count() == 1


@pytest.mark.parametrize("told", [{"sec-purpose": "prefetch;prerender"}, {"purpose": "prefetch"}])
def test_the_api_gives_nothing_just_in_case(learner, course, client, told):
    bought(learner, course)
    client.force_login(learner)

    for slug in ("one", "two"):
        answer = client.get(f"/api/v1/courses/stats/lessons/{slug}", headers=told)
        assert (answer.status_code, answer.json()["code"]) == (503, "just_in_case")
        assert "no-store" in answer["Cache-Control"]
    assert not LessonOpening.objects.exists()


@pytest.mark.parametrize("condition", [{"if-none-match": "*"}, {"if-match": '"another"'}])
def test_an_answer_of_the_api_without_the_text_opens_nothing(learner, course, client, condition):
    bought(learner, course)
    client.force_login(learner)
    address = "/api/v1/courses/stats/lessons/two"

    answer = client.get(address, headers=condition)
    assert (answer.status_code, answer.content) in {(304, b""), (412, b"")}
    assert not LessonOpening.objects.exists()

    answer = client.get(address, headers={"if-none-match": '"another"'})
    assert (answer.status_code, answer.json()["access"]) == (200, "enrolled")
    assert LessonOpening.objects.count() == 1
    # Who has it already gets it no more, and opened it before.
    assert client.get(address, headers={"if-none-match": answer["ETag"]}).status_code == 304


def test_the_api_gives_no_text_where_the_money_goes_back_meanwhile(learner, course, client, monkeypatch):
    order = bought(learner, course)
    client.force_login(learner)

    def asked(*args, **kwargs):
        Order.objects.filter(pk=order.pk).update(status=Order.Status.REFUNDED)
        return open_for(*args, **kwargs)

    monkeypatch.setattr("zhiyue.experience.api.views.catalogue.open_for", asked)
    answer = client.get("/api/v1/courses/stats/lessons/two")
    assert (answer.status_code, answer.json().get("access", "closed")) in {(200, "preview"), (403, "closed")}
    assert not LessonOpening.objects.exists()


def test_only_the_first_opening_asks_the_database_for_more(learner, course, django_assert_num_queries):
    bought(learner, course)
    lesson = lesson_of(course, "two")

    # The right; a transaction around the order, its course and the note.
    with django_assert_num_queries(6):
        open_for(learner, lesson)
    with django_assert_num_queries(1):
        open_for(learner, lesson)


def test_a_course_that_is_given_back_at_this_moment_opens_no_more(learner, course, monkeypatch):
    bought(learner, course)
    lesson = lesson_of(course, "two")
    access = may_open(learner, lesson)
    OrderCourse.objects.update(returned_at=clock.now())
    asked = iter([access])
    # What was true when it was asked isn't any more when it is noted.
    monkeypatch.setattr(
        "zhiyue.product.commerce.consumption.may_open",
        lambda user, lesson, *, visitor: next(asked, None) or may_open(user, lesson, visitor=visitor),
    )

    with pytest.raises(LessonClosed):
        read(learner, course, "two")
    assert not LessonOpening.objects.exists()


def test_what_was_bought_twice_is_opened_by_what_was_bought_first(learner, course):
    first = bought(learner, course)
    OrderCourse.objects.update(returned_at=clock.now())
    second = bought(learner, course)
    OrderCourse.objects.update(returned_at=None)
    read(learner, course, "two", "two")

    assert [one.part.order for one in LessonOpening.objects.all()] == [first]
    OrderCourse.objects.filter(order=first).update(returned_at=clock.now())
    read(learner, course, "two")
    assert [one.part.order for one in LessonOpening.objects.order_by("pk")] == [first, second]


def shown_to(friend, giver, lesson, visitor=None):
    """A friend (None: a visitor) opens a link of the giver's, and the right to the lesson that they get."""
    gift = make_gift(user=giver, lesson=lesson, actor=Actor(member_id=giver.pk))
    actor = Actor(member_id=friend.pk) if friend else Actor(visitor=visitor)
    open_gift(secret=gift.secret, user=friend, visitor=visitor, actor=actor)
    return open_lesson(user=friend, actor=actor, lesson=lesson)


def test_what_friends_read_by_a_link_is_opened_by_who_gave_it(learner, stranger, course):
    """Else a course could be read by links to oneself, and all of its money asked back."""
    order = bought(learner, course)
    part = order.courses.get()
    two, three = lesson_of(course, "two"), lesson_of(course, "three")
    assert shown_to(None, learner, two, make_visitor()).why == "gift"
    assert shown_to(stranger, learner, two).why == "gift"
    assert list(LessonOpening.objects.values_list("part", "lesson__slug")) == [(part.pk, "two")]
    # Reading it themselves opens nothing new, nor does what the giver read before.
    read(learner, course, "two", "three")
    shown_to(stranger, learner, three)

    assert LessonOpening.objects.count() == 2
    [reckoned] = refund_of(learner, order.number).open
    assert (reckoned.bought.opened, reckoned.by_rule_fen) == (2, 19_900 - reckoned_for(2, reckoned))


def reckoned_for(opened, one):
    return -(-19_900 * opened // one.bought.lessons)


def test_looking_at_a_link_opens_nothing(learner, course, client):
    bought(learner, course)
    gift = make_gift(user=learner, lesson=lesson_of(course, "two"), actor=Actor(member_id=learner.pk))
    client.get(f"/gifts/{gift.secret}/")
    open_gift(secret=gift.secret, user=None, visitor=(key := make_visitor()), actor=Actor(visitor=key))
    may_open(None, lesson_of(course, "two"), visitor=key)

    assert not LessonOpening.objects.exists()


def test_what_was_given_to_the_giver_is_opened_for_no_money(learner, stranger, course):
    bought(learner, course)
    grant_course(user=learner, course=course)
    shown_to(stranger, learner, lesson_of(course, "two"))

    assert not LessonOpening.objects.exists()


def test_friends_open_lessons_of_a_membership_once(learner, stranger, course):
    plan = make_plan()
    order = place(
        user=learner, offer=f"plan:{plan.pk}", seen_fen=plan.price_fen, actor=Actor(member_id=learner.pk)
    )
    ways = {"provider": "sandbox", "channel": "page", "returns_to": "/", "notify_at": "/"}
    receive("sandbox", sandbox.press(begin(user=learner, order_number=order.number, **ways).number, "pay"))
    shown_to(stranger, learner, lesson_of(course, "two"))
    shown_to(None, learner, lesson_of(course, "two"), make_visitor())
    read(learner, course, "two")

    assert list(LessonOpening.objects.values_list("plan__order", "lesson__slug")) == [(order.pk, "two")]


def test_no_friend_reads_on_where_the_money_goes_back_meanwhile(learner, stranger, course, monkeypatch):
    order = bought(learner, course)
    lesson = lesson_of(course, "two")
    gift = make_gift(user=learner, lesson=lesson, actor=Actor(member_id=learner.pk))
    open_gift(secret=gift.secret, user=stranger, visitor=None, actor=Actor(member_id=stranger.pk))
    asked = may_open

    def answered(*args, **kwargs):
        found = asked(*args, **kwargs)
        Order.objects.filter(pk=order.pk).update(status=Order.Status.REFUNDED)
        return found

    monkeypatch.setattr("zhiyue.product.commerce.consumption.may_open", answered)
    assert not open_for(stranger, lesson).open
    assert not LessonOpening.objects.exists()


def test_the_giver_reads_that_it_counts(learner, stranger, course, client):
    order = bought(learner, course)
    client.force_login(learner)
    said = "朋友通过你的链接打开的课时也算在内"
    assert said not in client.get(f"/orders/{order.number}/refund/").content.decode()
    shown_to(stranger, learner, lesson_of(course, "two"))

    assert said in client.get(f"/orders/{order.number}/refund/").content.decode()
    gift = LessonGift.objects.get()
    assert "朋友读过后，这节就算你打开过" in client.get(f"/gifts/{gift.secret}/").content.decode()
    client.force_login(stranger)
    assert "朋友读过后，这节就算你打开过" not in client.get(f"/gifts/{gift.secret}/").content.decode()
