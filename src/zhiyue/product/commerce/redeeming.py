"""Redeem codes: entering one, and what staff do with batches of them.

A redeemed code is an order that costs nothing, whose line says why: so the right it opens is one like any other,
derived from the order, and stands in the member's history. How often somebody may try is bounded above:
`experience.shell.code_tries`.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import pgettext_lazy

from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.academy.selectors import require_accepted
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit.selectors import just_noted
from zhiyue.core.audit.services import note
from zhiyue.core.kit import clock
from zhiyue.core.kit.columns import longest, storable
from zhiyue.product.commerce.errors import (
    AlreadyOwned,
    CodeRefused,
    NoSuchBatch,
    NotForSale,
    OtherKindOfCode,
    SaleRefused,
    UnknownCode,
)
from zhiyue.product.commerce.lowering.claiming import ENTERED_BEFORE, NO_SUCH_CODE
from zhiyue.product.commerce.models import CouponCode, Order, RedeemBatch, RedeemCode
from zhiyue.product.commerce.numbers import CODE_LETTERS, by_chance, tidy_code
from zhiyue.product.commerce.offers import offer_of, redeemable_offer, titles_of
from zhiyue.product.commerce.orders import end_waiting, is_owned, placed
from zhiyue.product.commerce.payments import pay_nothing
from zhiyue.product.commerce.pricing import Line, Quote
from zhiyue.product.commerce.quoting import Priced

MOST_CODES = 5000
_AT_ONCE = 500
_YOURS = pgettext_lazy("redeem", "You have this already: the code is still there for somebody else.")


@dataclass(frozen=True, slots=True)
class CountedBatch:
    """A batch and how many of its codes there are, were redeemed, and were revoked."""

    batch: RedeemBatch
    offer_title: str
    codes: int
    redeemed: int
    revoked: int

    @property
    def free(self) -> int:
        return self.codes - self.redeemed - self.revoked


@transaction.atomic
def redeem(*, user: User, code: str, actor: Actor) -> Order:
    """What the code opens becomes the member's, by an order that costs nothing. Redeemed by them already, it is that
    order.

    Raises AgreementsPending, UnknownCode (also where it was revoked), OtherKindOfCode, CodeRefused, NotForSale,
    AlreadyOwned; then the code is as it was.
    """
    require_accepted(user)
    member = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    found = RedeemCode.objects.select_for_update(of=("self",)).select_related("batch")
    row = found.filter(text=tidy_code(code), revoked_at=None).first()
    if row is None:
        if CouponCode.objects.filter(text=tidy_code(code), revoked_at=None).exists():
            words = pgettext_lazy("redeem", "This is a coupon's code: it opens nothing, it lowers a price.")
            raise OtherKindOfCode(words, "coupon")
        raise UnknownCode(NO_SUCH_CODE)
    if row.order_id is not None:
        mine = Order.objects.filter(pk=row.order_id, user=member).first()
        if mine is not None:
            return mine
        raise CodeRefused(ENTERED_BEFORE)
    now = clock.now()
    if row.batch.ends_at is not None and row.batch.ends_at <= now:
        raise CodeRefused(pgettext_lazy("redeem", "The time of this code is over."))
    # What is left of something they paid for stays theirs: nothing comes off what costs nothing.
    offer = replace(redeemable_offer(row.batch.offer, member), credit_fen=0, owned_fen=0)
    if is_owned(member.pk, offer):
        raise AlreadyOwned(_YOURS)
    # What they meant to pay for waits no more.
    end_waiting(member, offer)
    lines = (Line("price", offer.price_fen), Line("redeem", -offer.price_fen))
    order = placed(member, offer, Priced(Quote(lines), (), ()), now, actor)
    row.order, row.redeemed_at = order, now
    row.save(update_fields=["order", "redeemed_at"])
    record(
        "code.redeemed",
        actor=actor,
        course_id=next(iter(offer.courses), None),
        order=order.pk,
        amount_fen=offer.price_fen,
        batch=row.batch_id,
    )
    return pay_nothing(user=member, order_number=order.number)


def all_batches(viewer: Viewer) -> list[CountedBatch]:
    """Every batch, the newest first. Raises NotAllowed."""
    require(viewer, Permission.CHANGE_SALES)
    counted = RedeemBatch.objects.select_related("by").annotate(
        n=Count("codes"),
        redeemed_n=Count("codes", filter=Q(codes__order__isnull=False)),
        revoked_n=Count("codes", filter=Q(codes__revoked_at__isnull=False)),
    )
    rows = list(counted.order_by("-pk"))
    titles = titles_of({row.offer for row in rows})
    return [
        CountedBatch(row, titles.get(row.offer, row.offer), row.n, row.redeemed_n, row.revoked_n)
        for row in rows
    ]


@transaction.atomic
def make_batch(
    *, viewer: Viewer, title: str, offer: str, count: int, ends_at: datetime | None
) -> RedeemBatch:
    """So many codes that open an offer. The same form sent twice makes them once. Raises NotAllowed, SaleRefused."""
    by = require(viewer, Permission.CHANGE_SALES)
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    title = " ".join(storable(title).split())
    _check(title, count, ends_at)
    try:
        found = offer_of(offer)
    except NotForSale as why:
        raise SaleRefused("offer", why.message) from why
    told = {"title": title, "offer": found.ref, "codes": count}
    if ends_at is not None:
        told["ends_at"] = ends_at.isoformat()
    before = just_noted(by=by, act="redeem.made", after=told)
    if before is not None:
        return RedeemBatch.objects.get(pk=int(before.subject_id))
    row = RedeemBatch.objects.create(title=title, offer=found.ref, ends_at=ends_at, by=by)
    RedeemCode.objects.bulk_create(
        [RedeemCode(batch=row, text=by_chance(CODE_LETTERS)) for _ in range(count)], batch_size=_AT_ONCE
    )
    note(by=by, act="redeem.made", subject=("redeem", row.pk, title), after=told)
    return row


@transaction.atomic
def revoke_batch(*, viewer: Viewer, batch_id: int) -> int:
    """No code of a batch that wasn't redeemed yet opens anything any more; how many that were. What was redeemed stays
    open. Raises NotAllowed, NoSuchBatch."""
    by = require(viewer, Permission.CHANGE_SALES)
    row = _batch(batch_id)
    gone = row.codes.filter(order=None, revoked_at=None).update(revoked_at=clock.now())
    if gone:
        note(by=by, act="redeem.revoked", subject=("redeem", row.pk, row.title), after={"codes": gone})
    return gone


@transaction.atomic
def export_batch(*, viewer: Viewer, batch_id: int) -> QuerySet[RedeemCode]:
    """Note that the codes of a batch are taken away, and give them. Raises NotAllowed, NoSuchBatch."""
    by = require(viewer, Permission.CHANGE_SALES)
    row = _batch(batch_id)
    codes = RedeemCode.objects.select_related("batch").filter(batch=row).order_by("pk")
    told = {"codes": codes.count()}
    note(by=by, act="redeem.exported", subject=("redeem", row.pk, row.title), after=told)
    return codes


def _check(title: str, count: int, ends_at: datetime | None) -> None:
    """Raises SaleRefused."""
    most = longest(RedeemBatch, "title")
    if not 1 <= len(title) <= most:
        words = pgettext_lazy(
            "redeem", "Give a title of 1 to %(n)s characters: colleagues find the batch by it."
        )
        raise SaleRefused("title", words % {"n": most})
    if not 1 <= count <= MOST_CODES:
        words = pgettext_lazy("coupon", "Give a number from %(least)s to %(most)s.")
        raise SaleRefused("count", words % {"least": 1, "most": MOST_CODES})
    if ends_at is not None and ends_at <= clock.now():
        raise SaleRefused("ends_at", pgettext_lazy("redeem", "The end must lie after now."))


def _batch(batch_id: int) -> RedeemBatch:
    row = RedeemBatch.objects.select_for_update(of=("self",)).filter(pk=batch_id).first()
    if row is None:
        raise NoSuchBatch(pgettext_lazy("redeem", "There is no such batch."))
    return row
