"""Where two courses say the same: lesson by lesson, each side as it stands there."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zhiyue.engine.sameness import shared_passages, shingles
from zhiyue.product.catalogue.models import Course, Lesson

# So many passages of one pair of lessons are shown, each so long: enough to judge by.
PASSAGES_AT_MOST = 2
CHARACTERS_AT_MOST = 700
# So many pairs of lessons of one pair of courses.
MEETINGS_AT_MOST = 6
_SIGNS = re.compile(r"[#|>]+|^[ \t]*(?:[-+]|\d{1,9}\.)[ \t]|-{3,}", re.MULTILINE)
# These stand inside words: between Chinese characters a space in their place would look like a mistake.
_EMPHASIS = re.compile(r"[*`]+")
# Each point of a list is a paragraph of its own.
_PARAGRAPHS = re.compile(r"\n[ \t]*\n|\n(?=[ \t]*(?:[-+*]|\d{1,9}\.)[ \t])")

Passage = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A lesson with its text; without a lesson, what stands on the course's own page."""

    lesson: Lesson | None
    text: str


@dataclass(frozen=True, slots=True)
class Side:
    """What one of the two says: where, and the passages as paragraphs, without Markdown's signs."""

    lesson: Lesson | None
    passages: Sequence[Passage]


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two lessons that say something in the same words."""

    one: Side
    other: Side


def pieces_of(course: Course) -> list[Piece]:
    """Everything a course says: its page, then its lessons in order. `course.lessons` are those that count."""
    page = "\n\n".join([course.title, course.subtitle, course.summary, *course.outcomes])
    lessons = [Piece(lesson, f"{lesson.title}\n\n{lesson.body}") for lesson in course.lessons.all()]
    return [Piece(None, page), *lessons]


def meetings(one: Course, other: Course) -> list[Meeting]:
    """The lessons of two courses that share passages, those that share most first. Each lesson of the first meets the
    one of the second with which it has most in common."""
    theirs = pieces_of(other)
    found = [
        (common, Meeting(Side(mine.lesson, left), Side(theirs[best].lesson, right)))
        for mine, best, common in _best(pieces_of(one), theirs)
        if (left := _passages(mine.text, theirs[best].text))
        and (right := _passages(theirs[best].text, mine.text))
    ]
    found.sort(key=lambda pair: -pair[0])
    return [meeting for _, meeting in found[:MEETINGS_AT_MOST]]


def _best(mine: Sequence[Piece], theirs: Sequence[Piece]) -> Iterator[tuple[Piece, int, int]]:
    """Each of my pieces with the number of theirs it has most shingles in common with, and how many."""
    holders: dict[int, list[int]] = defaultdict(list)
    for number, piece in enumerate(theirs):
        for shingle in shingles(piece.text):
            holders[shingle].append(number)
    for piece in mine:
        common = Counter(number for shingle in shingles(piece.text) for number in holders.get(shingle, ()))
        if common:
            yield piece, *common.most_common(1)[0]


def _passages(text: str, other: str) -> list[Passage]:
    cut = shared_passages(text, other, most=PASSAGES_AT_MOST)
    return [_paragraphs(passage) for passage in cut]


def _paragraphs(passage: str) -> Passage:
    """Without Markdown's signs, paragraph by paragraph, and cut where it is long."""
    left, kept = CHARACTERS_AT_MOST, []
    for block in _PARAGRAPHS.split(passage):
        words = " ".join(_EMPHASIS.sub("", _SIGNS.sub(" ", block)).split())
        if not words:
            continue
        kept.append(words if len(words) <= left else f"{words[:left]}…")
        left -= len(words)
        if left <= 0:
            break
    return tuple(kept)
