"""Which share of what a course brings in is its teacher's: the academy's, or the course's own, by time. What was sold
keeps the share of its day, so changing it changes nothing for what was sold already."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import NotOneself, Unfit
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.accounts.staff import tidy_why
from zhiyue.core.audit.services import note
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.models import CourseShareTerms
from zhiyue.product.commerce.teaching_shares.rule import THOUSAND


@dataclass(frozen=True, slots=True)
class OwnShare:
    """A course whose share isn't the academy's, and since when."""

    course: Course
    permille: int
    since: datetime


class SharesByTime:
    """The share terms of some courses at any moment, read once."""

    def __init__(self, course_ids: Iterable[int]) -> None:
        rows = CourseShareTerms.objects.filter(course_id__in=set(course_ids)).order_by("since", "pk")
        self._rows: dict[int, list[CourseShareTerms]] = {}
        for row in rows:
            self._rows.setdefault(row.course_id, []).append(row)

    def permille(self, course_id: int, at: datetime) -> int:
        """What holds of the course's own terms at a moment; else the academy's of now, which is a setting."""
        own = [row.permille for row in self._rows.get(course_id, ()) if row.since <= at]
        return academy_permille() if not own or own[-1] is None else own[-1]


def academy_permille() -> int:
    """The academy's."""
    return settings.ZHIYUE_TEACHER_SHARE_PERMILLE


def own_shares(viewer: Viewer) -> list[OwnShare]:
    """The courses with a share of their own now. Raises NotAllowed."""
    require(viewer, Permission.PAY_TEACHERS)
    latest: dict[int, CourseShareTerms] = {}
    rows = CourseShareTerms.objects.select_related("course__teacher").order_by("since", "pk")
    for row in rows:
        latest[row.course_id] = row
    own = [
        OwnShare(row.course, row.permille, row.since) for row in latest.values() if row.permille is not None
    ]
    return sorted(own, key=lambda one: (one.course.title, one.course.pk))


def courses_to_share(viewer: Viewer) -> Sequence[Course]:
    """The courses that may have a share of their own. Raises NotAllowed."""
    require(viewer, Permission.PAY_TEACHERS)
    return list(Course.objects.filter(price_fen__gt=0).select_related("teacher").order_by("title", "pk"))


@transaction.atomic
def set_share(*, viewer: Viewer, course_id: int, permille: int | None, why: str) -> bool:
    """Give a course a share of its own from now on; None: the academy's again. False where it had it already. Nobody
    decides about a course of their own. Raises NotAllowed, NotOneself, Unfit."""
    by, why = require(viewer, Permission.PAY_TEACHERS), tidy_why(why)
    if permille is not None and not 0 <= permille <= THOUSAND:
        raise Unfit(pgettext_lazy("share", "A share is 0 to 1000 thousandths."))
    course = (
        Course.objects.select_for_update(of=("self",)).select_related("teacher").filter(pk=course_id).first()
    )
    if course is None:
        raise Unfit(pgettext_lazy("share", "Choose a course from the list."))
    if course.teacher.user_id == by.pk:
        raise NotOneself(pgettext_lazy("share", "Nobody decides about their own share. Ask a colleague."))
    kept = CourseShareTerms.objects.filter(course=course).order_by("-since", "-pk").first()
    before = kept.permille if kept else None
    if before == permille:
        return False
    CourseShareTerms.objects.create(course=course, permille=permille, since=clock.now())
    note(
        by=by,
        act="share_terms.changed",
        subject=("course", course.pk, course.title),
        before={} if before is None else {"share_permille": before},
        after={} if permille is None else {"share_permille": permille},
        why=why,
    )
    return True
