"""Bundles: what is in one and what it costs somebody, and staff's making, offering and withdrawing of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.errors import BadTerm, NoSuchOffer
from zhiyue.product.commerce.models import Bundle, BundleCourse, Order
from zhiyue.product.commerce.offering import Facts, check_price, locked, note_act, note_change, turn
from zhiyue.product.commerce.selectors import enrolled_course_ids
from zhiyue.product.commerce.shares import shared_out

MOST_COURSES = 30
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class ShownBundle:
    """A bundle to somebody. `shares` are the parts of its price by course, in its order, of which they own some; those
    come off."""

    bundle: Bundle
    courses: Sequence[Course]
    shares: Mapping[int, int]
    owned: frozenset[int]

    @property
    def is_whole(self) -> bool:
        """Can all of it be had? Else it isn't sold."""
        return bool(self.courses) and all(course.is_published for course in self.courses)

    @property
    def owned_fen(self) -> int:
        return sum(share for pk, share in self.shares.items() if pk in self.owned)

    @property
    def is_owned(self) -> bool:
        return self.owned >= self.shares.keys()


@dataclass(frozen=True, slots=True)
class BundleWish:
    """A bundle as staff wish it."""

    title: str
    slug: str
    summary: str
    price_fen: int
    course_ids: Sequence[int]


def shown_bundle(user: User | None, bundle: Bundle) -> ShownBundle:
    """Two queries of a visitor, three of a member."""
    courses = [part.course for part in bundle.parts.select_related("course__topic", "course__teacher")]
    shares = shared_out(bundle.price_fen, {course.pk: course.price_fen for course in courses})
    owned = enrolled_course_ids(user.pk) & shares.keys() if user is not None else set()
    return ShownBundle(bundle, courses, shares, frozenset(owned))


def bundle_page(slug: str) -> Bundle:
    """A bundle that is for sale. Raises NoSuchOffer."""
    found = Bundle.objects.filter(slug=slug, status=Bundle.Status.OFFERED).first()
    if found is None:
        raise NoSuchOffer(pgettext_lazy("offer", "There is no such bundle, or it is sold no longer."))
    return found


def bundles_for_sale() -> QuerySet[Bundle]:
    """Those of which all can be had."""
    parts = BundleCourse.objects.filter(bundle=OuterRef("pk"))
    missing = parts.exclude(course__in=Course.objects.published())
    return Bundle.objects.filter(Exists(parts), ~Exists(missing), status=Bundle.Status.OFFERED)


def bundles_with(course: Course) -> list[Bundle]:
    """Those for sale as a whole that the course is in, the cheapest first."""
    return list(bundles_for_sale().filter(parts__course=course).order_by("price_fen", "pk"))


@dataclass(frozen=True, slots=True)
class BundleOnDesk:
    bundle: Bundle
    courses: Sequence[Course]
    sold: int

    @property
    def apart_fen(self) -> int:
        return sum(course.price_fen for course in self.courses)

    @property
    def is_whole(self) -> bool:
        return bool(self.courses) and all(course.is_published for course in self.courses)


def all_bundles(viewer: Viewer) -> list[BundleOnDesk]:
    """The newest first. Raises NotAllowed."""
    require(viewer, Permission.CHANGE_SALES)
    paid = Order.objects.filter(status__in=Order.OPENING, offer__startswith="bundle:")
    sold = dict(paid.order_by().values_list("offer").annotate(n=Count("pk")))
    rows = Bundle.objects.prefetch_related("parts__course").order_by("-created_at", "-pk")
    return [
        BundleOnDesk(one, [part.course for part in one.parts.all()], sold.get(f"bundle:{one.pk}", 0))
        for one in rows
    ]


def courses_to_bundle(viewer: Viewer) -> list[tuple[int, str]]:
    """Published courses with a price, by title. Raises NotAllowed."""
    require(viewer, Permission.CHANGE_SALES)
    rows = Course.objects.published().filter(price_fen__gt=0).order_by("title", "pk")
    return list(rows.values_list("pk", "title"))


@transaction.atomic
def make_bundle(*, viewer: Viewer, wish: BundleWish) -> Bundle:
    """A draft, which nobody sees yet. Raises NotAllowed, BadTerm."""
    by = require(viewer, Permission.CHANGE_SALES)
    bundle = Bundle(status=Bundle.Status.DRAFT)
    _write(bundle, wish)
    note_act(by, "bundle.made", bundle, after=_facts(bundle))
    return bundle


@transaction.atomic
def change_bundle(*, viewer: Viewer, bundle_id: int, wish: BundleWish) -> bool:
    """Change it for the next buyer; what was bought stays. False where nothing changed. Raises NotAllowed, BadTerm,
    NoSuchOffer."""
    by = require(viewer, Permission.CHANGE_SALES)
    bundle = locked(Bundle, bundle_id)
    before = _facts(bundle)
    _write(bundle, wish)
    return note_change(by, "bundle.changed", bundle, before=before, after=_facts(bundle))


@transaction.atomic
def offer_bundle(*, viewer: Viewer, bundle_id: int) -> bool:
    """Put it on sale. False where it was. Raises NotAllowed, NoSuchOffer."""
    return turn(viewer, Bundle, bundle_id, Bundle.Status.OFFERED, "bundle.offered")


@transaction.atomic
def withdraw_bundle(*, viewer: Viewer, bundle_id: int) -> bool:
    """Sell it no longer. False where it wasn't for sale. Raises NotAllowed, NoSuchOffer."""
    return turn(viewer, Bundle, bundle_id, Bundle.Status.WITHDRAWN, "bundle.withdrawn")


def _write(bundle: Bundle, wish: BundleWish) -> None:
    kept = set(bundle.parts.values_list("course_id", flat=True)) if bundle.pk else set()
    out = Q(pk__in=Course.objects.published().filter(price_fen__gt=0).values("pk")) | Q(pk__in=kept)
    prices = dict(Course.objects.filter(out, pk__in=wish.course_ids).values_list("pk", "price_fen"))
    _check(wish, prices)
    if Bundle.objects.filter(slug=wish.slug).exclude(pk=bundle.pk).exists():
        raise BadTerm("slug", pgettext_lazy("bundle", "Another bundle has this address."))
    for name in ("title", "slug", "summary", "price_fen"):
        setattr(bundle, name, getattr(wish, name))
    bundle.save()
    bundle.parts.all().delete()
    BundleCourse.objects.bulk_create(
        BundleCourse(bundle=bundle, course_id=pk, position=n) for n, pk in enumerate(wish.course_ids)
    )


def _check(wish: BundleWish, prices: Mapping[int, int]) -> None:
    if not 1 <= len(wish.title) <= 60:
        raise BadTerm("title", pgettext_lazy("bundle", "Give it a title of 1 to 60 characters."))
    if not (_SLUG.fullmatch(wish.slug) and len(wish.slug) <= 80):
        raise BadTerm(
            "slug", pgettext_lazy("bundle", "An address is of small letters, digits and single hyphens.")
        )
    if len(wish.summary) > 300:
        raise BadTerm("summary", pgettext_lazy("bundle", "Say it in 300 characters at most."))
    if prices.keys() != set(wish.course_ids) or len(prices) < len(wish.course_ids):
        raise BadTerm("courses", pgettext_lazy("bundle", "Choose published courses with a price."))
    if not 2 <= len(prices) <= MOST_COURSES:
        raise BadTerm("courses", pgettext_lazy("bundle", "A bundle is of 2 to 30 courses."))
    check_price(wish.price_fen)
    if wish.price_fen >= sum(prices.values()):
        raise BadTerm("price", pgettext_lazy("bundle", "A bundle costs less than its courses one by one."))


def _facts(bundle: Bundle) -> Facts:
    names = ("title", "slug", "summary", "price_fen")
    courses = list(bundle.parts.order_by("position").values_list("course_id", flat=True))
    return {**{name: getattr(bundle, name) for name in names}, "courses": courses}
