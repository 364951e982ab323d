"""What was found, marked in the text as people wrote it. Only `<mark>` comes out as HTML; all else is escaped."""

from collections.abc import Iterable, Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from zhiyue.engine import terms

PASSAGE_LENGTH = 96
_BEFORE = 24
_ENDS = "。！？!?；;\n"


class Marker:
    """Marks the same words in many texts."""

    def __init__(self, marks: Iterable[str]) -> None:
        self._han: list[str] = []
        self._others: set[str] = set()
        for mark in marks:
            self._han += terms.han_runs(mark)
            for _, _, found in terms.latin_words(mark):
                self._others.update(found)
        # Longer ones first, so that a word is marked as a whole.
        self._han = sorted(dict.fromkeys(self._han), key=len, reverse=True)

    def marked(self, text: str) -> SafeString:
        """The whole text."""
        return _written(text, self._spans(text))

    def passage(self, text: str, length: int = PASSAGE_LENGTH) -> SafeString:
        """The part of a text where most of the words stand together, or its beginning."""
        spans = self._spans(text)
        start = _start(text, spans, length)
        end = min(len(text), start + length)
        inside = [(max(a, start) - start, min(b, end) - start) for a, b in spans if a < end and b > start]
        before, after = "…" if start else "", "…" if end < len(text) else ""
        return format_html("{}{}{}", before, _written(text[start:end], inside), after)

    def _spans(self, text: str) -> list[tuple[int, int]]:
        """Where marks stand in `text`: in order, not touching each other."""
        folded, origin = _folded(text)
        taken = [False] * len(folded)
        for word in self._han:
            at = folded.find(word)
            while at >= 0:
                taken[at : at + len(word)] = [True] * len(word)
                at = folded.find(word, at + len(word))
        if self._others:
            for begin, end, found in terms.latin_words(folded):
                if not self._others.isdisjoint(found):
                    taken[begin:end] = [True] * (end - begin)
        return _merged(sorted({origin[at] for at, is_taken in enumerate(taken) if is_taken}))


def _folded(text: str) -> tuple[str, list[int]]:
    """The text folded, and for each folded sign the place of the one it came from."""
    whole = terms.fold(text)
    if len(whole) == len(text):
        return whole, list(range(len(text)))
    signs: list[str] = []
    origin: list[int] = []
    for at, sign in enumerate(text):
        plain = terms.fold_sign(sign)
        signs.append(plain)
        origin += [at] * len(plain)
    return "".join(signs), origin


def _merged(places: Sequence[int]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for at in places:
        if spans and spans[-1][1] == at:
            spans[-1] = (spans[-1][0], at + 1)
        else:
            spans.append((at, at + 1))
    return spans


def _start(text: str, spans: Sequence[tuple[int, int]], length: int) -> int:
    """Where a passage begins: a little before the fullest stretch, after the end of a sentence where one is near."""
    if not spans or len(text) <= length:
        return 0
    room = length - _BEFORE

    def fullness(begin: int) -> int:
        return len({text[a:b].lower() for a, b in spans if begin <= a < begin + room})

    begin = max((a for a, _ in spans[:200]), key=lambda a: (fullness(a), -a))
    earliest = max(0, min(begin - _BEFORE, len(text) - length))
    ends = [at for at in range(earliest, begin) if text[at] in _ENDS]
    start = ends[-1] + 1 if ends else earliest
    return start + (len(text[start:begin]) - len(text[start:begin].lstrip()))


def _written(text: str, spans: Sequence[tuple[int, int]]) -> SafeString:
    pieces: list[tuple[SafeString | str]] = []
    at = 0
    for begin, end in spans:
        pieces += [(text[at:begin],), (format_html("<mark>{}</mark>", text[begin:end]),)]
        at = end
    return format_html_join("", "{}", [*pieces, (text[at:],)])
