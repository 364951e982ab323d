"""Reads of the index. Who may find what is decided by the caller's scopes."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from zhiyue.core.kit import clock
from zhiyue.engine import spelling, terms
from zhiyue.facilities.search import questions
from zhiyue.facilities.search.engines import Wanted, asking, matches
from zhiyue.facilities.search.kinds import Found, Group, Hit
from zhiyue.facilities.search.marking import Marker
from zhiyue.facilities.search.models import Document, Synonyms
from zhiyue.facilities.search.questions import Question, Unit, Way
from zhiyue.facilities.search.ranking import Row, in_face, ranked
from zhiyue.facilities.search.words import vocabulary

# With so few answers, words inside longer words are looked for too.
_FEW = 3
# So many words that a begun one may become are looked for.
_BEGUN = 8
# In so many ways a part of a question may be found.
_MOST_CHOICES = 12

Groups = Mapping[str, Sequence[str]]
_Rows = list[tuple[float, Row]]
_Ranked = dict[str, tuple[_Rows, bool]]
_COLUMNS = (
    "pk", "kind", "ref", "is_open", "boost", "title", "title_terms", "secondary_terms", "tags_terms", "body_terms",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Try:
    """One way to understand a question, and what to say of it."""

    question: Question
    choices: tuple[tuple[Unit, ...], ...]
    meant: str = ""
    is_near: bool = False

    @property
    def is_inside(self) -> bool:
        units = self.question.units
        return any(term.startswith(terms.PAIR) for unit in units for way in unit.ways for term in way.terms)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Where is looked, and for whom."""

    groups: Groups
    scopes: tuple[int, ...] = ()
    own_words: frozenset[str] = frozenset()


def find(
    typed: str,
    *,
    groups: Groups,
    scopes: Sequence[int] = (),
    own_words: Collection[str] = (),
    limit: int = 10,
    skip: int = 0,
) -> Found:
    """What answers the question, by group (name → kinds), for a reader of `scopes`. Of the kinds in `own_words` only
    what holds some of it in its own title or body.

    All words first; where little is found, words inside words; where nothing is, what may have been meant, and at
    last what fits in part.
    """
    best, taken = _best_try(
        questions.read(typed, synonym_groups()), _Reader(groups, tuple(scopes), frozenset(own_words))
    )
    if taken is None:
        return Found(groups={name: Group() for name in groups})
    shown = {name: rows[skip : skip + limit] for name, (rows, _) in best.items()}
    hits = _hits([one for rows in shown.values() for one in rows], Marker(taken.question.marks))
    return Found(
        groups={
            name: Group(tuple(hits[row.pk] for _, row in shown[name]), len(rows), is_more)
            for name, (rows, is_more) in best.items()
        },
        meant=taken.meant,
        is_near=taken.is_near,
        marks=taken.question.marks,
    )


def _best_try(question: Question, reader: _Reader) -> tuple[_Ranked, _Try | None]:
    best: _Ranked = {name: ([], False) for name in reader.groups}
    taken: _Try | None = None
    with asking():
        for one in _tries(question):
            if taken is not None and _is_enough(taken, _count(best), one):
                break
            found = _ranked(one, reader)
            if _count(found) > _count(best):
                best, taken = found, one
    return best, taken


def suggest(typed: str, *, kinds: Sequence[str], limit: int = 8) -> Found:
    """Open things that what was typed so far may become, the likeliest first, as one group `all`; else what it may
    have meant."""
    question = questions.read(typed, synonym_groups())
    if not question.units:
        return Found(groups={"all": Group()})
    begun = _unfinished(question)
    reader = _Reader({"all": tuple(kinds)})
    with asking():
        ranked_rows, _ = _ranked(_Try(begun, (begun.units,)), reader)["all"]
    rows = [one for one in ranked_rows if in_face(one[1], begun)][:limit]
    if rows:
        hits = _hits(rows, Marker(begun.marks))
        return Found(groups={"all": Group(tuple(hits[row.pk] for _, row in rows), len(rows))})
    return find(typed, groups=reader.groups, limit=limit)


def indexed_refs(kind: str) -> QuerySet[Document, int]:
    """The refs of everything of a kind that has an open row."""
    return Document.objects.filter(kind=kind, is_open=True).values_list("ref", flat=True)


def synonym_groups() -> list[list[str]]:
    """Groups of words that count as each other, folded."""
    groups = Synonyms.objects.values_list("words", flat=True)
    return [[terms.fold(word) for word in words] for words in groups]


def all_synonyms() -> list[Synonyms]:
    """As people wrote them, the oldest first."""
    return list(Synonyms.objects.all())


def _tries(question: Question) -> Iterator[_Try]:
    if not question.units:
        return
    yield _Try(question, (question.units,))
    within = questions.inside(question)
    yield _Try(within, (within.units,))
    meant = spelling.corrected(question.folded, vocabulary())
    if meant != question.folded:
        better = questions.inside(questions.read(meant, synonym_groups()))
        yield _Try(better, (better.units,), meant=meant)
    near = _in_part(question)
    if near:
        yield near


def _is_enough(taken: _Try, count: int, following: _Try) -> bool:
    """A few answers of unknown words are given up for many of the word that was meant; else any answer stands."""
    if count >= _FEW or following.is_near:
        return True
    return bool(following.meant) and not taken.question.has_unknown


def _unfinished(question: Question) -> Question:
    """The question with its last word only begun: Chinese by its pairs, in letters every word that begins so."""
    within = questions.inside(question)
    last = question.units[-1]
    if not last.text.isascii() or len(last.text) < 2:
        return within
    counts = vocabulary().counts
    begun = sorted(
        (word for word in counts if word.startswith(last.text)), key=lambda word: (-counts[word], word)
    )
    ways = [
        Way(way, questions.WORD)
        for word in begun[:_BEGUN]
        for _, all_ways in terms.asked_words(word)
        for way in all_ways
    ]
    unit = Unit(last.text, tuple(dict.fromkeys([*last.ways, *ways])), (last.text, *begun[:_BEGUN]))
    return Question(question.folded, (*within.units[:-1], unit))


def _in_part(question: Question) -> _Try | None:
    """Every word but one, or every pair of characters but two neighbours: what remains of a question misremembered."""
    units = question.units
    choices = [units[:at] + units[at + 1 :] for at in range(len(units))] if len(units) > 1 else []
    parts = tuple(_pair(pair) for pair in terms.pairs(question.folded) if len(pair) > 2)
    for gap in (1, 2):
        if len(parts) - gap >= max(1, len(parts) / 2):
            choices += [parts[:at] + parts[at + gap :] for at in range(len(parts) - gap + 1)]
    if not choices:
        return None
    return _Try(Question(question.folded, (*units, *parts)), tuple(choices[:_MOST_CHOICES]), is_near=True)


def _pair(pair: str) -> Unit:
    text = pair.removeprefix(terms.PAIR)
    return Unit(text, (Way((pair,), questions.INSIDE),), (text,))


def _ranked(one: _Try, reader: _Reader) -> _Ranked:
    """What each group holds of it, best first, and whether more matched than was ranked."""
    named = matches(Wanted(one.choices, reader.scopes, one.is_near), reader.groups)
    rows = Document.objects.filter(
        Q(is_open=True) | Q(scope__in=reader.scopes),
        pk__in=[pk for ids, _ in named.values() for pk in ids],
        since__lte=clock.now(),
    )
    columns = (*_COLUMNS, "pairs", "body") if one.is_inside else _COLUMNS
    by_id = {values[0]: Row(*values) for values in rows.values_list(*columns)}
    return {
        name: (
            ranked([by_id[pk] for pk in ids if pk in by_id], one.question, own_words=reader.own_words),
            is_more,
        )
        for name, (ids, is_more) in named.items()
    }


def _count(found: _Ranked) -> int:
    return sum(len(rows) for rows, _ in found.values())


def _hits(rows: Sequence[tuple[float, Row]], marker: Marker) -> dict[int, Hit]:
    bodies = dict(Document.objects.filter(pk__in=[row.pk for _, row in rows]).values_list("pk", "body"))
    return {
        row.pk: Hit(
            row.kind, row.ref, marker.marked(row.title), marker.passage(bodies.get(row.pk, "")), score
        )
        for score, row in rows
    }
