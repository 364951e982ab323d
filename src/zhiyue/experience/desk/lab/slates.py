"""One person's slates side by side, each course with what spoke for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import pgettext

from zhiyue.experience.desk.lab import words
from zhiyue.experience.shell.cards import show
from zhiyue.experience.shell.reasons import in_words
from zhiyue.product.catalogue import selectors as catalogue
from zhiyue.product.catalogue.editions import titles_in
from zhiyue.recommend.explaining import Explained, Explanation
from zhiyue.recommend.moves import Placing

# So many of a shelf are shown of each policy.
SLATE_LENGTH = 6


@dataclass(frozen=True, slots=True)
class ShownEvidence:
    """A course that the person acted on, and how much it gave; below 0 it spoke against."""

    title: str
    share: str
    is_against: bool


@dataclass(frozen=True, slots=True)
class ShownPlace:
    """A course in its place.

    live  its place under the live policy, 0 where it isn't there
    score  what the policy itself says of it; empty before a training
    moved  from where re-ranking brought it, and by which step above all
    way  each step, and the place it had after that
    parts  what each part of the policy gave
    """

    position: int
    title: str
    cover: SafeString
    reason: str
    live: int
    score: str
    moved: str
    way: tuple[tuple[words.Words, int], ...]
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
    cards, titles = catalogue.courses_by_id(shown), titles_in(found[0].language, about)
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
            score=_score(one.placing) if one.placing else "",
            moved=_moved(one, titles),
            way=_way(one, titles),
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
            is_trained=each.is_trained,
            places=tuple(place(one) for one in each.courses[:SLATE_LENGTH] if one.shown.course_id in cards),
        )
        for each in found
    ]
    return sorted(slates, key=lambda slate: not slate.is_live)


def _score(placing: Placing) -> str:
    if placing.score is None:
        return pgettext("slate", "No score of its own, from the popular list")
    return pgettext("slate", "Own score %(score)s") % {"score": f"{placing.score:.3f}"}


def _moved(one: Explained, titles: Mapping[int, str]) -> str:
    if one.placing is None or one.placing.most is None:
        return ""
    is_up = one.shown.position < one.placing.place
    said = (
        pgettext("slate", "lifted from place %(n)s: %(step)s")
        if is_up
        else pgettext("slate", "down from place %(n)s: %(step)s")
    )
    needs_it = titles.get(one.shown.reason.course_id or 0, "")
    step = words.step(one.placing.most.step, is_up=is_up, needs_it=needs_it)
    return said % {"n": one.placing.place, "step": step}


def _way(one: Explained, titles: Mapping[int, str]) -> tuple[tuple[words.Words, int], ...]:
    """From the place of its own score, step by step; empty where it stands there."""
    if one.placing is None or not one.placing.moves:
        return ()
    alone = (
        pgettext("slate", "by its own score alone")
        if one.placing.score is not None
        else pgettext("slate", "by the popular list")
    )
    needs_it = titles.get(one.shown.reason.course_id or 0, "")
    way: list[tuple[words.Words, int]] = [(alone, one.placing.place)]
    for move in one.placing.moves:
        said = words.step(move.step, is_up=move.place < way[-1][1], needs_it=needs_it)
        way.append((said, move.place))
    return tuple(way)


def _evidence(course_id: int, share: float, titles: Mapping[int, str]) -> ShownEvidence:
    return ShownEvidence(titles.get(course_id, str(course_id)), f"{share:+.3f}", share < 0)
