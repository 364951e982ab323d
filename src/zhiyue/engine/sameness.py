"""Texts that are nearly the same: how much of the shorter stands in the longer too, and which passages they share.

Likeness of subject isn't meant here: that is `recommenders.content`.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from scipy.sparse import csr_array

# A Chinese character, or a word of another script: so that a shingle is about as telling in both.
_TOKEN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]|[^\W_\u3400-\u9fff\uf900-\ufaff]+")
SHINGLE = 4
ROWS_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Pair:
    """Texts number `first` and `second` (first < second), and the share of the smaller that is in the other."""

    first: int
    second: int
    share: float


def shingles(text: str, *, one_in: int = 1) -> frozenset[int]:
    """CRC-32 of every run of SHINGLE tokens, each once. NFKC and lower case first; punctuation, white space and
    Markdown's signs are no tokens, so that laying a text out anew changes nothing.

    one_in  keeps only the numbers it divides: 8 makes texts and their comparison 8 times smaller, and a share an
            estimate with a standard error of about √(share (1 − share) one_in / shingles of the smaller text).
            Source: Broder 1997.
    """
    if one_in < 1:
        raise ValueError("one_in must be 1 or more")
    tokens = _TOKEN.findall(unicodedata.normalize("NFKC", text).lower())
    runs = (tokens[at : at + SHINGLE] for at in range(len(tokens) - SHINGLE + 1))
    numbers = (crc32("\0".join(run).encode()) for run in runs)
    return frozenset(number for number in numbers if number % one_in == 0)


def containment(first: frozenset[int], second: frozenset[int]) -> float:
    """|A ∩ B| / min(|A|, |B|), 0 to 1; 0 where one has no shingle. Source: Broder 1997."""
    smaller = min(len(first), len(second))
    return len(first & second) / smaller if smaller else 0.0


def alike(texts: Sequence[frozenset[int]], *, at_least: float) -> list[Pair]:
    """Every pair whose containment is `at_least` so much, the most alike first.

    Texts of less than 20 shingles are left out: in so few words a share says nothing.
    """
    sizes = [len(text) if len(text) >= 20 else 0 for text in texts]
    if not any(sizes):
        return []
    numbers = np.concatenate([np.fromiter(text, dtype=np.int64, count=len(text)) for text in texts])
    _, columns = np.unique(numbers, return_inverse=True)
    starts = np.concatenate(([0], np.cumsum([len(text) for text in texts])))
    held = csr_array((np.ones(len(columns), dtype=np.int32), columns, starts))
    pairs: list[Pair] = []
    for low in range(0, len(texts), ROWS_AT_ONCE):
        common = (held[low : low + ROWS_AT_ONCE] @ held.T).tocoo()
        for row, second, count in zip(common.row, common.col, common.data, strict=True):
            first = low + int(row)
            smaller = min(sizes[first], sizes[second])
            if first < second and smaller and count >= at_least * smaller:
                pairs.append(Pair(first, int(second), float(count / smaller)))
    return sorted(pairs, key=lambda pair: (-pair.share, pair.first, pair.second))


def shared_passages(first: str, second: str, *, at_least_tokens: int = 12, most: int = 6) -> list[str]:
    """The longest passages of `first`, as they stand in it, all of whose shingles are in `second`; longest first."""
    theirs = shingles(second)
    # Character by character, so that each place leads back to the text as it stands.
    folded = [unicodedata.normalize("NFKC", letter).lower() for letter in first]
    places = [at for at, letters in enumerate(folded) for _ in letters]
    found = list(_TOKEN.finditer("".join(folded)))
    tokens = [match[0] for match in found]
    passages: list[tuple[int, int]] = []
    begun: int | None = None
    for at in range(len(tokens) - SHINGLE + 2):
        run = tokens[at : at + SHINGLE]
        is_shared = len(run) == SHINGLE and crc32("\0".join(run).encode()) in theirs
        if is_shared and begun is None:
            begun = at
        elif not is_shared and begun is not None:
            end = at + SHINGLE - 2
            if end - begun + 1 >= at_least_tokens:
                passages.append((begun, end))
            begun = None
    passages.sort(key=lambda passage: (passage[0] - passage[1], passage[0]))
    cut = [first[places[found[start].start()] : places[found[end].end() - 1] + 1] for start, end in passages]
    return list(dict.fromkeys(cut))[:most]
