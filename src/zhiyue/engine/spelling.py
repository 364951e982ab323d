"""Words that were meant by words mistyped: nearest by letters, same by sound, or one character off."""

import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import product
from pathlib import Path

_LONGEST = 6
# A word of many readings is kept under so many of them.
_READINGS = 8
_COMPARED = 40


class Vocabulary:
    """The words that may have been meant, with how often each stands somewhere.

    `nearest` is for words in letters, `same_sound` for what is typed in pinyin, `unlike_by_one` for Chinese words.
    """

    def __init__(self, words: Mapping[str, int]) -> None:
        self.counts = dict(words)
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

    def unlike_by_one(self, typed: str) -> str | None:
        """The commonest word of three or more characters in which one other character stands."""
        found = {word for gap in _gaps(typed) for word in self._by_gap.get(gap, ()) if word != typed}
        return self._commonest(found)

    def _commonest(self, found: Iterable[str]) -> str | None:
        return min(found, key=lambda word: (-self.counts[word], word), default=None)


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


def _gaps(word: str) -> list[str]:
    return [word[:at] + "*" + word[at + 1 :] for at in range(len(word))] if len(word) >= 3 else []


def _letter_pairs(word: str) -> set[str]:
    framed = f"^{word}$"
    return {framed[at : at + 2] for at in range(len(framed) - 1)}


@cache
def _readings() -> dict[str, tuple[str, ...]]:
    table = tomllib.loads(Path(__file__).with_name("sounds.toml").read_text("utf-8"))
    found: defaultdict[str, list[str]] = defaultdict(list)
    for sound, signs in table.items():
        for sign in signs:
            found[sign].append(sound)
    return {sign: tuple(read) for sign, read in found.items()}


def corrected(folded: str, words: Vocabulary) -> str:
    """A folded question with its unknown words put right, unchanged where nothing better is known."""
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
        return words.nearest(piece) or words.same_sound(piece) or piece
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
