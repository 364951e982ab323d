"""Who people are: traits that stay, and interests that drift. Both are functions of a person's key (and the day)."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from scipy.special import ndtr

from zhiyue.engine.simulate.chance import Bools, Floats, Ints, Keys, Stream, normal, uniform
from zhiyue.engine.simulate.chance import key as key_of
from zhiyue.engine.simulate.kinds import Catalogue
from zhiyue.engine.simulate.parameters import Parameters, Turn, Wave

# So many spells of staying and being away are drawn ahead; with usual lengths they last for decades.
SPELLS = 24
# So many blocks back a shift of interests is looked for.
_BLOCKS_BACK = 8


class Role(IntEnum):
    """What part somebody takes: of a hundred, one makes things, nine add to them, ninety look on."""

    CREATOR = 0
    CONTRIBUTOR = 1
    LURKER = 2


class _Trait(IntEnum):
    RATE = 0
    PURSE = 1
    ROLE = 2
    MESSAGE = 3


@dataclass(frozen=True, eq=False)
class Nature:
    """What stays the same about N people.

    log_rate: sittings a day, natural logarithm. hours (N, 24): cumulative shares of the hours of the day. spells
    (N, 2·SPELLS): days since joining at which staying and being away end, in turn. purse_fen; role; responsiveness:
    what a message adds to the chance of a visit within a week.
    """

    key: Keys
    log_rate: Floats
    hours: Floats
    spells: Floats
    purse_fen: Floats
    role: Ints
    responsiveness: Floats


def nature(parameters: Parameters, key: Keys) -> Nature:
    """Who the people with these keys are."""
    seed, rhythm, choice = parameters.seed, parameters.rhythm, parameters.choice

    def trait(number: _Trait) -> Floats:
        return normal(seed, Stream.TRAIT, key, number)

    hours = np.log(rhythm.hour) + rhythm.hour_spread * normal(
        seed, Stream.HOURS_OWN, key[:, None], np.arange(24)
    )
    weights = np.exp(hours)
    lengths = normal(seed, Stream.SPELL, key[:, None], np.arange(2 * SPELLS))
    lengths[:, 0::2] = rhythm.stay_days * np.exp(rhythm.stay_spread * lengths[:, 0::2])
    lengths[:, 1::2] = rhythm.away_days * np.exp(0.8 * lengths[:, 1::2])
    rank = uniform(seed, Stream.TRAIT, key, _Trait.ROLE)
    edges = np.cumsum([choice.creators, choice.contributors])
    return Nature(
        key=key,
        log_rate=np.log(rhythm.rate) + rhythm.spread * trait(_Trait.RATE),
        hours=np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True),
        spells=np.cumsum(lengths, axis=1),
        purse_fen=choice.purse_fen * np.exp(choice.purse_spread * trait(_Trait.PURSE)),
        role=np.searchsorted(edges, rank, side="right").astype(np.int64),
        responsiveness=parameters.message.lift + parameters.message.lift_spread * trait(_Trait.MESSAGE),
    )


def away(who: Nature, age_days: Floats) -> Bools:
    """Whether each has left for the time being, so many days after joining."""
    return np.asarray((who.spells <= age_days[:, None]).sum(axis=1) % 2 == 1, dtype=np.bool_)


def topic_shares(parameters: Parameters, key: Keys, day: int, topic_keys: Keys, topics: list[str]) -> Floats:
    """(N, T) interests on the simplex: each row adds up to 1. They depend on a topic's name, so that a new topic
    takes from the others in proportion and changes nothing between them.

    The logit of a topic is `concentration` times √(1−δ) b + √δ n(day): b is drawn once (and anew at each of a
    person's shifts), n is a stationary Gaussian process with unit variance, made of knots `knot_days` apart:
    n = cos φ · n_k + sin φ · n_(k+1), φ = ½π · the way between the knots.
    """
    seed, wanted = parameters.seed, parameters.interest
    knot, angle = _way(parameters, key, day)
    own = key[:, None]
    base = normal(seed, Stream.INTEREST, own, topic_keys, _epoch(parameters, key, day)[:, None])
    drift = np.cos(angle)[:, None] * normal(seed, Stream.KNOT, own, topic_keys, knot[:, None])
    drift += np.sin(angle)[:, None] * normal(seed, Stream.KNOT, own, topic_keys, knot[:, None] + 1)
    logits = wanted.concentration * (np.sqrt(1 - wanted.drifting) * base + np.sqrt(wanted.drifting) * drift)
    for wave in parameters.waves:
        if wave.topic in topics and day >= wave.day:
            ramp = min(1.0, (day - wave.day + 1) / max(wave.ramp_days, 1))
            logits[:, topics.index(wave.topic)] += wave.strength * ramp * carried(parameters, key, wave)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float64)


def tag_tastes(parameters: Parameters, key: Keys, day: int, tag_keys: Keys) -> Floats:
    """(N, G) how much each likes a tag, uniform on 0..1 over people; it drifts as topics do."""
    seed, drifting = parameters.seed, parameters.interest.drifting
    knot, angle = _way(parameters, key, day)
    own = key[:, None]
    drift = np.cos(angle)[:, None] * normal(seed, Stream.KNOT, own, tag_keys, knot[:, None])
    drift += np.sin(angle)[:, None] * normal(seed, Stream.KNOT, own, tag_keys, knot[:, None] + 1)
    base = normal(seed, Stream.INTEREST, own, tag_keys)
    return np.asarray(ndtr(np.sqrt(1 - drifting) * base + np.sqrt(drifting) * drift), dtype=np.float64)


def charm(parameters: Parameters, course_id: Ints) -> Floats:
    """(C,) the pull of a course for everybody, charm_floor..1."""
    floor = parameters.interest.charm_floor
    return floor + (1 - floor) * uniform(parameters.seed, Stream.CHARM, course_id)


def liking(parameters: Parameters, key: Keys, day: int, shown: Catalogue) -> Floats:
    """(N, C) how much each likes each course, 0..1: by its topic, its tags and its charm."""
    if not len(shown) or not len(key):
        return np.zeros((len(key), len(shown)))
    names = sorted({course.topic for course in shown.courses})
    shares = topic_shares(parameters, key, day, shown.topic_keys, names)
    topics = (shares / shares.max(axis=1, keepdims=True))[:, shown.topic]
    tags = tag_tastes(parameters, key, day, shown.tag_keys) @ shown.tags.T
    weight = parameters.interest.topic_weight
    found = (weight * topics + (1 - weight) * tags) * charm(parameters, shown.course_id)
    return np.asarray(np.clip(found, 0.0, 1.0), dtype=np.float64)


def carried(parameters: Parameters, key: Keys, wave: Wave) -> Bools:
    """The truth about a planted wave: whom of these people it carries."""
    about = key_of(wave.topic, wave.day)
    return np.asarray(uniform(parameters.seed, Stream.WAVE, key, about) < wave.share, dtype=np.bool_)


def turned(parameters: Parameters, key: Keys, turn: Turn) -> Bools:
    """The truth about planted turns: which of these people have their interests drawn anew on its day."""
    return np.asarray(uniform(parameters.seed, Stream.TURN, key, turn.day) < turn.share, dtype=np.bool_)


def shifts(parameters: Parameters, key: Keys, since: int, until: int) -> list[tuple[int, int]]:
    """The truth about shifts, those of chance and planted turns: (index of the person, day) of every change of
    interests in since..until, in order of days. What finds drift can be held against it."""
    if until < since:
        return []
    blocks = parameters.interest.shift_block_days
    phase = _phase(parameters, key, blocks)
    first = int(((since + phase) // blocks).min()) if len(key) else 0
    last = int(((until + phase) // blocks).max()) if len(key) else -1
    found = []
    for block in range(first, last + 1):
        day = _shift_day(parameters, key, np.full(len(key), block, dtype=np.int64), phase)
        found += [(int(day[n]), int(n)) for n in np.flatnonzero((day >= since) & (day <= until))]
    for turn in parameters.turns:
        if since <= turn.day <= until:
            found += [(turn.day, int(n)) for n in np.flatnonzero(turned(parameters, key, turn))]
    return [(person, day) for day, person in sorted(set(found))]


def _way(parameters: Parameters, key: Keys, day: int) -> tuple[Ints, Floats]:
    """Each person's knot and the angle from it towards the next: knots of different people lie on different days."""
    width = parameters.interest.knot_days
    moved = day + _phase(parameters, key, width)
    return moved // width, np.asarray((moved % width) / width * np.pi / 2, dtype=np.float64)


def _phase(parameters: Parameters, key: Keys, width: int) -> Ints:
    return (uniform(parameters.seed, Stream.PHASE, key, width) * width).astype(np.int64)


def _shift_day(parameters: Parameters, key: Keys, block: Ints, phase: Ints) -> Ints:
    """The day of each person's shift in a block of theirs; -1 where there is none."""
    width = parameters.interest.shift_block_days
    has = uniform(parameters.seed, Stream.SHIFT, key, block) < parameters.interest.shift_share
    within = (uniform(parameters.seed, Stream.SHIFT_DAY, key, block) * width).astype(np.int64)
    return np.asarray(np.where(has, block * width - phase + within, -1), dtype=np.int64)


def _epoch(parameters: Parameters, key: Keys, day: int) -> Ints:
    """The day of each person's latest shift, 0 where there was none lately."""
    phase = _phase(parameters, key, parameters.interest.shift_block_days)
    now = (day + phase) // parameters.interest.shift_block_days
    epoch = np.zeros(len(key), dtype=np.int64)
    for back in range(_BLOCKS_BACK, -1, -1):
        found = _shift_day(parameters, key, now - back, phase)
        epoch = np.where((found > 0) & (found <= day), found, epoch)
    for turn in parameters.turns:
        if turn.day <= day:
            epoch = np.where(turned(parameters, key, turn), np.maximum(epoch, turn.day), epoch)
    return epoch
