"""One person's slates side by side, each course with what spoke for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from zhiyue.experience.desk.lab import words
from zhiyue.experience.shell.cards import show
from zhiyue.experience.shell.reasons import in_words
from zhiyue.product.catalogue import selectors as catalogue
from zhiyue.recommend.explaining import Explained, Explanation
from zhiyue.recommend.selectors import COLD

SLATE_LENGTH = 6


@dataclass(frozen=True, slots=True)
class ShownEvidence:
    """A course that the person acted on, and how much it gave; below 0 it spoke against."""

    title: str
    share: str
    is_against: bool


@dataclass(frozen=True, slots=True)
class ShownPlace:
    """A course in its place. `live`: its place under the live policy, 0 where it isn't there; `parts`: what each part
    of the policy gave, as text."""

    position: int
    title: str
    cover: SafeString
    reason: str
    live: int
    score: str
    parts: tuple[tuple[words.Words, str], ...]
    evidence: tuple[ShownEvidence, ...]


@dataclass(frozen=True, slots=True)
class ShownSlate:
    policy: str
    name: words.Words
    meaning: words.Words
    is_live: bool
    is_trained: bool
    places: tuple[ShownPlace, ...]


def side_by_side(found: Sequence[Explanation], *, live: str) -> list[ShownSlate]:
    """The live one first."""
    shown = {one.shown.course_id for each in found for one in each.courses}
    about = {evidence.course_id for each in found for one in each.courses for evidence in one.evidence}
    about |= {one.shown.reason.course_id or 0 for each in found for one in each.courses}
    cards, titles = catalogue.courses_by_id(shown), catalogue.titles(about)
    covers = {one.course.id: one.cover for one in show(list(cards.values()))}
    places = {
        one.shown.course_id: one.shown.position
        for each in found
        if each.policy == live
        for one in each.courses
    }

    def place(one: Explained) -> ShownPlace:
        course = one.shown.course_id
        return ShownPlace(
            position=one.shown.position,
            title=cards[course].title,
            cover=covers[course],
            reason=in_words(one.shown.reason, titles),
            live=places.get(course, 0),
            score=f"{one.shown.score:.3f}",
            parts=tuple((words.policy(name), f"{score:.3f}") for name, score in one.parts.items()),
            evidence=tuple(
                _evidence(evidence.course_id, evidence.share, titles) for evidence in one.evidence
            ),
        )

    slates = [
        ShownSlate(
            policy=each.policy,
            name=words.policy(each.policy),
            meaning=words.meaning(each.policy),
            is_live=each.policy == live,
            is_trained=each.version != COLD,
            places=tuple(place(one) for one in each.courses if one.shown.course_id in cards),
        )
        for each in found
    ]
    return sorted(slates, key=lambda slate: not slate.is_live)


def _evidence(course_id: int, share: float, titles: Mapping[int, str]) -> ShownEvidence:
    return ShownEvidence(titles.get(course_id, str(course_id)), f"{share:+.3f}", share < 0)
