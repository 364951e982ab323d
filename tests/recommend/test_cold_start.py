"""Courses that nobody took yet, placed by their text alone: on real Chinese descriptions and real learners."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import TfidfVectorizer

from zhiyue.engine.kinds import Acts
from zhiyue.engine.matrix import profiles
from zhiyue.engine.ranking import NOTHING
from zhiyue.recommend import serve
from zhiyue.recommend.fitting import fit
from zhiyue.recommend.parts import Texts
from zhiyue.recommend.policies import POLICIES, PROFILE

MOOCCUBE = Path(__file__).parents[3] / "shared" / "data" / "mooccube_mini"
KEPT_OUT, LISTED, DRAWS = 70, 10, 8

pytestmark = pytest.mark.skipif(not MOOCCUBE.exists(), reason="the MOOCCube sample is not on this machine")


@pytest.fixture(scope="module")
def about():
    with gzip.open(MOOCCUBE / "courses.csv.gz", "rt", encoding="utf-8") as file:
        return [row["about_zh"] for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def taken(about):
    with gzip.open(MOOCCUBE / "train.csv.gz", "rt", encoding="utf-8") as file:
        pairs = np.asarray([[int(cell) for cell in row] for row in list(csv.reader(file))[1:]])
    cells = (np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1]))
    return csr_array(cells, shape=(pairs[:, 0].max() + 1, len(about))).toarray() > 0


def draws(courses):
    for seed in range(DRAWS):
        cold = np.zeros(courses, dtype=bool)
        cold[np.random.default_rng(seed).choice(courses, KEPT_OUT, replace=False)] = True
        yield cold


def recall(lists, relevant):
    """The share of a person's cold courses in their list, mean over people who took one."""
    asked = relevant.sum(axis=1) > 0
    listed = np.zeros(relevant.shape, dtype=bool)
    person, place = np.nonzero(lists != NOTHING)
    listed[person, lists[person, place]] = True
    return float(((listed & relevant).sum(axis=1)[asked] / relevant.sum(axis=1)[asked]).mean())


def found_by_us(policy, about, taken, cold):
    user, item = np.nonzero(taken & ~cold)
    acts = Acts(user, item, np.ones(len(user)), *taken.shape)
    warm = csr_array(np.broadcast_to(~cold, taken.shape).astype(np.float32))
    pipeline = fit(POLICIES[policy], acts, Texts({"about": about}))
    return serve.rank(pipeline, profiles(acts, PROFILE), warm, LISTED, vary=False).items


@pytest.fixture(scope="module")
def plain_cosine(about):
    vectors = TfidfVectorizer(analyzer="char", ngram_range=(2, 3), sublinear_tf=True, min_df=2)
    rows = vectors.fit_transform(about)
    return (rows @ rows.T).toarray()


def found_by(cosine, taken, cold):
    scores = (taken & ~cold) @ cosine
    scores[:, ~cold] = -1.0
    return np.argsort(-scores, axis=1)[:, :LISTED]


def test_texts_alone_place_new_courses_better_than_plain_cosine_does(about, taken, plain_cosine):
    ours, plain = [], []
    for cold in draws(len(about)):
        ours.append(recall(found_by_us("content", about, taken, cold), taken & cold))
        plain.append(recall(found_by(plain_cosine, taken, cold), taken & cold))

    # By chance it would be 10 of 70.
    assert np.mean(ours) >= 0.44
    assert np.mean(ours) >= np.mean(plain) + 0.05
    assert all(mine > theirs for mine, theirs in zip(ours, plain, strict=True))


def test_the_page_of_similar_courses_places_new_ones_by_their_text_too(about, taken):
    cold = next(draws(len(about)))

    alone, blended = (found_by_us(policy, about, taken, cold) for policy in ("content", "similar"))

    assert recall(blended, taken & cold) == pytest.approx(recall(alone, taken & cold), abs=0.01)
