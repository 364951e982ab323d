"""Everything that is for sale, as one list of several tables: courses, bundles, memberships. What one offer costs
somebody is asked in `checkout`."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, IntegerField, QuerySet, Value

from zhiyue.core.accounts.models import User
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.bundles import bundles_for_sale
from zhiyue.product.commerce.flash import Flash, flashes_of
from zhiyue.product.commerce.models import Bundle, Plan
from zhiyue.product.commerce.selectors import enrolled_course_ids


def _courses() -> QuerySet[Any]:
    return Course.objects.published().filter(price_fen__gt=0)


def _plans() -> QuerySet[Any]:
    return Plan.objects.filter(status=Plan.Status.OFFERED)


# By kind, in the order of the list.
_FOR_SALE: Mapping[str, Callable[[], QuerySet[Any]]] = {
    "course": _courses,
    "bundle": bundles_for_sale,
    "plan": _plans,
}
KINDS = tuple(_FOR_SALE)


@dataclass(frozen=True, slots=True)
class ListedOffer:
    """An offer in the list of them: what everybody is asked for it, and whether it is this person's already."""

    ref: str
    kind: str
    title: str
    price_fen: int
    list_price_fen: int | None
    courses: Sequence[str]
    is_owned: bool
    flash: Flash | None


def for_sale(kind: str = "") -> list[QuerySet[Any]]:
    """The rows of the list (of one kind), a queryset each: `place` of the kind and `number` in it."""
    return [
        rows()
        .order_by()
        .annotate(place=Value(place, output_field=IntegerField()), number=F("pk"))
        .values_list("place", "number", named=True)
        for place, (name, rows) in enumerate(_FOR_SALE.items())
        if not kind or kind == name
    ]


def listed(rows: Iterable[Any], user: User | None) -> list[ListedOffer]:
    """Rows of `for_sale` with what is told of them. Eight queries at most, however many there are."""
    wanted = [(KINDS[row.place], row.number) for row in rows]
    ids = {kind: [number for one, number in wanted if one == kind] for kind in KINDS}
    courses = Course.objects.in_bulk(ids["course"]) if ids["course"] else {}
    plans = Plan.objects.in_bulk(ids["plan"]) if ids["plan"] else {}
    bundles = Bundle.objects.prefetch_related("parts__course").in_bulk(ids["bundle"]) if ids["bundle"] else {}
    owned = enrolled_course_ids(user.pk) if user is not None else set()
    known = {
        **{("course", pk): _of_course(course, owned) for pk, course in courses.items()},
        **{("bundle", pk): _of_bundle(bundle, owned) for pk, bundle in bundles.items()},
        **{("plan", pk): _of_plan(plan) for pk, plan in plans.items()},
    }
    flashes = flashes_of([f"{kind}:{number}" for kind, number in wanted], user=user)
    return [
        ListedOffer(ref=f"{kind}:{pk}", kind=kind, flash=flashes.get(f"{kind}:{pk}"), **known[kind, pk])
        for kind, pk in wanted
        if (kind, pk) in known
    ]


def _of_course(course: Course, owned: set[int]) -> dict[str, Any]:
    return {
        "title": course.title,
        "price_fen": course.price_fen,
        "list_price_fen": course.list_price_fen,
        "courses": [course.slug],
        "is_owned": course.pk in owned,
    }


def _of_bundle(bundle: Bundle, owned: set[int]) -> dict[str, Any]:
    parts = list(bundle.parts.all())
    return {
        "title": bundle.title,
        "price_fen": bundle.price_fen,
        "list_price_fen": None,
        "courses": [part.course.slug for part in parts],
        "is_owned": owned >= {part.course_id for part in parts},
    }


def _of_plan(plan: Plan) -> dict[str, Any]:
    return {
        "title": plan.name,
        "price_fen": plan.price_fen,
        "list_price_fen": None,
        "courses": [],
        "is_owned": False,
    }
