"""What was opened for money: the first opening of each lesson by a right that an order had paid for. Noted at the
moment it is asked, for what goes back of an order depends on it.

Who joined a course that is free, or was given it, opens by that right and not by a paid one; free lessons and previews
aren't noted either. What somebody bought twice is opened by what they bought first. What a membership opened says whose
courses its member read: see `teaching_shares.reading`.

What a friend opens by a gift is opened by the right of who gave it: else a course could be read by links to oneself,
and all of its money asked back.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from zhiyue.core.accounts.models import User
from zhiyue.product.catalogue.models import Lesson
from zhiyue.product.commerce.models import LessonOpening, Order, OrderCourse, OrderPlan
from zhiyue.product.commerce.selectors import Access, may_open


def open_for(user: User | None, lesson: Lesson, *, visitor: UUID | None = None) -> Access:
    """`may_open` for whoever gets the whole lesson by it. Only the first time asks the database for more."""
    access = may_open(user, lesson, visitor=visitor)
    if access.first_of is not None:
        opening = LessonOpening(part_id=access.first_of, lesson=lesson)
        bought = OrderCourse.objects.filter(pk=access.first_of)
        is_kept = _noted(opening, Q(courses__pk=access.first_of), bought)
    elif access.first_of_plan is not None:
        opening = LessonOpening(plan_id=access.first_of_plan, lesson=lesson)
        held = OrderPlan.objects.filter(pk=access.first_of_plan)
        is_kept = _noted(opening, Q(plan__pk=access.first_of_plan), held)
    else:
        return access
    if is_kept:
        return access
    # Its money went back at this very moment.
    return open_for(user, lesson, visitor=visitor)


@transaction.atomic
def _noted(opening: LessonOpening, its_order: Q, bought: QuerySet[OrderCourse] | QuerySet[OrderPlan]) -> bool:
    """Note an opening, once. False where the course or membership isn't open by its order any more: whoever approves a
    refund holds the order's row as well, so a lesson is either opened and kept, or its money goes back."""
    order = Order.objects.select_for_update(of=("self",)).filter(its_order).first()
    if order is None or order.status not in Order.OPENING:
        return False
    if not bought.filter(returned_at=None).exists():
        return False
    LessonOpening.objects.bulk_create([opening], ignore_conflicts=True)
    return True


def opened_lesson_ids(part_ids: Iterable[int]) -> dict[int, set[int]]:
    """The lessons that were opened by each of these courses of orders; those of which none was are absent."""
    found: dict[int, set[int]] = {}
    rows = LessonOpening.objects.filter(part_id__in=list(part_ids)).values_list("part_id", "lesson_id")
    for part_id, lesson_id in rows:
        found.setdefault(part_id, set()).add(lesson_id)
    return found
