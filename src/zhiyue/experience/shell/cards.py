"""Courses as pages show them: cards with their covers, in shelves and grids that say why they are there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from zhiyue.collect.slates import signed
from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell import covers
from zhiyue.product.catalogue.kinds import CourseCard
from zhiyue.product.commerce.offers import course_ref

Words = str | Promise


@dataclass(frozen=True, slots=True)
class ShownCourse:
    """A course on a card. `position` counts from 1; `reason` names the act or fact it is shown for; `propensity` is
    the chance with which it stands there.

    Where it was searched for, `title` and `why` are its title and what speaks for it, with what was found marked.
    """

    course: CourseCard
    cover: SafeString
    position: int
    reason: Words = ""
    learners: int = 0
    title: SafeString | str = ""
    why: SafeString | str = ""
    propensity: float = 1.0

    @property
    def topic(self) -> str:
        return topic_name(self.course)

    def price(self, flash_prices: Mapping[str, int]) -> "CardPrice":
        """`flash_prices` are those that hold now, by offer."""
        usual, listed = self.course.price_fen, self.course.list_price_fen
        flash = flash_prices.get(course_ref(self.course.id), usual) if usual else usual
        if flash < usual:
            return CardPrice(yuan(flash), yuan(usual), is_flash=True)
        return CardPrice(yuan(usual) if usual else "", yuan(listed) if usual and listed else "")


@dataclass(frozen=True, slots=True)
class CardPrice:
    """`now`, "" where it is free; and what is crossed out beside it: the usual price where it `is_flash`, else the list
    price, "" where there is none."""

    now: str
    crossed: str
    is_flash: bool = False


@dataclass(frozen=True, slots=True)
class Shelf:
    """A slate as a page shows it. `key` and `policy` are what impressions and choices are told under; where the policy
    was drawn by lot, the `contest` and its chance there too; `made_for` whom, "": anybody. One that
    `could_be_personal` is the same for everybody only because who looks hasn't consented to personalisation."""

    key: str
    title: Words
    reason: Words = ""
    policy: str = ""
    more_url: str = ""
    items: Sequence[ShownCourse] = field(default_factory=tuple)
    could_be_personal: bool = False
    contest: int | None = None
    policy_chance: float = 1.0
    made_for: str = ""

    @property
    def slate(self) -> str:
        """What browsers tell it under: a showing of its own each time."""
        return signed(
            self.key,
            policy=self.policy,
            courses=[item.course.id for item in self.items],
            chances={item.course.id: item.propensity for item in self.items},
            contest=self.contest,
            policy_chance=self.policy_chance,
            made_for=self.made_for,
        )

    @property
    def is_suggested(self) -> bool:
        """It is chosen for who looks, who may say what isn't for them."""
        return self.key in ("for-you", "interests", "start")

    @property
    def is_personal(self) -> bool:
        """It knows something of who looks."""
        return self.key in ("for-you", "interests")


def show(
    cards: Sequence[CourseCard],
    *,
    reasons: Mapping[int, Words] | None = None,
    learners: Mapping[int, int] | None = None,
    propensities: Mapping[int, float] | None = None,
) -> list[ShownCourse]:
    """Cards in this order, their covers unlike their neighbours'. `reasons`, `learners`, `propensities` (1 where none
    is given) are by course id."""
    worn = covers.dress([(card.slug, card.topic_slug) for card in cards])
    return [
        ShownCourse(
            course=card,
            cover=cover_of(card, wear),
            position=position,
            reason=(reasons or {}).get(card.id, ""),
            learners=(learners or {}).get(card.id, 0),
            propensity=(propensities or {}).get(card.id, 1.0),
        )
        for position, (card, wear) in enumerate(zip(cards, worn, strict=True), start=1)
    ]


def cover_of(card: CourseCard, wear: covers.Wear | None = None) -> SafeString:
    return covers.draw(
        slug=card.slug, topic=card.topic_slug, keyword=card.keyword, wear=wear, picture=card.picture
    )


def topic_name(card: CourseCard) -> str:
    """A topic's name in the reader's language, as far as the academy gave one."""
    return in_language(card.topic_name, card.topic_name_en)


def in_language(chinese: str, english: str) -> str:
    return chinese if (get_language() or "zh").startswith("zh") else english or chinese
