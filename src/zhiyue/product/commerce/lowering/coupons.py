"""Which coupons somebody may use now, for what, and in words why they may not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.models import MemberTag, User
from zhiyue.core.kit.money import yuan
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.models import Coupon, CouponHolder, CouponUse, Order
from zhiyue.product.commerce.offers import Offer
from zhiyue.product.commerce.pricing import CouponTerms

Words = str | Promise
CouponStanding = Literal["usable", "coming", "used", "over"]

NOT_YOURS = pgettext_lazy("coupon", "You have no such coupon.")
USED_UP = pgettext_lazy("coupon", "This coupon is used up: everybody together used it as often as it may be.")
USED_BY_YOU = pgettext_lazy("coupon", "You used this coupon as often as one person may.")
NOT_FOR_THIS = pgettext_lazy("coupon", "This coupon isn't for what you are buying.")
ALONE = pgettext_lazy("coupon", "This coupon can't be used together with others: choose it alone.")
PAUSED = pgettext_lazy("coupon", "The academy has paused this coupon.")
OVER = pgettext_lazy("coupon", "The time of this coupon is over.")
NOT_BEGUN = pgettext_lazy("coupon", "The time of this coupon hasn't begun yet.")
BELOW = pgettext_lazy("coupon", "This coupon needs a price of %(price)s at least.")


@dataclass(frozen=True, slots=True)
class Held:
    """A coupon that somebody may use, once nothing speaks against it: `used` times it was by all, where that is
    bounded, and `mine` times by them."""

    coupon: Coupon
    used: int
    mine: int

    def why_not(self, moment: datetime) -> Words:
        """Why it can't be used for anything now; "" where it can."""
        if why := not_standing(self.coupon, moment):
            return why
        if self.coupon.most_each is not None and self.mine >= self.coupon.most_each:
            return USED_BY_YOU
        return USED_UP if self.is_used_up else ""

    def standing(self, moment: datetime) -> CouponStanding:
        """How it stands for whoever has it."""
        if self.coupon.most_each is not None and self.mine >= self.coupon.most_each:
            return "used"
        if self.coupon.paused_at is None and self.coupon.begins_at > moment:
            return "coming"
        return "over" if self.why_not(moment) else "usable"

    @property
    def left(self) -> int | None:
        """How many more times all together may use it; None where nothing bounds that."""
        most = self.coupon.most_uses
        return None if most is None else max(0, most - self.used)

    @property
    def is_used_up(self) -> bool:
        return self.coupon.most_uses is not None and self.used >= self.coupon.most_uses


def not_standing(coupon: Coupon, moment: datetime) -> Words:
    """Why a coupon holds for nobody now; "" where it does."""
    if coupon.ends_at is not None and coupon.ends_at <= moment:
        return OVER
    if coupon.paused_at is not None:
        return PAUSED
    return NOT_BEGUN if coupon.begins_at > moment else ""


def held_by(
    user: User | None, *, moment: datetime, offer: str = "", marks: Iterable[str] | None = None
) -> list[Held]:
    """The coupons that are for somebody (None: a visitor) and stand now; `marks` adds those, standing or not. Their own
    order of `offer` that waits doesn't count as a use: ordering that again takes its place."""
    rows = Coupon.objects.filter(_is_for(user, offer))
    rows = rows.standing(moment) if marks is None else rows.filter(_stands(moment) | Q(mark__in=list(marks)))
    return counted(rows, user, offer)


def for_newcomers(offer: Offer, *, moment: datetime) -> list[Coupon]:
    """The coupons that stand now with which whoever signs up today pays less for an offer: those for everybody, and for
    members who never paid anything."""
    audiences = Coupon.Audience
    rows = Coupon.objects.standing(moment).filter(audience__in=(audiences.EVERYBODY, audiences.NEWCOMERS))
    found = [one.coupon for one in counted(rows, None) if not one.why_not(moment)]
    fits = fitting(found, offer)
    return [coupon for coupon in found if coupon.pk in fits]


def everything_of(user: User) -> list[Held]:
    """Every coupon that a member has, and those they used, whatever became of them; the newest first."""
    used = CouponUse.objects.filter(coupon=OuterRef("pk"), order__user=user, returned_at=None)
    rows = Coupon.objects.filter(_is_for(user) | Q(Exists(used)))
    return sorted(counted(rows, user), key=lambda one: (-one.coupon.begins_at.timestamp(), -one.coupon.pk))


def counted(rows: QuerySet[Coupon], user: User | None, offer: str = "") -> list[Held]:
    """Coupons with how often they are used: by all only where that is bounded, for it may be many."""
    uses = CouponUse.objects.filter(coupon=OuterRef("pk"), returned_at=None)
    mine = uses.filter(order__user=user) if user else uses.none()
    if user is not None and offer:
        waiting = Q(order__user=user, order__offer=offer, order__status=Order.Status.CREATED)
        uses, mine = uses.exclude(waiting), mine.exclude(waiting)
    found = rows.annotate(
        used_count=Case(
            When(most_uses__isnull=False, then=_count(uses)), default=Value(0), output_field=IntegerField()
        ),
        mine_count=_count(mine),
    )
    return [Held(row, row.used_count, row.mine_count) for row in found.order_by("pk")]


def terms_of(coupon: Coupon) -> CouponTerms:
    return CouponTerms(
        code=coupon.mark,
        off_fen=coupon.off_fen,
        off_percent=coupon.off_percent,
        most_fen=coupon.most_fen,
        threshold_fen=coupon.threshold_fen,
        is_stackable=coupon.is_stackable,
    )


def below_threshold(coupon: Coupon) -> Words:
    return BELOW % {"price": yuan(coupon.threshold_fen)}


def fitting(coupons: Sequence[Coupon], offer: Offer) -> set[int]:
    """Those of the coupons that are for this offer, by their ids. A topic takes in what lies wholly within it."""
    names = {offer.ref, f"kind:{offer.ref.partition(':')[0]}"}
    if any(name.startswith("topic:") for coupon in coupons for name in coupon.scope):
        topics = Course.objects.filter(pk__in=offer.courses).values_list("topic_id", flat=True)
        if len(within := set(topics)) == 1:
            names.add(f"topic:{within.pop()}")
    return {coupon.pk for coupon in coupons if not coupon.scope or names & set(coupon.scope)}


def _is_for(user: User | None, offer: str = "") -> Q:
    audiences = Coupon.Audience
    found = Q(audience=audiences.EVERYBODY)
    if user is None:
        return found
    paid = Order.objects.filter(user=user, paid_at__isnull=False, total_fen__gt=0)
    # Who has ordered something else as a newcomer is none for this: of several orders that wait one would be the first.
    waiting = CouponUse.objects.filter(
        order__user=user,
        order__status=Order.Status.CREATED,
        coupon__audience=audiences.NEWCOMERS,
        returned_at=None,
    ).exclude(order__offer=offer)
    tagged = MemberTag.objects.filter(user=user, name=OuterRef("tag"))
    held = CouponHolder.objects.filter(coupon=OuterRef("pk"), user=user)
    return (
        found
        | Q(~Exists(paid), ~Exists(waiting), audience=audiences.NEWCOMERS)
        | Q(Exists(tagged), audience=audiences.TAGGED)
        | Q(Exists(held), audience=audiences.CODE)
    )


def _stands(moment: datetime) -> Q:
    return Q(pk__in=Coupon.objects.standing(moment).values("pk"))


def _count(uses: QuerySet[CouponUse]) -> Coalesce:
    many = uses.order_by().values("coupon").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(many), Value(0), output_field=IntegerField())
