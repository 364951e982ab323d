"""Entering a code: what gives a coupon to a member, once, and says in words why it can't. How often somebody may try is
bounded above: `experience.shell.code_tries`."""

from django.db import transaction
from django.utils.translation import pgettext_lazy

from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.academy.selectors import require_accepted
from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import CouponRefused, OtherKindOfCode, UnknownCode
from zhiyue.product.commerce.lowering.coupons import USED_UP, counted, not_standing
from zhiyue.product.commerce.models import Coupon, CouponCode, CouponHolder, RedeemCode
from zhiyue.product.commerce.numbers import tidy_code

NO_SUCH_CODE = pgettext_lazy(
    "coupon", "There is no such code. Look at each letter: 0, 1, I and O are in none."
)
ENTERED_BEFORE = pgettext_lazy("coupon", "This code was entered before, and counts once.")
_YOURS = pgettext_lazy("coupon", "You have this coupon already; the code is still there for somebody else.")


@transaction.atomic
def claim(*, user: User, code: str, actor: Actor) -> Coupon:
    """The coupon of a code becomes the member's; theirs by this code already, it stays so.

    Raises AgreementsPending, UnknownCode (also where it was revoked), OtherKindOfCode, CouponRefused.
    """
    require_accepted(user)
    found = CouponCode.objects.select_for_update(of=("self",)).select_related("coupon")
    row = found.filter(text=tidy_code(code), revoked_at=None).first()
    if row is None:
        if RedeemCode.objects.filter(text=tidy_code(code), revoked_at=None).exists():
            words = pgettext_lazy("coupon", "This is a redeem code: it lowers no price, it opens something.")
            raise OtherKindOfCode(words, "redeem")
        raise UnknownCode(NO_SUCH_CODE)
    held = CouponHolder.objects.filter(coupon=row.coupon, user=user).first()
    if held is not None and (row.is_shared or held.code_id == row.pk):
        return row.coupon
    if row.claimed_at is not None:
        raise CouponRefused(ENTERED_BEFORE)
    if held is not None:
        raise CouponRefused(_YOURS)
    now = clock.now()
    if why := not_standing(row.coupon, now):
        raise CouponRefused(why)
    if counted(Coupon.objects.filter(pk=row.coupon_id), user)[0].is_used_up:
        raise CouponRefused(USED_UP)
    if not row.is_shared:
        row.claimed_at = now
        row.save(update_fields=["claimed_at"])
    _, is_new = CouponHolder.objects.get_or_create(coupon=row.coupon, user=user, defaults={"code": row})
    if is_new:
        record("coupon.claimed", actor=actor, coupon=row.coupon_id)
    return row.coupon
