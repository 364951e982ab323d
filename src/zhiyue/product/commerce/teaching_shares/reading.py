"""What memberships earn is shared with those whose courses their members read. Each order by itself: what it earned in
a time goes, by their shares, to the teachers of the lessons that its member opened for the first time in that time.
Where nothing was opened it is the academy's."""

from collections import Counter
from datetime import datetime, timedelta

from django.conf import settings

from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.models import Entry, LessonOpening, Order, TeacherShare
from zhiyue.product.commerce.shares import shared_out
from zhiyue.product.commerce.teaching_shares.entering import Earning, enter
from zhiyue.product.commerce.teaching_shares.rule import share_fen, taken_back_fen
from zhiyue.product.commerce.teaching_shares.terms import SharesByTime


def share_earned(order: Order, earned_fen: int, *, key: str, at: datetime) -> int:
    """Enter what teachers earn of what a membership has earned, by the entry `key` of the books; how many shares were
    new. In the caller's transaction, which holds the order's row."""
    before = (
        Entry.objects.filter(order=order, kind="earned", at__lt=at).exclude(key=key).order_by("-at").first()
    )
    opened = LessonOpening.objects.filter(plan__order=order, at__lt=at)
    if before is not None:
        opened = opened.filter(at__gte=before.at)
    read = Counter(opened.order_by("lesson__course_id").values_list("lesson__course_id", flat=True))
    if not read:
        return 0
    parts = shared_out(earned_fen, dict(sorted(read.items())))
    teachers = dict(Course.objects.filter(pk__in=parts).values_list("pk", "teacher_id"))
    terms = SharesByTime(parts)
    due_at = at + timedelta(days=settings.ZHIYUE_PAYOUT_AFTER_DAYS)
    return enter(
        order,
        [
            Earning(
                teacher_id=teachers[course_id],
                key=f"share:{key}:{course_id}",
                sold_fen=part,
                permille=(permille := terms.permille(course_id, at)),
                amount_fen=share_fen(part, permille),
                at=at,
                due_at=due_at,
                course_id=course_id,
            )
            for course_id, part in parts.items()
            if part
        ],
    )


def take_back_earned(order: Order, amount_fen: int, *, earned_fen: int, key: str, at: datetime) -> int:
    """Take back what teachers earned of so much of what a membership had earned, `earned_fen` in all: of each share
    alike, by the entry `key` of the books; how many were new. In the caller's transaction, which holds the row."""
    shares = list(TeacherShare.objects.filter(order=order, part=None, sold_fen__gt=0).order_by("pk"))
    sold = {one.pk: one.sold_fen for one in shares}
    # What nobody was read for is the academy's.
    parts = shared_out(amount_fen, {0: earned_fen - sum(sold.values()), **sold})
    return enter(
        order,
        [
            Earning(
                teacher_id=one.teacher_id,
                key=f"share_back:{key}:{one.pk}",
                sold_fen=-parts[one.pk],
                permille=one.permille,
                amount_fen=-taken_back_fen(one.amount_fen, one.sold_fen - parts[one.pk], one.permille),
                at=at,
                due_at=max(at, one.due_at),
                course_id=one.course_id,
            )
            for one in shares
            if parts[one.pk]
        ],
    )
