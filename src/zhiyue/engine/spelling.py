"""Words that were meant by words mistyped: nearest by letters, same by sound, or one character off."""

import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from itertools import islice, product
from pathlib import Path

import numpy as np

_LONGEST = 6
# A word of many readings is kept under so many of them.
_READINGS = 8
_COMPARED = 40
# A word in pinyin that may be cut into syllables in more ways than these is looked for by the first ones.
_CUTS = 8


class Vocabulary:
    """The words that may have been meant, with how often each stands somewhere, and the phrases they stand in.

    `nearest` is for words in letters, `same_sound` for what is typed in pinyin, `spoken` for pinyin of what is no word
    but a stretch of a phrase (a name, half a title), `unlike_by_one` for Chinese words.
    """

    def __init__(self, words: Mapping[str, int], phrases: Iterable[str] = ()) -> None:
        self.counts = dict(words)
        self._phrases = phrases
        self._by_pair: defaultdict[str, list[str]] = defaultdict(list)
        self._by_sound: defaultdict[str, list[str]] = defaultdict(list)
        self._by_gap: defaultdict[str, list[str]] = defaultdict(list)
        for word in words:
            if word.isascii():
                for pair in _letter_pairs(word):
                    self._by_pair[pair].append(word)
            elif 2 <= len(word) <= _LONGEST:
                for sound in sounds(word):
                    self._by_sound[sound].append(word)
                for gap in _gaps(word):
                    self._by_gap[gap].append(word)

    def __contains__(self, word: str) -> bool:
        return word in self.counts

    def nearest(self, word: str) -> str | None:
        """The word in letters fewest typing errors away: one in words of 4 and 5, two in longer ones."""
        allowed = 0 if len(word) < 4 else 1 if len(word) < 6 else 2
        shared: Counter[str] = Counter()
        for pair in _letter_pairs(word):
            shared.update(self._by_pair.get(pair, ()))
        likely = [
            other for other, _ in shared.most_common(_COMPARED) if abs(len(other) - len(word)) <= allowed
        ]
        scored = [(typing_errors(word, other), -self.counts[other], other) for other in likely]
        return min((one for one in scored if one[0] <= allowed), default=(0, 0, None))[2]

    def same_sound(self, typed: str) -> str | None:
        """The commonest Chinese word that sounds as `typed` does, in characters or pinyin, and isn't it."""
        asked = [typed] if typed.isascii() else sounds(typed)
        found = {word for sound in asked for word in self._by_sound.get(sound, ()) if word != typed}
        return self._commonest(found)

    def spoken(self, typed: str) -> str | None:
        """The commonest stretch of a phrase that is read as `typed`, two syllables or more; the last may be begun."""
        cuts = [cut for cut in islice(_cuts(typed), _CUTS) if len(cut) > 1]
        found = Counter(stretch for cut in cuts for stretch in self._text.stretches(cut))
        return min(found, key=lambda stretch: (-found[stretch], stretch), default=None)

    @cached_property
    def _text(self) -> "_Text":
        """Made for the first question in pinyin; most vocabularies are never asked one."""
        return _Text("\n".join(self._phrases))

    def unlike_by_one(self, typed: str) -> str | None:
        """The commonest word of three or more characters in which one other character stands."""
        found = {word for gap in _gaps(typed) for word in self._by_gap.get(gap, ()) if word != typed}
        return self._commonest(found)

    def _commonest(self, found: Iterable[str]) -> str | None:
        return min(found, key=lambda word: (-self.counts[word], word), default=None)


class _Text:
    """A text with the places of each of its characters."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
        self._places = np.argsort(self._codes, kind="stable")
        self._sorted = self._codes[self._places]

    def stretches(self, cut: Sequence[str]) -> list[str]:
        """Every stretch of which each character is one of the signs at its place in `cut`."""
        wanted = [np.array([ord(sign) for sign in signs], dtype=np.uint32) for signs in cut]
        ranges = [
            (np.searchsorted(self._sorted, w), np.searchsorted(self._sorted, w, "right")) for w in wanted
        ]
        rarest = min(range(len(cut)), key=lambda at: int((ranges[at][1] - ranges[at][0]).sum()))
        here = [self._places[first:last] for first, last in zip(*ranges[rarest], strict=True)]
        starts = np.concatenate(here) - rarest
        starts = starts[(starts >= 0) & (starts + len(cut) <= len(self._codes))]
        for at, signs in enumerate(wanted):
            starts = starts[np.isin(self._codes[starts + at], signs)]
        return [self._text[start : start + len(cut)] for start in starts.tolist()]


def typing_errors(one: str, other: str) -> int:
    """Letters to put in, leave out, change or swap with their neighbour (optimal string alignment).

    Source: Damerau 1964.
    """
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        row = [i]
        for j, b in enumerate(other, start=1):
            cost = min(last[j] + 1, row[-1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


def sounds(word: str) -> list[str]:
    """How a Chinese word may be read, in pinyin without tones; nothing where a character isn't known."""
    readings = [_readings().get(sign, ()) for sign in word]
    if not all(readings):
        return []
    return ["".join(one) for one, _ in zip(product(*readings), range(_READINGS), strict=False)]


def _cuts(typed: str) -> Iterator[tuple[str, ...]]:
    """The ways to cut pinyin into syllables, longer ones first, each as the characters that are read so."""
    table, begun = _signs(), _begun_signs()
    # From where the end can be reached: without it, the dead ends of a long word would be as many as its cuts.
    leads = [False] * len(typed) + [True]
    for at in reversed(range(len(typed))):
        leads[at] = typed[at:] in begun or any(
            leads[end] and typed[at:end] in table for end in range(at + 1, min(at + 6, len(typed)) + 1)
        )

    def onwards(at: int) -> Iterator[tuple[str, ...]]:
        if at == len(typed):
            yield ()
        for end in range(min(at + 6, len(typed)), at, -1):
            if leads[end] and typed[at:end] in table:
                for rest in onwards(end):
                    yield (table[typed[at:end]], *rest)
        if typed[at:] in begun:
            yield (begun[typed[at:]],)

    return onwards(0)


def _gaps(word: str) -> list[str]:
    return [word[:at] + "*" + word[at + 1 :] for at in range(len(word))] if len(word) >= 3 else []


def _letter_pairs(word: str) -> set[str]:
    framed = f"^{word}$"
    return {framed[at : at + 2] for at in range(len(framed) - 1)}


@cache
def _signs() -> dict[str, str]:
    return tomllib.loads(Path(__file__).with_name("sounds.toml").read_text("utf-8"))


@cache
def _begun_signs() -> dict[str, str]:
    """For what begins a syllable and is none itself: the characters of all that it may become."""
    found: defaultdict[str, str] = defaultdict(str)
    for sound, signs in _signs().items():
        for size in range(1, len(sound)):
            if sound[:size] not in _signs():
                found[sound[:size]] += signs
    return dict(found)


@cache
def _readings() -> dict[str, tuple[str, ...]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for sound, signs in _signs().items():
        for sign in signs:
            found[sign].append(sound)
    return {sign: tuple(read) for sign, read in found.items()}


def corrected(folded: str, words: Vocabulary) -> str:
    """A folded question with its unknown words put right, unchanged where nothing better is known."""
    apart = folded.split()
    if len(apart) > 1 and not all(piece in words for piece in apart):
        # Pinyin is often typed syllable by syllable.
        whole = "".join(apart)
        if whole.isascii() and whole.isalpha() and (meant := words.same_sound(whole) or words.spoken(whole)):
            return meant
    return "".join(_put_right(piece, words) for piece in _pieces(folded))


def _pieces(folded: str) -> list[str]:
    """The text in runs of one sort: Chinese characters, letters, everything else."""
    runs: list[str] = []
    sort = ""
    for sign in folded:
        here = "latin" if sign.isascii() and sign.isalnum() else "han" if "\u3400" <= sign <= "\u9fff" else ""
        if runs and here == sort:
            runs[-1] += sign
        else:
            runs.append(sign)
        sort = here
    return runs


def _put_right(piece: str, words: Vocabulary) -> str:
    if piece.isascii():
        if not piece.isalpha() or piece in words:
            return piece
        return words.nearest(piece) or words.same_sound(piece) or words.spoken(piece) or piece
    done, at = "", 0
    while at < len(piece):
        window, better = _better(piece[at:], words)
        done += better
        at += window
    return done


def _better(rest: str, words: Vocabulary) -> tuple[int, str]:
    """How far the next word reaches, and what it should be: known words stay, longer ones go first."""
    for size in range(min(_LONGEST, len(rest)), 1, -1):
        if rest[:size] in words:
            return size, rest[:size]
    for size in range(min(_LONGEST, len(rest)), 1, -1):
        typed = rest[:size]
        if better := words.same_sound(typed) or words.unlike_by_one(typed):
            return size, better
    return 1, rest[:1]
