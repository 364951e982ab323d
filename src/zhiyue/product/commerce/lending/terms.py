"""How courses are sold besides their price, as staff decide it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from django.db import transaction
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit.services import note
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.models import CourseTerms
from zhiyue.product.commerce.models.lending import LONGEST_TRIAL_DAYS


@dataclass(frozen=True, slots=True)
class TermsOfCourse:
    """A course with a price, and its terms."""

    course: Course
    terms: CourseTerms


def all_terms(viewer: Viewer) -> list[TermsOfCourse]:
    """Of every published course with a price, by title. Raises NotAllowed."""
    require(viewer, Permission.CHANGE_SALES)
    courses = Course.objects.published().filter(price_fen__gt=0).select_related("topic", "terms")
    rows = courses.defer("summary").order_by("title", "pk")
    return [TermsOfCourse(course, _terms(course)) for course in rows]


@dataclass(frozen=True, slots=True)
class WishedTerms:
    """The terms of a course as staff wish them."""

    trial_days: int = 0
    is_in_memberships: bool = True


@transaction.atomic
def set_terms(*, viewer: Viewer, wishes: Mapping[int, WishedTerms]) -> int:
    """Decide the terms of these courses, by their id; how many changed. Whoever tries one now goes on as it was
    promised; out of a membership a course goes at once. Raises NotAllowed, Unfit: then none is changed."""
    by = require(viewer, Permission.CHANGE_SALES)
    courses = Course.objects.select_for_update().order_by("pk").in_bulk(list(wishes))
    if courses.keys() != wishes.keys():
        raise Unfit(pgettext_lazy("terms", "Choose courses from the list."))
    return sum(_set(by, courses[pk], wish) for pk, wish in wishes.items())


def _set(by: User, course: Course, wish: WishedTerms) -> bool:
    if not 0 <= wish.trial_days <= LONGEST_TRIAL_DAYS:
        raise Unfit(pgettext_lazy("terms", "A trial lasts 1 to 90 days; 0 is none."))
    old = CourseTerms.objects.filter(course=course).first() or CourseTerms(course=course)
    after = asdict(wish)
    before = {name: getattr(old, name) for name in after}
    if before == after:
        return False
    CourseTerms.objects.update_or_create(course=course, defaults=after)
    changed = {name for name in after if before[name] != after[name]}
    note(
        by=by,
        act="course.terms_changed",
        subject=("course", course.pk, course.title),
        before={name: before[name] for name in sorted(changed)},
        after={name: after[name] for name in sorted(changed)},
    )
    return True


def _terms(course: Course) -> CourseTerms:
    found: CourseTerms | None = getattr(course, "terms", None)
    return found or CourseTerms(course=course)
