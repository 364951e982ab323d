"""When one person's choices began to come from another mixture of topics, and how far their older ones still count."""

from dataclasses import dataclass

import numpy as np

from zhiyue.engine.kinds import Floats, Ints


@dataclass(frozen=True, slots=True)
class Prior:
    """What is known of people before they choose. `spread`: how many choices the academy's shares are worth for a
    person; small where most have few topics. `fewest`: choices without which nothing can be said; `margin`: at least
    so many lie on either side of a turn. `sure`: the odds from which on a turn is told."""

    spread: float = 2.0
    fewest: int = 12
    margin: int = 4
    sure: float = 20.0


@dataclass(frozen=True, slots=True)
class Turn:
    """One person's turn of taste. `first` is the place of the first choice after it, `earliest` and `latest` of its
    95 % interval; `odds` how much more likely the choices are with a turn than without (a Bayes factor). `before` and
    `after`: shares of topics on both sides, prior included."""

    first: int
    earliest: int
    latest: int
    odds: float
    before: tuple[float, ...]
    after: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Turned:
    """Whether a person turned: `turn`, or None, and then `too_few` says whether it could have been seen at all."""

    turn: Turn | None
    odds: float
    too_few: bool = False


def turned(topics: Ints, shares: Floats, prior: Prior = Prior()) -> Turned:
    """Whether and where the topics of one person's choices, oldest first, began to come from another mixture.

    Each side of a turn is a Dirichlet-multinomial with mean `shares` (topics,), the academy's. The odds are the mean
    over all places of a turn of p(before) · p(after) / p(all). By Markov's inequality a steady person whose mixture the
    prior describes is told a turn with chance 1 / `sure` at most.
    Raises ValueError unless shares are above 0 and sum to 1. Source: Barry and Hartigan 1993 (product partitions).
    """
    found = _places(topics, shares, prior)
    if found is None:
        return Turned(None, 1.0, too_few=True)
    if found.odds < prior.sure:
        return Turned(None, found.odds)
    best = int(np.argmax(found.weight))
    reached = np.cumsum(found.weight)
    # Rounding may leave the last sum below the quantile.
    ends = np.minimum(np.searchsorted(reached, [0.025, 0.975]), len(reached) - 1)
    low, high = found.places[ends].tolist()
    pseudo = prior.spread * shares
    before, after = (_mixture(side[best], pseudo) for side in (found.early, found.late))
    place = int(found.places[best])
    return Turned(Turn(place, min(low, place), max(high, place), found.odds, before, after), found.odds)


def holding(topics: Ints, shares: Floats, prior: Prior = Prior(), *, turns: float = 1.0) -> Floats:
    """(choices,) the chance that each choice, oldest first, still speaks for its person: that no turn came after it.

    It never falls from one choice to the next, and is 1 for the newest. All are 1 where too little is known.
    `turns`: the odds, before anything is known, that somebody turned at all.
    """
    found = _places(topics, shares, prior)
    kept = np.ones(len(topics))
    if found is None:
        return kept
    believed = found.odds * turns / (1 + found.odds * turns)
    later = np.cumsum(found.weight[::-1])[::-1]
    kept[: found.places[0]] = 1 - believed * later[0]
    kept[found.places[0] : found.places[-1]] = 1 - believed * later[1:]
    return np.clip(kept, 0.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """Where a turn may lie (n,), how likely it lies there if there is one, the counts on both sides, and the odds."""

    places: Ints
    weight: Floats
    early: Floats
    late: Floats
    odds: float


def _places(topics: Ints, shares: Floats, prior: Prior) -> _Places | None:
    """None where there are too few choices."""
    if shares.min(initial=1.0) <= 0 or abs(float(shares.sum()) - 1) > 1e-6:
        raise ValueError("shares of topics must be above 0 and sum to 1")
    places = np.arange(prior.margin, len(topics) - prior.margin + 1)
    if len(topics) < prior.fewest or not len(places):
        return None
    counts = np.zeros((len(topics) + 1, len(shares)))
    counts[np.arange(1, len(topics) + 1), topics] = 1.0
    counts = np.cumsum(counts, axis=0)
    pseudo = prior.spread * shares
    # Each choice foretold from those before it (or after it) on its side: the sum of logs is the side's evidence.
    row, seen = np.arange(len(topics)), np.arange(len(topics)) + prior.spread
    from_past = np.log((pseudo[topics] + counts[row, topics]) / seen)
    from_future = np.log((pseudo[topics] + counts[-1, topics] - counts[row + 1, topics]) / seen[::-1])
    forward, backward = np.cumsum(from_past), np.cumsum(from_future[::-1])[::-1]
    gain = forward[places - 1] + backward[places] - forward[-1]
    early, late = counts[places], counts[-1] - counts[places]
    weight = np.exp(gain - gain.max())
    odds = float(np.exp(min(gain.max(), 600.0)) * weight.mean())
    return _Places(places, weight / weight.sum(), early, late, odds)


def _mixture(counts: Floats, pseudo: Floats) -> tuple[float, ...]:
    return tuple(((counts + pseudo) / (counts.sum() + pseudo.sum())).tolist())
