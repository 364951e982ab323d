"""Bundles: one price for several courses, less what somebody owns of them."""

import pytest

from tests.factories import lesson_of, make_bundle, make_course
from tests.product.commerce.coupon_makers import flash
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.audit.models import AuditEntry
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.bundles import (
    BundleWish,
    all_bundles,
    bundles_with,
    change_bundle,
    offer_bundle,
    shown_bundle,
)
from zhiyue.product.commerce.bundles import (
    make_bundle as made,
)
from zhiyue.product.commerce.checkout import checkout_of
from zhiyue.product.commerce.errors import AlreadyOwned, BadTerm, NotForSale
from zhiyue.product.commerce.models import Bundle, Order
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.payments import begin, receive
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.selectors import enrolled_course_ids, may_open
from zhiyue.product.commerce.services import grant_course

pytestmark = pytest.mark.django_db


@pytest.fixture
def courses(db):
    return [make_course(name, price_fen=fen) for name, fen in (("a", 10_000), ("b", 20_000), ("c", 3_000))]


@pytest.fixture
def bundle(courses):
    return make_bundle(courses, price_fen=20_000)


def ordered(user, bundle, seen_fen):
    actor = Actor(member_id=user.pk)
    return place(user=user, offer=f"bundle:{bundle.pk}", seen_fen=seen_fen, actor=actor)


def paid(user, bundle, seen_fen):
    order = ordered(user, bundle, seen_fen)
    ways = {"provider": "sandbox", "channel": "page", "returns_to": "/", "notify_at": "/"}
    receive("sandbox", sandbox.press(begin(user=user, order_number=order.number, **ways).number, "pay"))
    return order


def test_its_price_is_shared_by_the_courses_prices(learner, courses, bundle):
    order = paid(learner, bundle, 20_000)

    # 10, 20 and 3 of 33 parts of 20,000; the fen left over goes to the first.
    shares = dict(order.courses.values_list("course_id", "total_fen"))
    assert [shares[one.pk] for one in courses] == [6_061, 12_121, 1_818]
    assert sum(shares.values()) == 20_000
    assert enrolled_course_ids(learner.pk) == {one.pk for one in courses}
    assert all(may_open(learner, lesson_of(one, "two")).why == "enrolled" for one in courses)


def test_what_somebody_owns_of_it_comes_off_by_its_share(learner, courses, bundle):
    grant_course(user=learner, course=courses[1])
    shown = shown_bundle(learner, bundle)
    assert shown.owned_fen == 12_121

    order = paid(learner, bundle, 7_879)

    assert order.lines == [
        {"kind": "price", "amount_fen": 20_000, "code": ""},
        {"kind": "credit", "amount_fen": -12_121, "code": "", "courses": {str(courses[1].pk): 12_121}},
    ]
    assert dict(order.courses.values_list("course_id", "total_fen")) == {
        courses[0].pk: 6_061,
        courses[2].pk: 1_818,
    }


def test_what_is_missing_costs_its_share_of_a_flash_price(learner, operator, courses, bundle):
    flash(operator, f"bundle:{bundle.pk}", 10_000)
    grant_course(user=learner, course=courses[1])

    # 12,121 of 20,000 parts of the flash price, rounded down, come off.
    order = paid(learner, bundle, 3_940)

    assert [(line["kind"], line["amount_fen"]) for line in order.lines] == [
        ("price", 20_000),
        ("flash", -10_000),
        ("credit", -6_060),
    ]


def test_a_course_swapped_at_the_same_price_is_ordered_anew(learner, operator, courses, bundle):
    first = ordered(learner, bundle, 20_000)
    assert ordered(learner, bundle, 20_000) == first
    other = make_course("d", price_fen=3_000)
    changed = wish([*courses[:2], other], title=bundle.title, slug=bundle.slug)
    change_bundle(viewer=viewer(operator, "operator"), bundle_id=bundle.pk, wish=changed)

    second = ordered(learner, bundle, 20_000)

    first.refresh_from_db()
    assert (first.status, second.status) == ("expired", "created")
    assert set(second.courses.values_list("course_id", flat=True)) == {
        courses[0].pk,
        courses[1].pk,
        other.pk,
    }


def test_who_owns_all_of_it_pays_nothing_and_who_owns_a_part_still_may(learner, stranger, courses, bundle):
    for one in courses:
        grant_course(user=learner, course=one)
    grant_course(user=stranger, course=courses[0])

    with pytest.raises(AlreadyOwned):
        ordered(learner, bundle, 0)
    assert checkout_of(learner, f"bundle:{bundle.pk}").is_owned
    assert not checkout_of(stranger, f"bundle:{bundle.pk}").is_owned
    assert not Order.objects.exists()


def test_what_was_bought_stays_whatever_becomes_of_the_bundle(learner, courses, bundle):
    paid(learner, bundle, 20_000)
    bundle.parts.all().delete()
    bundle.status = "withdrawn"
    bundle.save()

    assert enrolled_course_ids(learner.pk) == {one.pk for one in courses}


@pytest.mark.parametrize("status", ["draft", "withdrawn"])
def test_what_isnt_offered_cant_be_ordered(learner, bundle, status):
    bundle.status = status
    bundle.save()

    with pytest.raises(NotForSale):
        ordered(learner, bundle, 20_000)


def test_a_bundle_of_which_a_course_isnt_out_isnt_sold(learner, courses, bundle):
    assert bundles_with(courses[1]) == [bundle]
    Course.objects.filter(pk=courses[0].pk).update(status="withdrawn")

    with pytest.raises(NotForSale):
        ordered(learner, bundle, 20_000)
    assert bundles_with(courses[1]) == []


def viewer(user, *roles):
    return Viewer(user=user, visitor=None, roles=frozenset(roles))


def wish(courses, **changed):
    known = {"title": "统计入门", "slug": "first-steps", "summary": "", "price_fen": 20_000}
    return BundleWish(**{**known, "course_ids": [one.pk for one in courses], **changed})


def test_staff_make_change_and_offer_bundles(operator, courses):
    by = viewer(operator, "operator")
    bundle = made(viewer=by, wish=wish(courses[:2]))
    assert change_bundle(viewer=by, bundle_id=bundle.pk, wish=wish(courses, price_fen=25_000))
    assert not change_bundle(viewer=by, bundle_id=bundle.pk, wish=wish(courses, price_fen=25_000))
    assert offer_bundle(viewer=by, bundle_id=bundle.pk)

    [one] = all_bundles(by)
    assert (one.bundle.status, one.courses, one.apart_fen) == ("offered", courses, 33_000)
    acts = list(AuditEntry.objects.order_by("pk").values_list("act", "after"))
    assert acts[1] == (
        "bundle.changed",
        {"courses": [course.pk for course in courses], "price_fen": 25_000},
    )


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": ""}, "title"),
        ({"slug": "Zwei Kurse"}, "slug"),
        ({"price_fen": 33_000}, "price"),
        ({"price_fen": 0}, "price"),
        ({"course_ids": [0]}, "courses"),
        ({"summary": "长" * 301}, "summary"),
    ],
)
def test_what_doesnt_fit_is_refused_with_its_field(operator, courses, changed, field):
    with pytest.raises(BadTerm) as refusal:
        made(viewer=viewer(operator, "operator"), wish=wish(courses, **changed))

    assert refusal.value.field == field
    assert not Bundle.objects.exists()
    assert not AuditEntry.objects.exists()


def test_an_address_is_taken_once_and_one_course_is_no_bundle(operator, courses):
    by = viewer(operator, "operator")
    made(viewer=by, wish=wish(courses))

    for again, field in ((wish(courses), "slug"), (wish(courses[:1], slug="one", price_fen=1), "courses")):
        with pytest.raises(BadTerm) as refusal:
            made(viewer=by, wish=again)
        assert refusal.value.field == field
    assert Bundle.objects.count() == 1


def test_nobody_but_who_sells_makes_bundles(agent, courses):
    by = viewer(agent, "agent")
    bundle = make_bundle(courses, status="draft")

    for act in (
        lambda: all_bundles(by),
        lambda: made(viewer=by, wish=wish(courses)),
        lambda: change_bundle(viewer=by, bundle_id=bundle.pk, wish=wish(courses)),
        lambda: offer_bundle(viewer=by, bundle_id=bundle.pk),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert not AuditEntry.objects.exists()
