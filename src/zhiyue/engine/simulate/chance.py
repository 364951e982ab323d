"""Chance that can be asked again: each draw is a function of the seed and of what it is about, never of the order of
calls. So one person's day doesn't depend on who else is there."""

from enum import IntEnum
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Keys = npt.NDArray[np.uint64]

_GOLDEN = 0x9E3779B97F4A7C15
_WORD = 2**64 - 1
_FACTOR = np.uint64(_GOLDEN)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_ELEVEN, _THIRTY, _TWENTY_SEVEN, _THIRTY_ONE = (np.uint64(n) for n in (11, 30, 27, 31))


class Stream(IntEnum):
    """What a draw is about. Numbers are never used again: a new draw takes a new one."""

    TRAIT = 1
    INTEREST = 2
    KNOT = 3
    PHASE = 4
    SHIFT = 5
    SHIFT_DAY = 6
    SPELL = 7
    SITTINGS = 8
    HOUR = 9
    HOURS_OWN = 10
    ARRIVAL = 11
    ARRIVAL_SECOND = 12
    PROSPECT = 13
    VISITOR = 14
    CHARM = 15
    SITTING = 16
    SLATE = 17
    LOOK = 18
    READ = 19
    SEARCH = 20
    DIRT = 21
    WAVE = 22
    TURN = 23
    RENEWAL = 24
    GIFT = 25


def uniform(seed: int, stream: Stream, *words: npt.ArrayLike) -> Floats:
    """Uniform on the open interval (0, 1), one for each combination of `words` (whole numbers or keys, broadcast).

    Words are folded in one after the other by the finaliser of SplitMix64 (Steele, Lea and Flood 2014), which passes
    BigCrush as a stream and mixes each bit of a word into each bit of the result.
    """
    return drawn(root(seed, stream, *words))


def root(seed: int, stream: Stream, *words: npt.ArrayLike) -> Keys:
    """What draws about the same things have in common: `drawn(root, word)` is `uniform` with one word more."""
    state = _mixed(np.array([(seed * _GOLDEN + stream) & _WORD], dtype=np.uint64))
    shape = np.broadcast_shapes(*(np.shape(word) for word in words))
    for word in words:
        state = _folded(state, word)
    return state.reshape(shape) if state.size == np.prod(shape, dtype=int) else state


def drawn(state: Keys, *words: npt.ArrayLike) -> Floats:
    """Uniform on (0, 1) for each combination of what `state` is the root of and further words."""
    for word in words:
        state = _folded(state, word)
    return np.asarray(((state >> _ELEVEN).astype(np.float64) + 0.5) * 2.0**-53, dtype=np.float64)


def normal(seed: int, stream: Stream, *words: npt.ArrayLike) -> Floats:
    """Standard normal, as `uniform`."""
    return np.asarray(ndtri(uniform(seed, stream, *words)), dtype=np.float64)


def gumbel(uniform_draw: Floats) -> Floats:
    """Standard Gumbel from uniform draws: log-weights plus these, sorted, are a Plackett–Luce order."""
    return np.asarray(-np.log(-np.log(uniform_draw)), dtype=np.float64)


def poisson(rate: Floats, chance: Floats, most: int) -> Ints:
    """Poisson counts of `rate` by inversion of uniform `chance`, never above `most`."""
    count = np.zeros(np.broadcast(rate, chance).shape, dtype=np.int64)
    term = np.exp(-np.asarray(rate, dtype=np.float64))
    reached = term.copy()
    for step in range(1, most + 1):
        if not (chance > reached).any():
            break
        count += chance > reached
        term = term * rate / step
        reached = reached + term
    return count


def key(*words: object) -> int:
    """A stable 64-bit key of a text."""
    digest = blake2b(" ".join(str(word) for word in words).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def keys(texts: list[str]) -> Keys:
    return np.array([key(text) for text in texts], dtype=np.uint64)


def _folded(state: Keys, word: npt.ArrayLike) -> Keys:
    return _mixed(state ^ (_as_keys(word) * _FACTOR))


def _as_keys(word: npt.ArrayLike) -> Keys:
    """At least one-dimensional: of single numbers numpy warns where they overflow, as they are meant to."""
    if isinstance(word, int):
        return np.array([word & _WORD], dtype=np.uint64)
    found = np.atleast_1d(np.asarray(word))
    return found if found.dtype == np.uint64 else found.astype(np.int64).view(np.uint64)


def _mixed(state: Keys) -> Keys:
    state = state + _FACTOR
    state = (state ^ (state >> _THIRTY)) * _FIRST
    state = (state ^ (state >> _TWENTY_SEVEN)) * _SECOND
    return state ^ (state >> _THIRTY_ONE)
