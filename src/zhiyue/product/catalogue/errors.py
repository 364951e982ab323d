"""What the catalogue may refuse its authors, each with words for the person."""

from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.core.kit.errors import Refused
from zhiyue.product.catalogue.models import Course, Lesson


class BadFact(Refused):
    """One thing typed can't be taken; `field` says which."""

    code = "bad_fact"
    status: ClassVar[int] = 422

    def __init__(self, field: str, message: str | Promise) -> None:
        super().__init__(message)
        self.field = field


class SlugTaken(BadFact):
    """Something else has this address now."""

    code = "slug_taken"
    status: ClassVar[int] = 409

    def __init__(self) -> None:
        super().__init__(
            "slug", pgettext_lazy("catalogue", "This address is taken. Choose another, or add a word to it.")
        )


class SlugWasAnothers(BadFact):
    """Old links to something else still lead over this address."""

    code = "slug_was_anothers"
    status: ClassVar[int] = 409

    def __init__(self, whose: str) -> None:
        message = pgettext(
            "catalogue",
            "Old links to “%(whose)s” use this address. Taking it makes them lead here: choose another address, "
            "or confirm that you want that.",
        )
        super().__init__("slug", message % {"whose": whose})


class PrerequisiteCircle(BadFact):
    """A course would have to be learnt before itself."""

    code = "prerequisite_circle"
    status: ClassVar[int] = 409

    def __init__(self, title: str) -> None:
        message = pgettext(
            "catalogue", "“%(title)s” asks for this course first, directly or through others. Leave it out."
        )
        super().__init__("prerequisites", message % {"title": title})


class NotAnEdition(BadFact):
    """The courses can't be editions of one: of the one named, or, by `field`, in the language chosen."""

    code = "not_an_edition"
    status: ClassVar[int] = 409

    def __init__(self, message: str, *, field: str = "edition_of") -> None:
        super().__init__(field, message)


class ChangedMeanwhile(Refused):
    """Somebody else, or another tab, saved since this form was opened. `theirs` is what stands now."""

    code = "changed_meanwhile"

    def __init__(self, theirs: Course | Lesson) -> None:
        super().__init__(
            pgettext_lazy(
                "catalogue",
                "This was changed elsewhere while you were writing. Nothing is lost: compare, then save again.",
            )
        )
        self.theirs = theirs


class NotOffered(Refused):
    """The course isn't out: a draft, not yet, or no longer."""

    code = "course_not_offered"

    def __init__(self) -> None:
        super().__init__(
            pgettext_lazy(
                "catalogue", "This course isn't offered at the moment. Look at the others meanwhile."
            )
        )


class NotReady(Refused):
    """Something a course needs before it is published is missing."""

    code = "not_ready"

    def __init__(self) -> None:
        super().__init__(
            pgettext_lazy("catalogue", "Something is still missing before this course can be published.")
        )


class NotNow(Refused):
    """The course, chapter or lesson is not in a state for this."""

    code = "not_now"
