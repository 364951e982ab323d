"""What people choose: how liking, place, price and a message turn into a chance. Nothing is drawn here but shelves."""

import numpy as np
from scipy.special import expit

from zhiyue.engine.simulate.chance import Bools, Floats, Ints
from zhiyue.engine.simulate.parameters import Parameters
from zhiyue.engine.simulate.people import Role


def examined(parameters: Parameters, places: int) -> Floats:
    """(places,) the chance that a place of a shelf is looked at: 1/place^power, whoever looks."""
    return np.asarray(np.arange(1, places + 1) ** -parameters.choice.examination_power, dtype=np.float64)


def attracted(parameters: Parameters, liking: Floats) -> Floats:
    """The chance that a course that was looked at is chosen."""
    return np.asarray(
        expit(parameters.choice.attraction_base + parameters.choice.attraction_liking * liking),
        dtype=np.float64,
    )


def shelf(
    weight: Floats, noise: Floats, open_to: Bools, *, length: int, exploring: float
) -> tuple[Ints, Floats]:
    """Shelves drawn by Plackett and Luce: (N, length) courses in their order and, for each, the chance that it was
    put there given those above it. `weight` (C,) is a logit, `noise` (N, C) standard Gumbel.

    Where fewer are open to somebody their row ends in courses of chance 0. With `exploring` 0 the order is that of
    the weights and each chance 1.
    """
    score = np.where(open_to, weight + exploring * noise, -np.inf)
    order = np.argsort(-score, axis=1, kind="stable")[:, :length]
    listed = np.take_along_axis(open_to, order, axis=1)
    if exploring == 0:
        return order, listed.astype(np.float64)
    mass = np.where(open_to, np.exp((weight - weight.max()) / exploring), 0.0)
    taken = np.take_along_axis(mass, order, axis=1)
    above = np.cumsum(taken, axis=1) - taken
    left = np.maximum(mass.sum(axis=1, keepdims=True) - above, np.finfo(np.float64).tiny)
    return order, np.asarray(np.where(listed, np.minimum(taken / left, 1.0), 0.0), dtype=np.float64)


def takes(
    parameters: Parameters,
    *,
    liking: Floats,
    price_fen: Floats,
    reference_fen: Floats,
    purse_fen: Floats,
    previewed: Bools,
    tried: Bools | None = None,
) -> Floats:
    """The chance that somebody on the page of a course takes it.

    logit = base + by liking + preview (its free lesson was finished) + tried (it is, or was, tried) + free, or
    − purse · max(0, ln(price / purse)) − reference · (price / usual price − 1).
    """
    wanted = parameters.choice
    logit = wanted.buy_base + wanted.buy_liking * liking + wanted.buy_preview * previewed
    dear = np.maximum(np.log(np.maximum(price_fen, 1.0) / purse_fen), 0.0)
    priced = -wanted.buy_purse * dear - wanted.buy_reference * (price_fen / reference_fen - 1)
    logit = logit + np.where(price_fen > 0, priced, wanted.buy_free)
    if tried is not None:
        logit = logit + parameters.lending.buy_tried * tried
    return np.asarray(expit(logit), dtype=np.float64)


def hesitates(parameters: Parameters, *, likely: Floats, drawn: Floats) -> Bools:
    """Who doesn't take a course, by what was drawn of them, but comes as far as the checkout: so many, for each who
    takes it, as `hesitation` says."""
    return in_band(likely, drawn, after=1.0, width=parameters.choice.hesitation)


def in_band(likely: Floats, drawn: Floats, *, after: float, width: float) -> Bools:
    """Who doesn't take a course, by what was drawn of them, but is the next nearest to it: `width` for each who takes
    it, beyond the first `after`."""
    return np.asarray((drawn >= likely * after) & (drawn < likely * (after + width)), dtype=np.bool_)


def interacting(parameters: Parameters, role: Ints) -> Floats:
    """How much of the full rate of interacting (saving, and what comes later: asking, rating) each role has: 90-9-1."""
    return np.asarray(np.where(role == Role.LURKER, parameters.choice.lurker_share, 1.0), dtype=np.float64)


def responds_to_message(
    parameters: Parameters, *, expected_a_week: Floats, responsiveness: Floats, messages_before: Ints
) -> tuple[Floats, Floats]:
    """The two chances of a visit within a week: without a message and with one. Both are told, so that what measures
    the effect of a campaign can be held against the truth.

    expected_a_week: sittings to be expected anyway. messages_before: those of the last 28 days, each of which takes
    `weariness` of the effect that is left. An effect below 0 isn't softened by them.
    """
    without = 1 - np.exp(-expected_a_week)
    kept = np.where(responsiveness > 0, (1 - parameters.message.weariness) ** messages_before, 1.0)
    return np.asarray(without, dtype=np.float64), np.asarray(
        np.clip(without + responsiveness * kept, 0.0, 1.0), dtype=np.float64
    )
