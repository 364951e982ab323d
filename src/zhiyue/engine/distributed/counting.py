"""Counting that a database does: histories, popularity, and pairs of items, as ibis expressions that DuckDB and Spark
both run. The models they belong to, and their formulas, are in `recommenders`.

Acts are a table with the columns of `kinds.Acts`: user, item, weight, and `order` and `days` where they are known.
"""

import ibis
import numpy as np
import pyarrow as pa
from ibis import _
from scipy.sparse import csr_array

from zhiyue.engine.kinds import Floats
from zhiyue.engine.recommenders.factors import FactorsConfig
from zhiyue.engine.recommenders.item_neighbours import ItemNeighboursConfig
from zhiyue.engine.recommenders.pairs import Damping, Decay
from zhiyue.engine.recommenders.popular import PopularConfig
from zhiyue.engine.recommenders.sequence import SequenceConfig
from zhiyue.engine.recommenders.similarity import Similarity
from zhiyue.engine.recommenders.walks import WalksConfig


def histories(acts: ibis.Table) -> ibis.Table:
    """`matrix.histories`: a row per user and item with the weight of the acts that stand and their newest moment.

    returns  user, item, weight, days (where known), place: 0 for a user's oldest item (without order, by item code)
    """
    stands = _standing(acts)
    speaks_for = stands.weight >= 0
    folded = stands.group_by(["user", "item"]).agg(
        weight=ibis.greatest(stands.weight.sum(), 0.0),
        **{name: stands[name].max(where=speaks_for) for name in _moments(acts)},
    )
    by = [folded.item]
    if "order" in acts.columns:
        # Where no act counts, the oldest moment of all.
        by = [ibis.coalesce(folded.order, stands.order.min().as_scalar()), folded.item]
    placed = folded.mutate(place=ibis.row_number().over(group_by=folded.user, order_by=by))
    return placed.drop("order") if "order" in acts.columns else placed


def taken(folded: ibis.Table, config: FactorsConfig) -> ibis.Table:
    """What `factors` fits: user, item and the weight raised to the power, where it is above 0.

    Raises ValueError for a fit of some people only.
    """
    if config.people is not None:
        raise ValueError("a database fits factors to everybody: for some people one machine is enough")
    return folded.filter(folded.weight > 0).select(
        "user", "item", weight=_powered(folded.weight, config.weight_power)
    )


def popular(folded: ibis.Table, config: PopularConfig) -> ibis.Table:
    """`popular.fit` before it is divided by the largest count: item, count."""
    voice = _powered(folded.weight, config.power)
    if "days" in folded.columns:
        age_days = folded.days.max().as_scalar() - folded.days
        voice *= ibis.literal(0.5) ** (age_days / config.half_life_days)
    heard = folded.mutate(voice=voice).filter(_.weight > 0)
    return heard.group_by("item").agg(count=_.voice.sum())


def neighbours(
    folded: ibis.Table, config: ItemNeighboursConfig | SequenceConfig, *, items: int, ordered: bool
) -> ibis.Table:
    """`item_neighbours.fit` for plain cosines, and `sequence.fit`: item, other, similar. Of equal neighbours the first
    are kept.

    items  how many there are; ordered  whether places say what came first
    Raises ValueError for a weighting, and for Pearson's correlation.
    """
    if isinstance(config, ItemNeighboursConfig) and (
        config.likeness != "cosine" or config.weighting.scheme != "none"
    ):
        raise ValueError("a database counts plain cosines only: no weighting, no correlation")
    damping = Damping(config.from_power, config.to_power, config.shrink, config.temper)
    decay = Decay(config.gap_power, config.gap_scale, config.backward) if ordered else None
    rows = _counted(folded, config.weight_power, config.breadth_power)
    rows = rows.mutate(gives=rows.weight, takes=rows.weight)
    norms = rows.group_by("item").agg(norm=(_.breadth * _.weight * _.weight).sum())
    other = norms.view()
    joint = (
        _joint(rows, decay)
        .join(norms, "item")
        .join(other, _.other == other.item)
        .select("item", "other", "joint", from_norm=_.norm, to_norm=other.norm)
    )
    bottom = (
        _powered(joint.from_norm, damping.from_power) * _powered(joint.to_norm, damping.to_power)
        + damping.shrink
    )
    related = joint.filter(bottom > 0).mutate(similar=_powered(_.joint / bottom, damping.temper))
    return _nearest(related, config, items)


def walks(folded: ibis.Table, config: WalksConfig, *, items: int) -> ibis.Table:
    """`walks.fit`: item, other, similar; `items` as for `neighbours`."""
    rows = _counted(folded, config.weight_power, 0.0)
    by_user, by_item = (ibis.window(group_by=rows[name]) for name in ("user", "item"))
    rows = rows.mutate(
        gives=_powered(rows.weight / rows.weight.sum().over(by_item), config.alpha),
        takes=_powered(rows.weight / rows.weight.sum().over(by_user), config.alpha),
    )
    degrees = rows.group_by("item").agg(degree=_.weight.sum())
    joint = _joint(rows, None)
    joint = joint.join(degrees, joint.other == degrees.item).select(
        joint.item, "other", "joint", degrees.degree
    )
    return _nearest(joint.mutate(similar=_.joint / _powered(_.degree, config.beta)), config, items)


def counts(found: pa.Table, items: int) -> Floats:
    """What `popular` found, (items,)."""
    total = np.zeros(items)
    total[found["item"].to_numpy()] = found["count"].to_numpy()
    return total


def similarity(found: pa.Table, items: int) -> Similarity:
    """What `neighbours` or `walks` found."""
    item, other, similar = (found[name].to_numpy() for name in ("item", "other", "similar"))
    by = np.lexsort((other, item))
    start = np.append(0, np.cumsum(np.bincount(item, minlength=items)))
    # As `matrix` tells the columns of what is counted here.
    kind = np.int32 if len(other) <= np.iinfo(np.int32).max else np.int64
    return Similarity(
        csr_array((similar[by], other[by].astype(kind), start.astype(kind)), shape=(items, items))
    )


def _standing(acts: ibis.Table) -> ibis.Table:
    """`matrix.standing`: acts without those that were taken back, and without what took them back."""
    if "order" not in acts.columns:
        return acts
    same = ibis.window(group_by=[acts.user, acts.item, acts.weight.abs()])
    against = acts.weight < 0
    told = acts.mutate(
        last_back=acts.order.max(where=against).over(same),
        first_done=acts.order.min(where=~against).over(same),
    )
    stands = ibis.ifelse(
        told.weight < 0,
        told.first_done.isnull() | (told.order < told.first_done),
        told.last_back.isnull() | (told.order > told.last_back),
    )
    return told.filter(stands).drop("last_back", "first_done")


def _counted(folded: ibis.Table, weight_power: float, breadth_power: float) -> ibis.Table:
    """`Evidence.of`, without the rows that count nothing: user, item, place, weight, breadth."""
    breadth = _powered(folded.count().over(group_by=folded.user).cast("float64"), -breadth_power)
    told = folded.mutate(breadth=breadth).filter(_.weight > 0)
    return told.select("user", "item", "place", "breadth", weight=_powered(told.weight, weight_power))


def _joint(rows: ibis.Table, decay: Decay | None) -> ibis.Table:
    """`Evidence.joint`: the sum over people of breadth * d(g) * gives_i * takes_j for every two different items.

    Each two items of a person meet once, the earlier on the left, and both directions are counted there; so it costs
    half of what a plain join of everything with everything would.
    returns  item, other, joint
    """
    later = rows.view()
    met = rows.join(later, [rows.user == later.user, rows.place < later.place]).select(
        rows.item,
        other=later.item,
        gap=(later.place - rows.place).cast("float64"),
        forth=rows.breadth * rows.gives * later.takes,
        back=rows.breadth * later.gives * rows.takes,
    )
    if decay is not None:
        far = _powered(1.0 + (met.gap - 1) / decay.gap_scale, -decay.gap_power)
        met = met.mutate(forth=met.forth * far, back=met.back * far * decay.backward)
    is_up = met.item < met.other
    both = met.group_by(low=ibis.least(met.item, met.other), high=ibis.greatest(met.item, met.other)).agg(
        up=ibis.ifelse(is_up, met.forth, met.back).sum(), down=ibis.ifelse(is_up, met.back, met.forth).sum()
    )
    # Each row twice, so that the pairs are summed once: a union of two readings would sum them twice.
    both = both.mutate(turn=ibis.array([0, 1]).unnest())
    is_first = both.turn == 0
    return both.select(
        item=ibis.ifelse(is_first, both.low, both.high),
        other=ibis.ifelse(is_first, both.high, both.low),
        joint=ibis.ifelse(is_first, both.up, both.down),
    ).filter(_.joint > 0)


def _nearest(
    related: ibis.Table, config: ItemNeighboursConfig | SequenceConfig | WalksConfig, items: int
) -> ibis.Table:
    """The largest of each item, in single precision, so that the last bit of a sum doesn't choose."""
    keep = min(config.neighbours, max(1, config.stored_pairs // max(1, items)))
    single = related.select("item", "other", similar=related.similar.cast("float32"))
    by = [single.similar.desc(), single.other]
    ranked = single.mutate(rank=ibis.row_number().over(group_by=single.item, order_by=by))
    return ranked.filter(ranked["rank"] < keep).drop("rank")


def _powered(value: ibis.Value, power: float) -> ibis.Value:
    """value ** power, not reckoned where it is plain; `value` is above 0 wherever it counts."""
    if power == 0:
        return ibis.literal(1.0)
    return value if power == 1 else value**power


def _moments(acts: ibis.Table) -> list[str]:
    return [name for name in ("order", "days") if name in acts.columns]
