"""In which order documents answer a question. The same on both databases: they find, here it is ranked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log

from zhiyue.engine import terms
from zhiyue.facilities.search.questions import Question, Unit

TITLE, SECONDARY, TAGS, BODY = 10.0, 5.0, 3.0, 1.0
_SATURATION = 1.5
# The question itself as the title, at its beginning, within it; then within the text.
_WHOLE_TITLE, _TITLE_BEGINS, _IN_TITLE, _IN_BODY = 40.0, 14.0, 10.0, 1.5
# Likeliest titles are short: one word of five says more than one of fifty.
_LENGTH = 0.02
_BOOST = 0.15
# A document of which less than this share of the question was found is no answer.
LEAST_SHARE = 0.4
# A word of more letters doesn't say more.
_TELLING = 4


@dataclass(frozen=True)
class Row:
    """What ranking needs of a document; `pairs` and `text` only where words inside words are asked for."""

    pk: int
    kind: str
    ref: int
    is_open: bool
    boost: float
    title: str
    title_terms: str
    secondary_terms: str
    tags_terms: str
    body_terms: str
    pairs: str = ""
    text: str = ""

    @cached_property
    def title_set(self) -> frozenset[str]:
        return frozenset(self.title_terms.split())

    @cached_property
    def secondary_set(self) -> frozenset[str]:
        return frozenset(self.secondary_terms.split())

    @cached_property
    def tags_set(self) -> frozenset[str]:
        return frozenset(self.tags_terms.split())

    @cached_property
    def folded_title(self) -> str:
        return terms.fold(self.title)

    @cached_property
    def body(self) -> str:
        return f" {self.body_terms} "

    @cached_property
    def pair_set(self) -> frozenset[str]:
        return frozenset(self.pairs.split())


def ranked(
    rows: Sequence[Row], question: Question, *, own_words: Collection[str] = ()
) -> list[tuple[float, Row]]:
    """Rows with their scores, best first; rows that hold too little of the question are left out, and those of the
    kinds in `own_words` whose title and body hold nothing of it.

    Of two rows of one thing (the open one and the whole one) the better stays.
    """
    found = [(row, [_worth(row, unit) for unit in question.units]) for row in rows]
    rarity = [
        1.0 + log((1 + len(found)) / (1 + sum(1 for _, worths in found if worths[at] > 0)))
        for at in range(len(question.units))
    ]
    lengths = [min(len(unit.text), _TELLING) for unit in question.units]
    best: dict[tuple[str, int], tuple[float, Row]] = {}
    for row, worths in found:
        share = sum(size for size, worth in zip(lengths, worths, strict=True) if worth > 0) / sum(lengths)
        if share < LEAST_SHARE or (row.kind in own_words and not _speaks_itself(row, question)):
            continue
        score = sum(rare * worth for rare, worth in zip(rarity, worths, strict=True)) * share * share
        score = (score + _phrase(row, question)) * (1.0 + _BOOST * row.boost)
        key = (row.kind, row.ref)
        if key not in best or (score, not row.is_open) > (best[key][0], not best[key][1].is_open):
            best[key] = (score, row)
    return sorted(best.values(), key=lambda one: (-one[0], one[1].kind, one[1].ref))


def in_face(row: Row, question: Question) -> bool:
    """Does some of the question stand in what a list shows of a row, not only in its text?"""
    face = row.title_set | row.secondary_set | row.tags_set
    return any(
        unit.text in row.folded_title or any(face.issuperset(way.terms) for way in unit.ways)
        for unit in question.units
    )


def _speaks_itself(row: Row, question: Question) -> bool:
    """Does some of the question stand in the title or the body, not only in who teaches it and what it belongs to?"""
    found = {term for unit in question.units for way in unit.ways for term in way.terms}
    return not found.isdisjoint(row.title_set) or any(
        f" {term} " in row.body or (term in row.pair_set and unit.text in (row.folded_title + row.text))
        for unit in question.units
        for way in unit.ways
        for term in way.terms
    )


def _worth(row: Row, unit: Unit) -> float:
    """How much of a unit stands in a row: its best way's, and of that its least term's."""
    return max(way.worth * min(_term(row, term, unit) for term in way.terms) for way in unit.ways)


def _term(row: Row, term: str, unit: Unit) -> float:
    if term.startswith(terms.PAIR):
        return _pair(row, term, unit)
    if term in row.title_set:
        return TITLE / (1.0 + _LENGTH * len(row.title))
    if term in row.secondary_set:
        return SECONDARY
    if term in row.tags_set:
        return TAGS
    times = row.body.count(f" {term} ")
    return BODY * times * (1.0 + _SATURATION) / (times + _SATURATION)


def _pair(row: Row, pair: str, unit: Unit) -> float:
    if pair not in row.pair_set:
        return 0.0
    if unit.text in row.folded_title:
        return TITLE
    # Pairs of a longer word may stand apart.
    return BODY if len(unit.text) <= 2 or unit.text in row.text else 0.0


def _phrase(row: Row, question: Question) -> float:
    title = row.folded_title
    if question.folded == title:
        return _WHOLE_TITLE
    if title.startswith(question.folded):
        return _TITLE_BEGINS
    if question.folded in title:
        return _IN_TITLE
    words = [unit.ways[0].terms for unit in question.units]
    phrase = " ".join(term for way in words for term in way)
    return _IN_BODY if len(words) > 1 and f" {phrase} " in row.body else 0.0
