"""What is for sale: whatever has a price is an offer, named by its kind and number."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import pgettext_lazy

from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.errors import NotForSale


@dataclass(frozen=True, slots=True)
class Offer:
    """`ref` names it (“course:12”); `courses` are those it opens, each with its share of the price in fen."""

    ref: str
    title: str
    price_fen: int
    list_price_fen: int | None
    courses: Mapping[int, int]


def offer_of(ref: str) -> Offer:
    """An offer as it is for sale now. Raises NotForSale."""
    kind, _, number = ref.partition(":")
    found = KINDS.get(kind)
    # A number of more digits than any row has would be refused by the database instead of by us.
    if found is None or not (number.isascii() and number.isdecimal() and len(number) < 16):
        raise NotForSale(pgettext_lazy("offer", "There is no such offer."))
    return found(int(number))


def course_ref(course_id: int) -> str:
    return f"course:{course_id}"


def _course(course_id: int) -> Offer:
    course = Course.objects.published().filter(pk=course_id).first()
    if course is None:
        raise NotForSale(pgettext_lazy("offer", "This course isn't for sale now."))
    if course.is_free:
        raise NotForSale(pgettext_lazy("offer", "This course is free: join it without paying."))
    ref = course_ref(course.pk)
    return Offer(ref, course.title, course.price_fen, course.list_price_fen, {course.pk: course.price_fen})


# A new kind of offer takes one line here.
KINDS: Mapping[str, Callable[[int], Offer]] = {"course": _course}


def titles_of(refs: Iterable[str]) -> dict[str, str]:
    """What offers are called, also those that aren't for sale any more."""
    ids = [int(number) for kind, _, number in (ref.partition(":") for ref in refs) if kind == "course"]
    return {
        course_ref(pk): title for pk, title in Course.objects.filter(pk__in=ids).values_list("pk", "title")
    }
