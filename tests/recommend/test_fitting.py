"""What a pipeline does without: parts that cannot be fitted are left out, named, and kept so."""

import re
import warnings
from dataclasses import replace

import numpy as np
import pytest

from zhiyue.engine.kinds import Acts
from zhiyue.recommend import fitting, offline, parts, splitting
from zhiyue.recommend.coded import Training
from zhiyue.recommend.errors import NotPossible
from zhiyue.recommend.files import LARGEST_RATING
from zhiyue.recommend.fitting import NothingLeft
from zhiyue.recommend.measuring import measured
from zhiyue.recommend.parts import PARTS, Texts
from zhiyue.recommend.policies import EASE, NEXT_ITEMS, POLICIES, Part, Policy
from zhiyue.recommend.steps import HERE

TOO_MANY = "3 items are more than the 2 that a linear model is fitted to"
NO_TEXTS = "there are no texts"
MIXED = Policy("mixed", "", (Part("walks"), Part("ease", 0.5), Part("content", 0.2)))


@pytest.fixture
def acts(monkeypatch):
    """Two people over three courses, one more than the linear models take."""
    monkeypatch.setattr(parts, "EASE", replace(EASE, most_items=2))
    order = np.arange(4)
    return Acts(np.asarray([0, 0, 1, 1]), np.asarray([0, 1, 0, 2]), np.ones(4), 2, 3, order)


def test_a_part_that_cannot_be_fitted_is_left_out_and_says_why(acts):
    pipeline = fitting.fit(MIXED, acts)

    assert pipeline.left_out == {"ease": TOO_MANY, "content": NO_TEXTS}
    assert fitting.from_arrays(fitting.to_arrays(pipeline)).left_out == pipeline.left_out


def test_the_hybrid_of_a_large_catalogue_does_without_what_grows_with_its_cube(monkeypatch):
    monkeypatch.setattr(parts, "NEXT_ITEMS", replace(NEXT_ITEMS, most_items=99))
    random = np.random.default_rng(0)
    cell = random.choice(400 * 100, 3000, replace=False)
    acts = Acts(cell // 100, cell % 100, np.ones(3000), 400, 100, random.permutation(3000))

    large = fitting.fit(POLICIES["hybrid"], acts)

    assert large.left_out["next-items"] == "100 items are more than the 99 that a linear model is fitted to"
    assert large.names == ("item-neighbours", "walks", "user-neighbours", "few-factors", "popular")
    again = fitting.from_arrays(fitting.to_arrays(large))
    assert again.names == large.names
    assert again.model.items == 100


@pytest.mark.parametrize("ordered", [True, False])
def test_nothing_overflows_of_the_largest_ratings(ordered):
    every = Policy("every", "", tuple(Part(name) for name in PARTS if name != "self-attention"))
    random = np.random.default_rng(0)
    cell = random.choice(100 * 40, 1000, replace=False)
    weight = np.where(random.random(1000) < 0.1, -LARGEST_RATING, LARGEST_RATING * random.random(1000))
    moment = random.permutation(1000) if ordered else None
    acts = Acts(cell // 40, cell % 40, weight, 100, 40, moment, None if moment is None else moment / 10)
    texts = Texts({"title": [f"word{item % 7} thing{item % 5}" for item in range(40)]})
    hidden = splitting.by_name("newest", Training(acts, None, None, None, texts, ordered), 0)

    with warnings.catch_warnings(), np.errstate(over="raise", invalid="raise", divide="raise"):
        warnings.simplefilter("error", RuntimeWarning)
        pipeline = fitting.fit(every, hidden.fitted, texts)
        found = measured(pipeline, hidden.shown, None, hidden.asked, seed=0, step=lambda _: None)

    assert list(pipeline.left_out) == ([] if ordered else ["sequence"])
    assert 0 < found.measures["ndcg@10"].value < 1


def test_a_policy_of_nothing_else_is_refused(acts):
    with pytest.raises(NothingLeft, match=TOO_MANY) as refusal:
        fitting.fit(POLICIES["ease"], acts)

    assert refusal.value.left_out == {"ease": TOO_MANY}


def test_what_was_left_out_stays_so_when_the_catalogue_changes(acts):
    pipeline = fitting.fit(MIXED, acts)
    texts = Texts({"title": ["统计 直觉", "统计 概率", "唐诗 赏析", "唐诗 写作"]})

    again = fitting.taken_in(MIXED, pipeline, np.asarray([0, 1, 3]), texts)

    assert again.left_out == {"ease": TOO_MANY}
    assert again.model.items == 4


def test_an_artefact_that_does_not_say_why_is_still_read(acts):
    arrays = fitting.to_arrays(fitting.fit(MIXED, acts))
    del arrays["left_out_because"]

    assert fitting.from_arrays(arrays).left_out == {"ease": "", "content": ""}


def test_files_are_told_which_parts_are_left_and_why(acts):
    known = Training(acts, None, None, None, None)
    told = []

    offline._fitted(MIXED, known, HERE, told.append)

    begun, ended, left = told
    assert begun == "mixed: fitting …"
    assert re.fullmatch(r"mixed: fitted in \d+\.\d s", ended)
    assert left == f"mixed: {TOO_MANY}; no texts given with --items, so it falls back to walks"
    with pytest.raises(NotPossible, match=f"The policy “ease” cannot be fitted: {TOO_MANY}."):
        offline._fitted(POLICIES["ease"], known, HERE, told.append)
