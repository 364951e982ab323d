"""A question as typed, read into units: each a word, with everything that counts as that word."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from zhiyue.engine import terms

LONGEST_QUESTION = 60
_MOST_UNITS = 8
WORD, SYNONYM, INSIDE = 1.0, 0.8, 0.6


@dataclass(frozen=True, slots=True)
class Way:
    """Terms that all must stand in a document, and how much that counts beside the word itself."""

    terms: tuple[str, ...]
    worth: float


@dataclass(frozen=True, slots=True)
class Unit:
    """One word of a question. It is found where one of its ways is; `marks` is what to mark of it in a text."""

    text: str
    ways: tuple[Way, ...]
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A question: folded and cut to a bearable length, and its units."""

    folded: str
    units: tuple[Unit, ...]

    @property
    def has_unknown(self) -> bool:
        """Is something of it no word that the cutter knows, or a lone character among words?"""
        lone = any(len(unit.text) == 1 and not unit.text.isascii() for unit in self.units)
        return (lone and len(self.units) > 1) or any(
            unit.ways[0].terms[0].startswith(terms.PAIR) for unit in self.units
        )

    @property
    def marks(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(mark for unit in self.units for mark in unit.marks))


def read(typed: str, synonyms: Sequence[Sequence[str]] = ()) -> Question:
    """Cut a question. Words of `synonyms` (groups of folded words) are found first, the longest ones foremost."""
    folded = " ".join(terms.fold(typed[: 4 * LONGEST_QUESTION]).split())[:LONGEST_QUESTION]
    groups: dict[str, list[str]] = {}
    for group in synonyms:
        for word in group:
            groups.setdefault(word, []).extend(other for other in group if other != word)
    units: list[Unit] = []
    rest = folded
    for word in sorted((word for word in groups if word in folded), key=len, reverse=True):
        at = _position(rest, word)
        if at >= 0:
            units.append(_synonymous(word, groups[word]))
            rest = f"{rest[:at]} {rest[at + len(word) :]}"
    if not units or rest.strip():
        plain = [_plain(text, ways) for text, ways in terms.asked_words(rest)]
        units += [unit for unit in plain if not units or unit.text not in terms.EMPTY_WORDS]
    ordered = sorted(dict.fromkeys(units), key=lambda unit: folded.find(unit.text))
    return Question(folded=folded, units=tuple(ordered[:_MOST_UNITS]))


def inside(question: Question) -> Question:
    """The same question, its Chinese words found inside longer ones too, by their pairs of characters."""
    units = []
    for unit in question.units:
        found = terms.pairs(unit.text)
        ways = (*unit.ways, Way(tuple(found), INSIDE)) if found else unit.ways
        units.append(Unit(unit.text, ways, unit.marks))
    return Question(question.folded, tuple(units))


def _position(text: str, word: str) -> int:
    """Where `word` stands in `text`, -1 if nowhere; one in letters only by itself."""
    at = text.find(word)
    while at >= 0 and _cuts_letters(text, at, at + len(word)):
        at = text.find(word, at + 1)
    return at


def _cuts_letters(text: str, start: int, end: int) -> bool:
    def is_letter(at: int) -> bool:
        return 0 <= at < len(text) and text[at].isascii() and text[at].isalnum()

    return (is_letter(start) and is_letter(start - 1)) or (is_letter(end - 1) and is_letter(end))


def _plain(text: str, ways: Iterable[tuple[str, ...]]) -> Unit:
    return Unit(text, tuple(Way(one, WORD) for one in ways), (text,))


def _synonymous(word: str, others: Iterable[str]) -> Unit:
    ways = [Way(way, WORD) for way in _all_ways(word)]
    marks = [word]
    for other in dict.fromkeys(others):
        ways += [Way(way, SYNONYM) for way in _all_ways(other)]
        marks.append(other)
    return Unit(word, tuple(ways), tuple(marks))


@lru_cache(maxsize=2000)
def _all_ways(phrase: str) -> tuple[tuple[str, ...], ...]:
    """The ways of a phrase of several words: all of its words, each as it is indexed."""
    whole: tuple[tuple[str, ...], ...] = ((),)
    for _, ways in terms.asked_words(phrase):
        whole = tuple((*before, *way) for before in whole for way in ways)[:4]
    return tuple(way for way in whole if way)
