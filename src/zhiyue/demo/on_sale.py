"""What the demo's academy has on sale besides its courses, as its operator put it there: each by its service, so that
the audit log tells of it. Put once; what somebody changes of it later stays changed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from django.db import transaction

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.kit import clock
from zhiyue.demo.staff_acts import operator
from zhiyue.product.catalogue.models import Course, Topic
from zhiyue.product.commerce.bundles import BundleWish, make_bundle, offer_bundle
from zhiyue.product.commerce.lending.terms import WishedTerms, set_terms
from zhiyue.product.commerce.lowering.couponing import CouponWish, make_coupon
from zhiyue.product.commerce.lowering.flashing import FlashWish, make_sale
from zhiyue.product.commerce.membership.plans import PlanWish, make_plan, offer_plan
from zhiyue.product.commerce.models import Bundle, Coupon, Plan
from zhiyue.product.commerce.offers import course_ref
from zhiyue.product.commerce.redeeming import make_batch

# By the addresses of topics; without any a plan opens everything.
PLANS: Sequence[tuple[PlanWish, Sequence[str]]] = (
    (PlanWish("全站月卡", "一个月里，站内收费课随便学。想先看看合不合适，从这里开始。", 1, 5_900), ()),
    (PlanWish("数据与 AI 季卡", "数据分析和人工智能两个主题，学满一季。", 3, 12_900), ("data", "ai")),
    (
        PlanWish(
            "全站年卡",
            "全年不限课，折合每月不到 42 元；不在会员里的课和课程组合再打 8 折。先试 7 天，到期自己停。",
            12,
            49_800,
            trial_days=7,
            off_percent=20,
        ),
        (),
    ),
)
# Courses without another edition: who reads in English would look for theirs in vain.
BUNDLES: Sequence[tuple[str, str, str, int, Sequence[str]]] = (
    (
        "data-analyst-kit",
        "数据分析上手三件套",
        "会取数、会分析、会算账：先用 SQL 把数拿出来，再用 Python 看出名堂，最后说清一个产品靠什么增长。"
        "三门课接着学，大约两个月。",
        29_900,
        ("sql-for-analysts", "python-data-analysis", "growth-ledger"),
    ),
    (
        "speak-and-write",
        "职场表达三部曲",
        "写得清楚、讲得明白、谈得下来。从一封邮件、一次分享到一张谈判桌，工作里要开口的地方，这三门课一次讲透。",
        31_800,
        ("writing-at-work", "speak-in-public", "negotiation-homework"),
    ),
)
TRIALS: Mapping[str, int] = {
    "python-data-analysis": 7,
    "deep-learning-by-hand": 7,
    "three-statements": 7,
    "system-design-basics": 7,
    "user-interviews": 3,
    "user-interviews-en": 3,
    "speak-in-public": 3,
    "index-fund-investing": 3,
    "watercolor-first-steps": 3,
}
# New, or of a kind that takes a teacher's time: sold by themselves.
KEPT_OUT = frozenset({"ab-testing-in-practice", "system-design-basics"})
NEWCOMERS = CouponWish(
    "新学员见面礼", Coupon.Audience.NEWCOMERS, off_fen=2_000, threshold_fen=9_900, scope=("kind:course",)
)
COUPON_BEGAN_DAYS_AGO = 45
FLASH, FLASH_FEN, FLASH_STOCK = "python-data-analysis", 8_900, 60
FLASH_BEGAN_DAYS_AGO, FLASH_DAYS = 2, 7
GIVEN_AWAY, CODES = "seeing-light", 20


@transaction.atomic
def put_on_sale() -> None:
    """Put it all on sale, unless something was before."""
    if Plan.objects.exists() or Bundle.objects.exists():
        return
    by, moment = operator(), clock.now()
    courses = dict(Course.objects.values_list("slug", "pk"))
    _put_plans(by)
    for slug, title, summary, price_fen, inside in BUNDLES:
        wish = BundleWish(title, slug, summary, price_fen, [courses[one] for one in inside])
        offer_bundle(viewer=by, bundle_id=make_bundle(viewer=by, wish=wish).pk)
    wishes = {
        courses[slug]: WishedTerms(TRIALS.get(slug, 0), slug not in KEPT_OUT)
        for slug in sorted({*TRIALS, *KEPT_OUT})
    }
    set_terms(viewer=by, wishes=wishes)
    began = moment - timedelta(days=COUPON_BEGAN_DAYS_AGO)
    make_coupon(viewer=by, wish=replace(NEWCOMERS, begins_at=began))
    begins = moment - timedelta(days=FLASH_BEGAN_DAYS_AGO)
    ends = begins + timedelta(days=FLASH_DAYS)
    make_sale(viewer=by, wish=FlashWish(course_ref(courses[FLASH]), FLASH_FEN, ends, begins, FLASH_STOCK))
    make_batch(
        viewer=by,
        title="读者见面会赠课",
        offer=course_ref(courses[GIVEN_AWAY]),
        count=CODES,
        ends_at=moment + timedelta(days=90),
    )


def _put_plans(by: Viewer) -> None:
    topics = dict(Topic.objects.values_list("slug", "pk"))
    for wish, slugs in PLANS:
        plan = make_plan(viewer=by, wish=replace(wish, topic_ids=[topics[slug] for slug in slugs]))
        offer_plan(viewer=by, plan_id=plan.pk)
