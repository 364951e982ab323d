"""Entering shares, once each, with their entries in the books: what is earned when an order is paid, and what is taken
back when money of it went back. Whatever else is shared one day comes in by the same door, `enter`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from zhiyue.core.kit import clock
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.models import Order, OrderCourse, Refund, RefundPart, TeacherShare
from zhiyue.product.commerce.teaching_shares.rule import share_fen, taken_back_fen
from zhiyue.product.commerce.teaching_shares.terms import SharesByTime

# Facts are delivered at least once, and those that were given up stand on the desk; so far back nothing is forgotten.
CAUGHT_UP = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Earning:
    """What a teacher earns, `amount_fen` of `sold_fen`, or gives back: then both are below 0. `key` names the occasion,
    and is entered once."""

    teacher_id: int
    key: str
    sold_fen: int
    permille: int
    amount_fen: int
    at: datetime
    due_at: datetime
    course_id: int | None = None
    part_id: int | None = None

    def row(self, order_id: int | None) -> TeacherShare:
        return TeacherShare(
            key=self.key,
            teacher_id=self.teacher_id,
            order_id=order_id,
            course_id=self.course_id,
            part_id=self.part_id,
            sold_fen=self.sold_fen,
            permille=self.permille,
            amount_fen=self.amount_fen,
            at=self.at,
            due_at=self.due_at,
        )

    def postings(self) -> Mapping[str, int]:
        return {ledger.TEACHER_SHARES: self.amount_fen, ledger.teacher(self.teacher_id): -self.amount_fen}

    @property
    def kind(self) -> str:
        """Of its entry in the books."""
        return "share" if self.sold_fen >= 0 else "share_back"


def enter(order: Order | None, earnings: Iterable[Earning]) -> int:
    """Enter what is earned or given back, in the caller's transaction, which holds the order's row; how many were new.
    What comes to nothing is kept without an entry in the books."""
    told = list(earnings)
    known = set(TeacherShare.objects.filter(key__in=[one.key for one in told]).values_list("key", flat=True))
    new = [one for one in told if one.key not in known]
    for one in new:
        one.row(order.pk if order else None).save(force_insert=True)
        if one.amount_fen:
            ledger.post(one.key, kind=one.kind, order=order, postings=one.postings(), at=one.at)
    return len(new)


@transaction.atomic
def settle(order_id: int) -> int:
    """Enter whatever shares of an order aren't yet: of its courses when it is paid, and of the refunds that are done.
    How many were new; done again it changes nothing.

    Past orders that were brought in earn nothing here: what they owed their teachers is in other books. Where a share
    was entered for one all the same (the demo's), it is taken back like any.
    """
    order = Order.objects.select_for_update().filter(pk=order_id).first()
    if order is None or order.paid_at is None:
        return 0
    new = 0
    if not order.outside_number:
        parts = list(order.courses.select_related("course").filter(total_fen__gt=0).order_by("pk"))
        new = enter(order, earned(parts, order.paid_at))
    return new + _take_back(order)


def earned(parts: Iterable[OrderCourse], paid_at: datetime) -> list[Earning]:
    """What the teachers of these courses earn by an order that was paid then."""
    wanted = list(parts)
    terms = SharesByTime(part.course_id for part in wanted)
    return [earning(part, paid_at, terms) for part in wanted]


def earning(part: OrderCourse, paid_at: datetime, terms: SharesByTime) -> Earning:
    permille = terms.permille(part.course_id, paid_at)
    return Earning(
        teacher_id=part.course.teacher_id,
        key=f"share:{part.pk}",
        sold_fen=part.total_fen,
        permille=permille,
        amount_fen=share_fen(part.total_fen, permille),
        at=paid_at,
        due_at=paid_at + timedelta(days=settings.ZHIYUE_PAYOUT_AFTER_DAYS),
        course_id=part.course_id,
        part_id=part.pk,
    )


def catch_up(*, now: datetime | None = None) -> int:
    """Enter what the facts of the last days should have told of, and didn't; how many shares were new."""
    since = (now or clock.now()) - CAUGHT_UP
    orders = {*_unshared(since), *_untaken(since)}
    return sum(settle(order_id) for order_id in sorted(orders))


def _unshared(since: datetime) -> Iterable[int]:
    """Orders placed since then that are paid, and whose shares aren't entered."""
    there = TeacherShare.objects.filter(part=OuterRef("pk"))
    parts = OrderCourse.objects.filter(
        ~Exists(there), order__created_at__gte=since, order__paid_at__isnull=False, total_fen__gt=0
    )
    return parts.filter(order__outside_number="").values_list("order_id", flat=True)


def _untaken(since: datetime) -> Iterable[int]:
    """Orders of which money went back since then, and whose shares weren't taken back."""
    back = _gone_back().filter(refund__settled_at__gte=since)
    taken = set(
        TeacherShare.objects.filter(
            key__in=[_back_key(pk) for pk in back.values_list("pk", flat=True)]
        ).values_list("key", flat=True)
    )
    shared = back.filter(Exists(TeacherShare.objects.filter(part=OuterRef("part"))))
    return [order for pk, order in shared.values_list("pk", "refund__order_id") if _back_key(pk) not in taken]


def _take_back(order: Order) -> int:
    """Of each course whose money went back its teacher's part of it, in the order in which it went."""
    backs = _gone_back().filter(refund__order=order).select_related("refund")
    new = 0
    for back in backs.order_by("refund__settled_at", "refund_id", "pk"):
        if TeacherShare.objects.filter(key=_back_key(back.pk)).exists():
            continue
        shares = list(TeacherShare.objects.filter(part_id=back.part_id).order_by("pk"))
        if shares:
            new += enter(order, [_taken_back(back, shares)])
    return new


def _taken_back(back: RefundPart, shares: list[TeacherShare]) -> Earning:
    """`shares` are the one that was earned, and what was taken back of it before."""
    first = shares[0]
    left = sum(one.sold_fen for one in shares) - back.amount_fen
    kept = sum(one.amount_fen for one in shares)
    at = back.refund.settled_at or clock.now()
    return Earning(
        teacher_id=first.teacher_id,
        key=_back_key(back.pk),
        sold_fen=-back.amount_fen,
        permille=first.permille,
        amount_fen=-taken_back_fen(kept, left, first.permille),
        at=at,
        # In the statement that states the share itself, where that isn't made yet.
        due_at=max(at, first.due_at),
        course_id=first.course_id,
        part_id=back.part_id,
    )


def _gone_back() -> QuerySet[RefundPart]:
    """Of courses. By rule what goes back of a membership wasn't earned yet; where staff give back more, the academy
    bears it, and those who were read keep their share. What an upgrade had earned too much for what it took over goes
    back in `reading.take_back_earned`."""
    return RefundPart.objects.filter(refund__status=Refund.Status.DONE, amount_fen__gt=0, part__isnull=False)


def _back_key(part_id: int) -> str:
    return f"share_back:{part_id}"
