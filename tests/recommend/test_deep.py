"""The deep policy: refused where its part can't be, and with it a pipeline like any other."""

import importlib
from dataclasses import replace

import numpy as np
import pytest
from django.core.management import call_command

from tests.engine.self_attention_orders import RECORD, along_roads
from tests.factories import make_course
from zhiyue.core.kit import clock
from zhiyue.engine import evaluate
from zhiyue.engine.matrix import owned, profiles
from zhiyue.engine.recommenders.self_attention import SelfAttention
from zhiyue.recommend import artefacts, fitting, offline, serve, services, tasks
from zhiyue.recommend.coded import Training
from zhiyue.recommend.errors import NotPossible
from zhiyue.recommend.fitting import NothingLeft
from zhiyue.recommend.models import Artefact
from zhiyue.recommend.parts import DEAR_EVERY, PARTS, Texts
from zhiyue.recommend.policies import POLICIES, PROFILE
from zhiyue.recommend.steps import HERE

DEEP = POLICIES["deep"]
INSTALL = r"pip install 'zhiyue\[deep\]'"


@pytest.fixture
def recorded(monkeypatch):
    """The part as PyTorch learnt it once."""
    with np.load(RECORD) as arrays:
        model = SelfAttention.from_arrays(dict(arrays))
    monkeypatch.setitem(PARTS, "self-attention", lambda known: model)
    return model


@pytest.fixture
def no_torch(monkeypatch):
    there = importlib.import_module

    def missing(name, *rest):
        if name == "torch":
            raise ImportError(name)
        return there(name, *rest)

    monkeypatch.setattr(importlib, "import_module", missing)


@pytest.mark.usefixtures("no_torch")
def test_without_pytorch_the_policy_is_refused_and_says_what_to_install():
    with pytest.raises(NothingLeft, match=INSTALL) as refused:
        fitting.fit(DEEP, along_roads())

    assert list(refused.value.left_out) == ["self-attention"]


@pytest.mark.usefixtures("no_torch")
def test_evaluating_it_without_pytorch_says_what_to_install():
    known = Training(along_roads(), None, None, None, None)

    with pytest.raises(NotPossible, match=rf"policy “deep” cannot be fitted: .*{INSTALL}"):
        offline._fitted(DEEP, known, HERE, print)


@pytest.mark.usefixtures("recorded")
def test_it_blends_learns_its_ranker_and_serves_from_maps_as_from_memory():
    acts = along_roads()
    pipeline = fitting.fit(DEEP, acts)
    people, taken = profiles(acts, PROFILE).block(0, 50), owned(acts)[:50]

    path, digest = artefacts.keep("deep", fitting.to_arrays(pipeline))
    mapped = fitting.from_arrays(artefacts.take_up(path, digest).arrays)

    assert pipeline.names[0] == "self-attention"
    assert "content" in pipeline.left_out
    one, other = (serve.rank(each, people, taken, 6, explain=True) for each in (mapped, pipeline))
    assert one.items.tolist() == other.items.tolist()
    assert one.scores.tolist() == other.scores.tolist()
    assert one.reasons.tolist() == other.reasons.tolist()


@pytest.mark.usefixtures("recorded")
def test_a_changed_catalogue_takes_it_along():
    pipeline = fitting.fit(DEEP, along_roads())
    titles = [f"course {item}" for item in range(pipeline.model.items + 1)]

    wider = fitting.taken_in(DEEP, pipeline, np.arange(pipeline.model.items), Texts(texts={"title": titles}))

    assert wider.model.items == pipeline.model.items + 1
    assert "self-attention" in wider.names


@pytest.mark.parametrize(("may_lack", "fits"), [(0.5, 1), (0.01, 2)])
def test_the_part_is_fitted_once_where_the_ranker_learnt_from_nearly_all_acts(
    recorded, monkeypatch, may_lack, fits
):
    heard: list[int] = []
    monkeypatch.setitem(PARTS, "self-attention", lambda known: heard.append(len(known.acts.item)) or recorded)
    monkeypatch.setattr(fitting, "DEAR_MAY_LACK", may_lack)
    acts = along_roads()

    fitting.fit(DEEP, acts)

    # Of everybody with several courses the newest act was hidden from the ranker's own fit.
    hidden = len(evaluate.with_newest(acts, 1000)[0])
    assert heard == [len(acts.item) - hidden, len(acts.item)][:fits]


def test_where_acts_are_hidden_several_times_no_model_knows_what_the_next_time_hides(recorded, monkeypatch):
    heard: list[int] = []
    monkeypatch.setitem(PARTS, "self-attention", lambda known: heard.append(len(known.acts.item)) or recorded)
    monkeypatch.setattr(fitting, "DEAR_MAY_LACK", 0.5)
    acts = replace(along_roads(), order=None)

    fitting.fit(DEEP, acts)

    # Five times with something hidden, and once with everything.
    assert len(heard) == 6
    assert max(heard[:5]) < heard[5] == len(acts.item)


def test_with_pytorch_it_is_fitted_from_acts_alone():
    pytest.importorskip("torch", reason="PyTorch, the extra “deep”, isn't installed")
    acts = along_roads()

    pipeline = fitting.fit(DEEP, acts)

    assert isinstance(pipeline.blend.parts[0][1], SelfAttention)
    assert serve.rank(pipeline, profiles(acts, PROFILE).block(0, 1), owned(acts)[:1], 3).items.shape == (1, 3)


def newest(policy):
    return Artefact.objects.filter(policy=policy).latest("pk")


def a_day_later():
    Artefact.objects.filter(policy="deep").update(measured_at=clock.now() - DEAR_EVERY)


def test_the_job_trains_it_once_a_day_and_whoever_asks_has_it_at_once(town, monkeypatch):
    # What it is made of doesn't matter here: the town is too small to learn from.
    monkeypatch.setitem(PARTS, "self-attention", PARTS["popular"])
    tasks.train()
    first, other = newest("deep"), newest("hybrid")
    tasks.train()
    assert newest("deep") == first
    assert newest("hybrid") != other

    call_command("recommend", "train")
    asked = newest("deep")
    assert asked != first
    tasks.train(policy="deep")
    again = newest("deep")
    assert again != asked

    a_day_later()
    tasks.train()
    assert newest("deep") != again


def test_what_was_refused_is_tried_again_a_day_later_too(town, monkeypatch):
    monkeypatch.setitem(PARTS, "self-attention", lambda known: 1 / 0)
    tasks.train()
    assert newest("deep").refusal == Artefact.Refusal.BROKEN
    assert "deep" not in services.due()
    a_day_later()
    assert "deep" in services.due()


def test_a_catalogue_taken_in_puts_no_training_off(town, monkeypatch):
    monkeypatch.setitem(PARTS, "self-attention", PARTS["popular"])
    services.train(policy="deep")
    a_day_later()
    make_course("new-one", title="新的一课", topic="data", text="新的文字。")
    services.take_in()
    assert newest("deep").created_at > clock.now() - DEAR_EVERY
    assert "deep" in services.due()


@pytest.mark.django_db
@pytest.mark.usefixtures("no_torch")
def test_while_it_cannot_be_trained_at_all_it_stays_due():
    assert "deep" in services.due()
