"""By which rule the money of each course goes back: the academy's, or the course's own. An order keeps those of its
day, so changing them changes nothing for who has bought already."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.accounts.staff import tidy_why
from zhiyue.core.audit.services import note
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.models import CourseRefundTerms, OrderCourse
from zhiyue.product.commerce.refunds.rule import RefundTerms


@dataclass(frozen=True, slots=True)
class OwnTerms:
    """A course whose terms aren't the academy's."""

    course: Course
    terms: RefundTerms


def default_terms() -> RefundTerms:
    """The academy's."""
    return RefundTerms(
        window_days=settings.ZHIYUE_REFUND_DAYS,
        fee_permille=settings.ZHIYUE_REFUND_FEE_PERMILLE,
        fee_least_fen=settings.ZHIYUE_REFUND_FEE_LEAST_FEN,
    )


def plan_terms() -> RefundTerms:
    """The academy's, of memberships."""
    return replace(default_terms(), most_lessons=settings.ZHIYUE_MEMBERSHIP_REFUND_LESSONS)


def terms_of(course_ids: Iterable[int]) -> dict[int, RefundTerms]:
    """The terms of these courses now, by their id."""
    wanted = list(course_ids)
    own = {one.course_id: _terms(one) for one in CourseRefundTerms.objects.filter(course_id__in=wanted)}
    return {course_id: own.get(course_id) or default_terms() for course_id in wanted}


def terms_of_parts(parts: Iterable[OrderCourse]) -> dict[int, RefundTerms]:
    """Those under which courses of orders were ordered, by the part; where none were kept, those of now."""
    wanted = list(parts)
    now = terms_of({part.course_id for part in wanted if not part.refund_terms})
    return {
        part.pk: RefundTerms.from_json(part.refund_terms) if part.refund_terms else now[part.course_id]
        for part in wanted
    }


def own_terms(viewer: Viewer) -> list[OwnTerms]:
    """The courses with terms of their own. Raises NotAllowed."""
    require(viewer, Permission.SEE_ORDERS)
    rows = CourseRefundTerms.objects.select_related("course").order_by("course__title", "pk")
    return [OwnTerms(one.course, _terms(one)) for one in rows]


def courses_with_price(viewer: Viewer) -> QuerySet[Course]:
    """The courses that may have terms of their own. Raises NotAllowed."""
    require(viewer, Permission.SEE_ORDERS)
    return Course.objects.filter(price_fen__gt=0).order_by("title", "pk")


@transaction.atomic
def set_terms(*, viewer: Viewer, course_id: int, terms: RefundTerms | None, why: str) -> bool:
    """Give a course terms of its own; None: the academy's again. False where it had them already. Raises NotAllowed,
    Unfit."""
    by, why = require(viewer, Permission.REFUND_ORDERS), tidy_why(why)
    course = Course.objects.select_for_update().filter(pk=course_id).first()
    if course is None:
        raise Unfit(pgettext_lazy("refund", "Choose a course from the list."))
    kept = CourseRefundTerms.objects.filter(course=course).first()
    before = _terms(kept) if kept else None
    if before == terms:
        return False
    if terms is None:
        CourseRefundTerms.objects.filter(course=course).delete()
    else:
        CourseRefundTerms.objects.update_or_create(
            course=course, defaults={**terms.to_json(), "changed_at": clock.now()}
        )
    note(
        by=by,
        act="refund_terms.changed",
        subject=("course", course.pk, course.title),
        before=before.to_json() if before else {},
        after=terms.to_json() if terms else {},
        why=why,
    )
    return True


def _terms(row: CourseRefundTerms) -> RefundTerms:
    return RefundTerms(row.window_days, row.fee_permille, row.fee_least_fen)
