"""Which course may be an edition of which. Called inside the caller's transaction, with both courses locked."""

from django.db.models import Q
from django.utils.translation import pgettext

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.product.catalogue.errors import NotAnEdition
from zhiyue.product.catalogue.models import Course
from zhiyue.product.catalogue.selectors import may_change


def check_may_name(viewer: Viewer, original: Course) -> None:
    """Raises NotAnEdition: of somebody else's course nobody makes editions."""
    if not may_change(viewer, original):
        raise NotAnEdition(pgettext("catalogue", "Name a course that you may change yourself."))


def check_edition(course_id: int | None, original: Course, language: str) -> None:
    """May the course `course_id` (None: one that is being made), in `language`, be an edition of `original`?
    Raises NotAnEdition."""
    if original.pk == course_id:
        raise NotAnEdition(pgettext("catalogue", "A course isn't an edition of itself."))
    if original.edition_of_id is not None:
        words = pgettext("catalogue", "“%(title)s” is an edition itself. Name the original.")
        raise NotAnEdition(words % {"title": original.title})
    if course_id is not None and Course.objects.filter(edition_of=course_id).exists():
        raise NotAnEdition(
            pgettext("catalogue", "This course has editions of its own, so it stays an original.")
        )
    same = Course.objects.filter(Q(pk=original.pk) | Q(edition_of=original), language=language)
    taken = same.exclude(pk=course_id or 0).first()
    if taken is not None:
        words = pgettext("catalogue", "“%(title)s” is in this language already. Editions differ in language.")
        raise NotAnEdition(words % {"title": taken.title})


def check_language_of_original(course_id: int, language: str) -> None:
    """Raises NotAnEdition where the course has an edition in the language it is to have itself."""
    same = Course.objects.filter(edition_of=course_id, language=language).first()
    if same is not None:
        words = pgettext("catalogue", "“%(title)s” is its edition in this language already.")
        raise NotAnEdition(words % {"title": same.title}, field="language")
