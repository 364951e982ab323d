"""Items whose own words are alike: TF-IDF cosine over weighted fields and labels. People's acts play no
part."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, diags_array

from zhiyue.engine.kinds import CannotFit, Floats, Matrix
from zhiyue.engine.matrix import nearest
from zhiyue.engine.recommenders.similarity import Similarity
from zhiyue.engine.text import words


@dataclass(frozen=True, slots=True)
class ContentConfig:
    """neighbours: how many an item keeps. rarest: a word in fewer items than this says nothing about
    likeness; commonest: nor does one in more than this share of them. field_weights: how much a word counts
    by its field, any other field 1, every label label_weight. temper: the cosine is raised to this power."""

    neighbours: int = 200
    rarest: int = 2
    commonest: float = 0.5
    field_weights: tuple[tuple[str, float], ...] = (("title", 3.0), ("topic", 3.0), ("tags", 3.0))
    label_weight: float = 3.0
    temper: float = 1.0


class NoWords(CannotFit):
    """No word occurs in two items, so nothing can be said about their likeness."""


def fit(
    texts: Mapping[str, Sequence[str]], labels: Mapping[str, Sequence[str]], config: ContentConfig
) -> Similarity:
    """Cosine between the TF-IDF vectors of items.

    texts  field -> one text an item; labels  field -> one value an item, several joined by "|", each taken
    as a whole A word counts (1 + ln tf) * weight of its field, times ln((1 + items) / (1 + df)) + 1; rows
    have length 1.
    returns  zero diagonal, cells in (0, 1], the `neighbours` nearest of each item
    Raises NoWords if no word is shared. Source: Salton and Buckley 1988.
    """
    return Similarity(_nearest(vectorised(texts, labels, config), config))


def vectorised(
    texts: Mapping[str, Sequence[str]], labels: Mapping[str, Sequence[str]], config: ContentConfig
) -> Matrix:
    """TF-IDF vectors of all items, (items, words), rows of length 1 (or 0 for an item without words)."""
    rows: list[int] = []
    columns: list[int] = []
    cells: list[float] = []
    vocabulary: dict[str, int] = {}
    for row, bag in enumerate(_bags(texts, labels, config)):
        for word, amount in bag.items():
            rows.append(row)
            columns.append(vocabulary.setdefault(word, len(vocabulary)))
            cells.append(amount)
    items = len(next(iter([*texts.values(), *labels.values()]), []))
    counts = csr_array((cells, (rows, columns)), shape=(items, len(vocabulary)))
    found = np.bincount(counts.indices, minlength=len(vocabulary))
    telling = (found >= config.rarest) & (found <= max(config.rarest, config.commonest * items))
    if not telling.any():
        raise NoWords("no word or label is shared by two items")
    idf = np.log((1 + items) / (1 + found[telling])) + 1
    weighted = counts[:, np.flatnonzero(telling)] @ diags_array(idf)
    lengths = np.sqrt((weighted.multiply(weighted)).sum(axis=1))
    return csr_array(diags_array(1.0 / np.where(lengths > 0, lengths, 1.0)) @ weighted)


def _bags(
    texts: Mapping[str, Sequence[str]], labels: Mapping[str, Sequence[str]], config: ContentConfig
) -> Iterator[dict[str, float]]:
    """Each item's words with their damped, field-weighted counts."""
    weights = dict(config.field_weights)
    items = len(next(iter([*texts.values(), *labels.values()]), []))
    for row in range(items):
        bag: defaultdict[str, float] = defaultdict(float)
        for field, values in texts.items():
            for word, times in Counter(words(values[row])).items():
                bag[word] += weights.get(field, 1.0) * (1.0 + np.log(times))
        for field, values in labels.items():
            for value in {part.strip() for part in values[row].split("|")} - {""}:
                bag[f"{field}={value}"] += config.label_weight
        yield dict(bag)


def _nearest(vectors: Matrix, config: ContentConfig) -> Matrix:
    across = csr_array(vectors.T.tocsr())

    def cosines(low: int, high: int) -> Floats:
        block = (vectors[low:high] @ across).toarray()
        block[np.arange(high - low), np.arange(low, high)] = 0.0
        return np.asarray(np.clip(block, 0.0, 1.0) ** config.temper)

    return nearest(cosines, vectors.shape[0], config.neighbours)
