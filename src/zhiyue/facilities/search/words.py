"""The words of open titles, which a mistyped word is held against. Each process keeps them until titles change."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max

from zhiyue.core.kit import clock
from zhiyue.engine import terms
from zhiyue.engine.spelling import Vocabulary
from zhiyue.facilities.search.models import Document

# An academy of fifty thousand documents looks for changes every 50 seconds; a small one each time.
_DOCUMENTS_A_SECOND = 1000


@dataclass(frozen=True, slots=True)
class _Kept:
    stamp: tuple[int, datetime | None]
    looked_at: datetime
    words: Vocabulary


_kept: _Kept | None = None


def vocabulary() -> Vocabulary:
    """Only what everybody may find: a word of a closed text or of a draft is never offered."""
    global _kept  # noqa: PLW0603 - one for the process, replaced as a whole
    now = clock.now()
    if _kept is not None:
        age = abs((now - _kept.looked_at).total_seconds())
        if age < _kept.stamp[0] // _DOCUMENTS_A_SECOND:
            return _kept.words
    found = Document.objects.aggregate(n=Count("pk"), at=Max("changed_at"))
    stamp = (found["n"], found["at"])
    is_same = _kept is not None and _kept.stamp == stamp
    words = _kept.words if _kept is not None and is_same else _read(now)
    _kept = _Kept(stamp, now, words)
    return words


def _read(now: datetime) -> Vocabulary:
    counts: Counter[str] = Counter()
    phrases: dict[str, None] = {}
    rows = Document.objects.filter(is_open=True, since__lte=now).values_list(
        "title", "secondary", "tags", "title_terms", "secondary_terms", "tags_terms"
    )
    for title, secondary, tags, *indexed in rows.iterator(chunk_size=5000):
        found = {term for field in indexed for term in field.split() if not term.isascii() and len(term) > 1}
        # Words in letters as they are written, since they are indexed without their endings.
        folded = terms.fold(f"{title} {secondary} {tags}")
        found.update(folded[begin:end] for begin, end, _ in terms.latin_words(folded))
        counts.update(found)
        phrases.update(dict.fromkeys(terms.han_runs(folded)))
    return Vocabulary(counts, phrases)
