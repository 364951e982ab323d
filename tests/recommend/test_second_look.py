"""The ranker in a policy: when it is learnt, what it may move, and that lists, batches and artefacts agree."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from zhiyue.engine.kinds import Acts, CannotFit, Profiles
from zhiyue.engine.matrix import owned, profiles
from zhiyue.engine.ranker import Logit
from zhiyue.recommend import fitting, second_look, serve
from zhiyue.recommend.fitting import RANKER, NothingLeft
from zhiyue.recommend.parts import Texts
from zhiyue.recommend.policies import HYBRID, POLICIES, PROFILE, Part, Policy
from zhiyue.recommend.rankers import RANKERS, RankerKind

# A blend that orders by popularity although what comes next is what came next for others.
WRONG = Policy("wrong", "", (Part("popular", 1.0), Part("sequence", 0.003)), ranker="logit")


@pytest.fixture(scope="module")
def acts():
    """Six hundred people who go from course to course along one of four roads of eight courses, and miss some."""
    random = np.random.default_rng(0)
    user, item = [], []
    for person in range(600):
        road = person % 4 if person % 10 else 0
        for step in range(8):
            if random.random() < 0.7:
                user.append(person)
                item.append(8 * road + step)
    return Acts(np.asarray(user), np.asarray(item), np.ones(len(user)), 600, 33, np.arange(len(user)))


@pytest.fixture(scope="module")
def fitted(acts):
    return fitting.fit(WRONG, acts)


def asked(acts, *people):
    shaped = profiles(acts, PROFILE)
    rows = np.asarray(people)
    return Profiles(shaped.weights[rows], shaped.newest[rows]), owned(acts)[rows]


def test_a_ranker_is_learnt_and_puts_what_comes_next_first(acts, fitted):
    people, mine = asked(acts, *range(0, 600, 7))
    ahead = {
        8 * (person % 4 if person % 10 else 0) + step for person in range(0, 600, 7) for step in range(8)
    }

    look = serve.rank(fitted, people, mine, 1).items[:, 0]
    blend = serve.rank(replace(fitted, ranker=None), people, mine, 1).items[:, 0]

    assert fitted.ranker is not None and fitted.ranker[0] == "logit"
    roads = np.asarray([person % 4 if person % 10 else 0 for person in range(0, 600, 7)])
    assert (look // 8 == roads).mean() > (blend // 8 == roads).mean() + 0.3
    assert set(look.tolist()) <= ahead


def test_scores_fall_along_every_list(acts, fitted):
    people, mine = asked(acts, 1, 2, 3)

    for explain in (False, True):
        scores = serve.rank(fitted, people, mine, 20, explain=explain).scores
        assert (np.diff(scores, axis=1) <= 0).all()


def test_one_person_alone_gets_the_list_of_the_batch(acts, fitted):
    people, mine = asked(acts, 1, 2, 3)

    together = serve.rank(fitted, people, mine, 10).items
    alone = serve.rank(fitted, people.block(1, 2), mine[1:2], 10).items

    assert alone[0].tolist() == together[1].tolist()


def test_a_longer_list_begins_with_the_shorter_one(acts, fitted):
    people, mine = asked(acts, 1)

    assert (
        serve.rank(fitted, people, mine, 20).items[0, :5].tolist()
        == serve.rank(fitted, people, mine, 5).items[0].tolist()
    )


def test_single_items_are_scored_in_the_order_of_the_list(acts, fitted):
    people, mine = asked(acts, 1, 2)
    lists = serve.rank(fitted, people, mine, 12).items

    scores = serve.scored(fitted, people, mine, lists)

    assert (np.diff(scores, axis=1) < 0).all()


def test_an_artefact_keeps_the_ranker(acts, fitted):
    again = fitting.from_arrays(fitting.to_arrays(fitted))
    people, mine = asked(acts, 1, 2, 3)

    assert (
        serve.rank(again, people, mine, 10).items.tolist()
        == serve.rank(fitted, people, mine, 10).items.tolist()
    )


def test_a_course_that_nobody_took_keeps_the_place_that_its_text_gave_it(acts):
    titles = [["统计直觉", "唐诗赏析", "摄影入门", "烘焙基础"][item // 8] for item in range(32)]
    texts = Texts({"title": [*titles, "唐诗写作"]})
    told = replace(WRONG, parts=(*WRONG.parts, Part("content", 3.0)))
    pipeline = fitting.fit(told, acts, texts)
    people, mine = asked(acts, 1)

    look = serve.rank(pipeline, people, mine, 20, vary=False).items[0].tolist()
    blend = serve.rank(replace(pipeline, ranker=None), people, mine, 20, vary=False).items[0].tolist()

    assert pipeline.ranker is not None
    assert look != blend
    assert look.index(32) == blend.index(32)


def test_a_person_without_acts_gets_the_popular_list(acts, fitted):
    nobody = Profiles(csr_array((1, 33), dtype=np.float32), np.asarray([-1]))
    nothing = csr_array((1, 33), dtype=np.float32)

    items = serve.rank(fitted, nobody, nothing, 10).items[0]

    assert items.tolist() == serve.rank(replace(fitted, ranker=None), nobody, nothing, 10).items[0].tolist()


def test_too_few_people_teach_no_ranker_and_that_is_said(acts):
    few = acts.user < 200
    some = Acts(acts.user[few], acts.item[few], acts.weight[few], 200, acts.items, np.arange(int(few.sum())))

    pipeline = fitting.fit(WRONG, some)

    assert pipeline.ranker is None
    assert pipeline.left_out[RANKER] == "a ranker learns from 300 people with several courses, there are 195"
    assert RANKER in fitting.from_arrays(fitting.to_arrays(pipeline)).left_out


def with_one_newest(acts, people):
    """The acts, of which only those of so many people tell which was the newest: everybody else did all at once."""
    return replace(acts, order=np.where(acts.user < people, acts.order, 0))


def test_whose_times_do_not_tell_what_was_the_newest_neither_teaches_nor_checks(acts):
    heard = []

    def fitted(kept):
        heard.append(kept)
        return fitting.fit(replace(WRONG, ranker=None), kept)

    second_look.learnt("logit", with_one_newest(acts, 400), fitted)

    (kept,) = heard
    several = np.bincount(acts.user, minlength=600) >= 3
    lost = np.bincount(acts.user, minlength=600) - np.bincount(kept.user, minlength=600)
    assert lost.tolist() == (several & (np.arange(600) < 400)).astype(int).tolist()


def test_where_times_leave_too_few_people_no_ranker_is_learnt_and_that_is_said(acts):
    pipeline = fitting.fit(WRONG, with_one_newest(acts, 200))

    assert pipeline.ranker is None
    assert pipeline.left_out[RANKER] == (
        "a ranker learns from 300 people with several courses, there are 195; of 396 more the times don't tell which "
        "course was the newest"
    )


def test_a_ranker_that_is_no_better_than_the_blend_is_thrown_away(acts, monkeypatch):
    worst = RankerKind(lambda told, taken: Logit(-np.ones(told.shape[2])), Logit.from_arrays, 1000)
    monkeypatch.setitem(RANKERS, "logit", worst)

    pipeline = fitting.fit(WRONG, acts)

    assert pipeline.ranker is None
    assert "no better than the blend" in pipeline.left_out[RANKER]


def test_a_policy_whose_ranker_needs_what_is_not_installed_is_refused(acts, monkeypatch):
    def missing(told, taken):
        raise CannotFit("not installed")

    monkeypatch.setitem(RANKERS, "boosted", RankerKind(missing, Logit.from_arrays, 1000))

    with pytest.raises(NothingLeft, match="not installed"):
        fitting.fit(replace(WRONG, ranker="boosted"), acts)


def test_without_an_order_any_item_is_hidden_and_the_ranker_still_learns(acts):
    unordered = Acts(acts.user, acts.item, acts.weight, acts.users, acts.items)
    blend = Policy("unordered", "", (Part("popular", 1.0), Part("item-neighbours", 0.2)), ranker="logit")

    assert fitting.fit(blend, unordered).ranker is not None


def test_few_people_without_an_order_hide_other_items_in_turn(acts, monkeypatch):
    unordered = Acts(acts.user, acts.item, acts.weight, acts.users, acts.items)
    blend = Policy("unordered", "", (Part("popular", 1.0), Part("item-neighbours", 0.2)), ranker="logit")
    left = []

    def fitted(kept):
        left.append(set(zip(kept.user.tolist(), kept.item.tolist(), strict=True)))
        return fitting.fit(replace(blend, ranker=None), kept)

    second_look.learnt("logit", unordered, fitted)
    assert len(left) == second_look.MOST_TURNS
    assert len({frozenset(pairs) for pairs in left}) == len(left)

    left.clear()
    monkeypatch.setattr(second_look, "ENOUGH_LESSONS", 1_500)
    second_look.learnt("logit", unordered, fitted)
    assert len(left) == 2

    left.clear()
    second_look.learnt("logit", acts, fitted)
    assert len(left) == 1


def test_a_changed_catalogue_keeps_the_ranker(acts, fitted):
    texts = Texts({"title": [str(item) for item in range(34)]})

    again = fitting.taken_in(WRONG, fitted, np.arange(33), texts)

    assert again.ranker is fitted.ranker
    people, mine = asked(acts, 1)
    wider = csr_array((mine.data, mine.indices, mine.indptr), shape=(1, 34))
    weights = csr_array((people.weights.data, people.weights.indices, people.weights.indptr), shape=(1, 34))
    assert (
        serve.rank(again, Profiles(weights, people.newest), wider, 5).items.tolist()
        == serve.rank(fitted, people, mine, 5).items.tolist()
    )


def test_the_home_page_s_policy_learns_its_ranker():
    assert POLICIES["hybrid"].ranker == "logit"
    assert POLICIES["boosted"].ranker == "boosted"
    assert POLICIES["boosted"].parts[: len(HYBRID)] == HYBRID
    assert second_look.CANDIDATES == 100


def test_a_ranker_goes_when_the_catalogue_leaves_a_part_without_words(acts):
    titles = [["统计直觉", "唐诗赏析", "摄影入门", "烘焙基础"][item // 8] for item in range(32)]
    told = replace(WRONG, parts=(*WRONG.parts, Part("content", 3.0)))
    pipeline = fitting.fit(told, acts, Texts({"title": [*titles, "唐诗写作"]}))
    assert pipeline.ranker is not None

    again = fitting.taken_in(told, pipeline, np.arange(33), Texts({"title": [""] * 33}))

    people, mine = asked(acts, 1)
    assert again.ranker is None
    assert again.left_out[RANKER] == "its parts changed with the catalogue; the next training teaches it anew"
    assert again.names == ("popular", "sequence")
    assert len(serve.rank(again, people, mine, 5).items[0]) == 5


def test_people_whose_next_course_the_blend_never_brings_teach_nothing(acts, monkeypatch):
    monkeypatch.setattr(second_look, "CANDIDATES", 1)
    nobody = Policy("nobody", "", (Part("popular", 1.0),), ranker="logit")
    last_is_rare = replace(acts, item=np.where(np.append(np.diff(acts.user) != 0, True), 32, acts.item))

    pipeline = fitting.fit(nobody, last_is_rare)

    assert pipeline.left_out[RANKER] == "nothing that people took next was among the candidates of the blend"
