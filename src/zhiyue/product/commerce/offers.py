"""What is for sale: whatever has a price is an offer, named by its kind and number."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.models import User
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.bundles import ShownBundle, shown_bundle
from zhiyue.product.commerce.errors import NotForSale
from zhiyue.product.commerce.membership.held import Terms, terms_for
from zhiyue.product.commerce.models import Bundle, Plan


@dataclass(frozen=True, slots=True)
class Offer:
    """`ref` names it (“course:12”); `courses` are those that it makes somebody's own, each with its share of the price
    in fen. A plan makes none their own, and says what it would be worth to them now (`plan`, `terms`); a bundle is told
    whole (`bundle`), with what they own of it. `credit_fen` is what comes off for something that they paid before,
    `owned_fen` how much of the price stands for what is theirs already."""

    ref: str
    title: str
    price_fen: int
    list_price_fen: int | None
    courses: Mapping[int, int]
    plan: Plan | None = None
    terms: Terms | None = None
    credit_fen: int = 0
    owned_fen: int = 0
    bundle: ShownBundle | None = None

    @property
    def kind(self) -> str:
        return self.ref.partition(":")[0]

    @property
    def owned(self) -> dict[int, int]:
        """Of a bundle the courses that are theirs already, each with its share of the price."""
        shown = self.bundle
        return {pk: fen for pk, fen in shown.shares.items() if pk in shown.owned} if shown else {}


def offer_of(ref: str, user: User | None = None) -> Offer:
    """An offer as it is for sale to somebody (None: a visitor) now. Raises NotForSale."""
    return _found(ref, user, KINDS)


def redeemable_offer(ref: str, user: User) -> Offer:
    """An offer as a code opens it: a plan or a bundle that was withdrawn since opens still, for the code was handed out
    while it was for sale. Raises NotForSale."""
    return _found(ref, user, {**KINDS, "plan": _plan_once_sold, "bundle": _bundle_once_sold})


def _found(ref: str, user: User | None, kinds: Mapping[str, Callable[[int, User | None], Offer]]) -> Offer:
    kind, _, number = ref.partition(":")
    found = kinds.get(kind)
    # A number of more digits than any row has would be refused by the database instead of by us.
    if found is None or not (number.isascii() and number.isdecimal() and len(number) < 16):
        raise NotForSale(pgettext_lazy("offer", "There is no such offer."))
    return found(int(number), user)


def course_ref(course_id: int) -> str:
    return f"course:{course_id}"


def plan_ref(plan_id: int) -> str:
    return f"plan:{plan_id}"


def _course(course_id: int, user: User | None) -> Offer:
    course = Course.objects.published().filter(pk=course_id).first()
    if course is None:
        raise NotForSale(pgettext_lazy("offer", "This course isn't for sale now."))
    if course.is_free:
        raise NotForSale(pgettext_lazy("offer", "This course is free: join it without paying."))
    return course_offer(course)


def course_offer(course: Course) -> Offer:
    """A course that is known to be for sale."""
    ref = course_ref(course.pk)
    return Offer(ref, course.title, course.price_fen, course.list_price_fen, {course.pk: course.price_fen})


def _plan(plan_id: int, user: User | None) -> Offer:
    plan = Plan.objects.filter(pk=plan_id, status=Plan.Status.OFFERED).first()
    if plan is None:
        raise NotForSale(pgettext_lazy("offer", "This membership isn't for sale now."))
    return plan_offer(plan, terms_for(user, plan))


def _plan_once_sold(plan_id: int, user: User | None) -> Offer:
    plan = Plan.objects.filter(pk=plan_id).exclude(status=Plan.Status.DRAFT).first()
    if plan is None:
        raise NotForSale(pgettext_lazy("offer", "This membership isn't for sale now."))
    return plan_offer(plan, terms_for(user, plan))


def plan_offer(plan: Plan, terms: Terms) -> Offer:
    """A plan that is known to be for sale."""
    ref = plan_ref(plan.pk)
    return Offer(
        ref, plan.name, plan.price_fen, None, {}, plan=plan, terms=terms, credit_fen=terms.credit_fen
    )


def bundle_ref(bundle_id: int) -> str:
    return f"bundle:{bundle_id}"


def _bundle(bundle_id: int, user: User | None) -> Offer:
    """What somebody owns of it comes off by its share and isn't bought again; what is all theirs is owned."""
    bundle = Bundle.objects.filter(pk=bundle_id, status=Bundle.Status.OFFERED).first()
    shown = shown_bundle(user, bundle) if bundle is not None else None
    if bundle is None or shown is None or not shown.is_whole:
        raise NotForSale(pgettext_lazy("offer", "This bundle isn't for sale now."))
    return bundle_offer(shown)


def _bundle_once_sold(bundle_id: int, user: User | None) -> Offer:
    """Only while each of its courses can be opened to somebody."""
    bundle = Bundle.objects.filter(pk=bundle_id).exclude(status=Bundle.Status.DRAFT).first()
    shown = shown_bundle(user, bundle) if bundle is not None else None
    if shown is None or not shown.courses or not all(course.was_ever_out for course in shown.courses):
        raise NotForSale(pgettext_lazy("offer", "This bundle isn't for sale now."))
    return bundle_offer(shown)


def bundle_offer(shown: ShownBundle) -> Offer:
    """A bundle that is known to be for sale."""
    bundle = shown.bundle
    ref, price = bundle_ref(bundle.pk), bundle.price_fen
    if shown.is_owned:
        return Offer(ref, bundle.title, price, None, shown.shares, bundle=shown)
    new = {pk: share for pk, share in shown.shares.items() if pk not in shown.owned}
    return Offer(ref, bundle.title, price, None, new, owned_fen=shown.owned_fen, bundle=shown)


# A new kind of offer takes one line here.
KINDS: Mapping[str, Callable[[int, User | None], Offer]] = {
    "course": _course,
    "plan": _plan,
    "bundle": _bundle,
}


def all_offers() -> list[tuple[str, str]]:
    """Everything for sale with what it is called: courses by title, then bundles, then memberships."""
    courses = Course.objects.published().filter(price_fen__gt=0).order_by("title", "pk")
    bundles = Bundle.objects.filter(status=Bundle.Status.OFFERED).order_by("title", "pk")
    plans = Plan.objects.filter(status=Plan.Status.OFFERED).order_by("months", "price_fen", "pk")
    return [
        *((course_ref(pk), title) for pk, title in courses.values_list("pk", "title")),
        *((bundle_ref(pk), title) for pk, title in bundles.values_list("pk", "title")),
        *((plan_ref(pk), name) for pk, name in plans.values_list("pk", "name")),
    ]


def titles_of(refs: Iterable[str]) -> dict[str, str]:
    """What offers are called, also those that aren't for sale any more."""
    ids: dict[str, list[int]] = defaultdict(list)
    for kind, _, number in (ref.partition(":") for ref in refs):
        ids[kind].append(int(number))
    called = {
        "course": Course.objects.values_list("pk", "title"),
        "plan": Plan.objects.values_list("pk", "name"),
        "bundle": Bundle.objects.values_list("pk", "title"),
    }
    return {
        f"{kind}:{pk}": title
        for kind, wanted in ids.items()
        if kind in called
        for pk, title in called[kind].filter(pk__in=wanted)
    }
