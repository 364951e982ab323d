"""What a course's pages say that it costs who looks: what the checkout will ask of them, and why."""

from dataclasses import dataclass

from django.utils.translation import pgettext

from zhiyue.core.accounts.models import User
from zhiyue.core.kit.money import yuan
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.flash import Flash
from zhiyue.product.commerce.models import Coupon
from zhiyue.product.commerce.offers import course_offer
from zhiyue.product.commerce.quoting import Priced, before_coupons, newcomers_price, priced


@dataclass(frozen=True, slots=True)
class CoursePrice:
    """`now` is what the checkout asks of a member, with the coupons that it finds for them, and of a visitor before
    coupons; `newcomers` what it will ask of a visitor who signs up today. The usual price is crossed out where it is
    more."""

    course: Course
    now: Priced | None = None
    newcomers: Priced | None = None

    @property
    def price_fen(self) -> int:
        return self.now.total_fen if self.now else self.course.price_fen

    @property
    def without_coupons_fen(self) -> int:
        """What search engines are told: coupons are some people's."""
        return self.now.lowered_fen if self.now else self.course.price_fen

    @property
    def is_lowered(self) -> bool:
        return self.price_fen < self.course.price_fen

    @property
    def price(self) -> str:
        return yuan(self.price_fen)

    @property
    def list_price(self) -> str:
        crossed = self.course.price_fen if self.is_lowered else self.course.list_price_fen
        return yuan(crossed) if crossed else ""

    @property
    def flash(self) -> Flash | None:
        return self.now.flash if self.now else None

    @property
    def why(self) -> str:
        """A line about coupons: those in the price, or what a newcomer would save; "" where there are none."""
        if self._named:
            words = pgettext("price", "With %(coupons)s you pay %(price)s")
            return words % {"coupons": self._named, "price": self.price}
        if not (self.newcomers and self.newcomers.chosen):
            return ""
        for_newcomers = any(one.audience == Coupon.Audience.NEWCOMERS for one in self.newcomers.chosen)
        words = (
            pgettext("price", "New here: %(amount)s off")
            if for_newcomers
            else pgettext("price", "Once you are signed in: %(amount)s off")
        )
        return words % {"amount": yuan(self.price_fen - self.newcomers.total_fen)}

    @property
    def why_shortly(self) -> str:
        """The same beside the price, where there is little room."""
        return pgettext("price", "with %(coupons)s") % {"coupons": self._named} if self._named else self.why

    @property
    def _named(self) -> str:
        chosen = self.now.chosen if self.now else ()
        return " + ".join(pgettext("price", "“%(title)s”") % {"title": one.title} for one in chosen)

    @property
    def for_pages(self) -> dict[str, object]:
        """As `site/parts/course_price.html`, `price_why.html` and `flash.html` read it."""
        return {
            "price": self.price,
            "price_why": self.why,
            "price_why_shortly": self.why_shortly,
            "list_price": self.list_price,
            "price_fen": self.price_fen,
            "is_lowered": self.is_lowered,
            "flash": self.flash,
        }


def course_price(course: Course, user: User | None, *, can_be_bought: bool) -> CoursePrice:
    """What lowers it is asked for only where it can be had."""
    if not can_be_bought:
        return CoursePrice(course)
    offer = course_offer(course)
    if user is not None:
        return CoursePrice(course, priced(user, offer))
    now = before_coupons(None, [offer])[offer.ref]
    return CoursePrice(course, now, newcomers_price(offer, now))


def flash_now(course: Course, user: User | None) -> Flash | None:
    """The flash price that a course has for who looks."""
    offer = course_offer(course)
    return before_coupons(user, [offer])[offer.ref].flash
