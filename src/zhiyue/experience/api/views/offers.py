"""What is for sale: the list, and one offer with its price for whoever asks."""

from typing import Any

from django.db.models import prefetch_related_objects
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from zhiyue.core.accounts.tokens import Scope
from zhiyue.experience.api import examples
from zhiyue.experience.api.endpoint import Endpoint, needs
from zhiyue.experience.api.shapes import offers as shapes
from zhiyue.experience.shell.paying import ways_to_pay
from zhiyue.product.catalogue.selectors import courses_by_id
from zhiyue.product.commerce.bundles import ShownBundle
from zhiyue.product.commerce.checkout import Checkout, checkout_of
from zhiyue.product.commerce.flash import Flash
from zhiyue.product.commerce.for_sale import for_sale, listed
from zhiyue.product.commerce.lending.offered import offered_trial
from zhiyue.product.commerce.lending.trials import TrialOffer
from zhiyue.product.commerce.membership.held import Terms
from zhiyue.product.commerce.membership.plans import courses_in
from zhiyue.product.commerce.models import Plan
from zhiyue.product.commerce.offers import plan_ref
from zhiyue.product.commerce.quoting import Priced

NO_COUPONS = "none"
_LISTED = ("kind", "title", "price_fen", "list_price_fen", "courses", "is_owned")


class Offers(Endpoint):
    is_personal = True

    @needs(Scope.CATALOGUE_READ, shapes.OffersQuery)
    @extend_schema(operation_id="listOffers", tags=["Orders"], responses=shapes.OfferPageShape)
    def get(self, request: Request) -> Response:
        """List what is for sale

        Courses, then bundles, then memberships; of each the newest first. What is free is joined, and isn't here.
        """
        found = self.listed(for_sale(self.asked.get("kind", "")), order=("place", "-number"))
        items = [
            {"offer": one.ref, "flash": _flash(one.flash), **{name: getattr(one, name) for name in _LISTED}}
            for one in listed(found.rows, self.viewer.user)
        ]
        return self.list_answer(found, shapes.ListedOfferShape(items, many=True).data)


class OneOffer(Endpoint):
    is_personal = True
    may_answer = frozenset({409})

    @needs(Scope.CATALOGUE_READ, shapes.OfferQuery)
    @extend_schema(
        operation_id="getOffer", tags=["Orders"], examples=examples.OFFERED, responses=shapes.OfferShape
    )
    def get(self, request: Request, offer: str) -> Response:
        """Get an offer, and what it costs me

        The lines say what the total is made of, in the order in which they apply. Of a membership `plan` says when it
        would run, of a bundle `bundle` what is in it.
        """
        found = checkout_of(self.viewer.user, offer, _coupons(self.asked.get("coupons", "")))
        trial = offered_trial(self.viewer.user, found.offer)
        return Response(shapes.OfferShape(_told(found, trial)).data)


def _coupons(asked: str) -> list[str] | None:
    """As `quoting.priced` takes them; None: the best ones."""
    return ([] if asked == NO_COUPONS else asked.split(",")) if asked else None


def _told(found: Checkout, trial: TrialOffer) -> dict[str, Any]:
    offer, price = found.offer, found.price
    return {
        "offer": offer.ref,
        "kind": offer.kind,
        "title": offer.title,
        "courses": [card.slug for card in courses_by_id(offer.courses).values()],
        "lines": price.lines(),
        "total_fen": price.total_fen,
        "list_price_fen": offer.list_price_fen,
        "flash": _flash(price.flash),
        "coupons": [
            {"code": coupon.mark, "title": coupon.title, "off_fen": off_fen}
            for coupon, off_fen in price.usable
        ],
        "is_owned": found.is_owned,
        "trial": trial if trial.days else None,
        "plan": _plan(offer.plan, offer.terms) if offer.plan and offer.terms else None,
        "bundle": _bundle(offer.bundle, price) if offer.bundle else None,
        "ways_to_pay": [way.key for way in ways_to_pay()],
    }


def _flash(found: Flash | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"price_fen": found.sale.price_fen, "left": found.left, "ends_at": found.sale.ends_at}


def _plan(plan: Plan, terms: Terms) -> dict[str, Any]:
    prefetch_related_objects([plan], "topics")
    names = ("months", "opens_all", "off_percent", "grace_days")
    return {
        **{name: getattr(plan, name) for name in names},
        "topics": [topic.slug for topic in plan.topics.all()],
        "course_count": courses_in([plan])[plan.pk],
        "opens_from": terms.opens_from,
        "opens_until": terms.opens_until,
        "credit_fen": terms.credit_fen,
        "replaces": plan_ref(terms.replaced.pk) if terms.replaced else None,
    }


def _bundle(found: ShownBundle, price: Priced) -> dict[str, Any]:
    parts = [
        {
            "course": course.slug,
            "title": course.title,
            "price_fen": course.price_fen,
            "share_fen": found.shares[course.pk],
            "is_owned": course.pk in found.owned,
        }
        for course in found.courses
    ]
    credit = -sum(line.amount_fen for line in price.quote.lines if line.kind == "credit")
    apart = sum(course.price_fen for course in found.courses if course.pk not in found.owned)
    return {"parts": parts, "credit_fen": credit, "saved_fen": max(apart - price.total_fen, 0)}
