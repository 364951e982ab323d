"""The demo's academy sells what an academy sells, put there by its operator, once."""

import pytest

from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.demo import on_sale, services
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.bundles import shown_bundle
from zhiyue.product.commerce.flash import flash_of
from zhiyue.product.commerce.membership.plans import courses_in, plans_for_sale
from zhiyue.product.commerce.models import (
    Bundle,
    Coupon,
    CourseTerms,
    FlashSale,
    OrderPlan,
    Plan,
    RedeemCode,
    TrialPass,
)
from zhiyue.product.commerce.offers import course_ref, offer_of
from zhiyue.product.commerce.quoting import priced

pytestmark = pytest.mark.django_db


def test_plans_bundles_trials_and_what_lowers_prices_are_there(learner):
    services.seed(members=3, history_days=1)
    month, quarter, year = plans_for_sale()
    assert [one.months for one in (month, quarter, year)] == [1, 3, 12]
    assert (year.off_percent, year.trial_days) == (20, 7)
    assert {topic.slug for topic in quarter.topics.all()} == {"data", "ai"}
    opens = courses_in([month, quarter, year])
    assert opens[month.pk] == opens[year.pk] > opens[quarter.pk] > 0
    for bundle in Bundle.objects.all():
        shown = shown_bundle(None, bundle)
        assert shown.is_whole and offer_of(f"bundle:{bundle.pk}").courses
        assert bundle.price_fen < sum(course.price_fen for course in shown.courses)
    assert set(CourseTerms.objects.filter(trial_days__gt=0).values_list("trial_days", flat=True)) == {3, 7}
    kept_out = CourseTerms.objects.filter(is_in_memberships=False)
    assert set(kept_out.values_list("course__slug", flat=True)) == on_sale.KEPT_OUT
    flash = Course.objects.get(slug=on_sale.FLASH)
    assert priced(learner, offer_of(course_ref(flash.pk)), ()).total_fen == on_sale.FLASH_FEN
    assert RedeemCode.objects.filter(order=None, revoked_at=None).count() == on_sale.CODES
    dear = Course.objects.get(slug="three-statements")
    assert priced(learner, offer_of(course_ref(dear.pk))).total_fen == dear.price_fen - 2_000


def test_every_course_that_is_named_has_a_price_and_only_one_edition_is_bundled():
    services.seed(members=3, history_days=1)
    named = {*on_sale.TRIALS, *on_sale.KEPT_OUT, on_sale.FLASH, on_sale.GIVEN_AWAY}
    bundled = {slug for *_, slugs in on_sale.BUNDLES for slug in slugs}
    assert Course.objects.published().filter(slug__in=named | bundled, price_fen__gt=0).count() == len(
        named | bundled
    )
    assert not Course.objects.filter(edition_of__slug__in=bundled).exists()


def test_put_once_and_what_was_changed_since_stays_changed():
    services.seed(members=3, history_days=1)
    plan = Plan.objects.get(months=1)
    Plan.objects.filter(pk=plan.pk).update(name="月月学", status=Plan.Status.WITHDRAWN)
    before = AuditEntry.objects.count()
    services.seed(members=3, history_days=1)
    assert Plan.objects.count() == 3 and Plan.objects.get(pk=plan.pk).name == "月月学"
    assert (Coupon.objects.count(), FlashSale.objects.count(), Bundle.objects.count()) == (1, 1, 2)
    assert AuditEntry.objects.count() == before


def test_a_demo_that_an_earlier_version_filled_gets_it_too():
    services.seed(members=3, history_days=1)
    OrderPlan.objects.all().delete()
    TrialPass.objects.all().delete()
    Plan.objects.all().delete()
    Bundle.objects.all().delete()
    FlashSale.objects.all().delete()
    services.seed(members=3, history_days=1)
    assert Plan.objects.filter(status=Plan.Status.OFFERED).count() == 3
    course = Course.objects.get(slug=on_sale.FLASH)
    assert flash_of(course_ref(course.pk), moment=clock.now()) is not None
