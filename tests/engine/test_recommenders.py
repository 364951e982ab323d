"""Each algorithm by hand, and against independent libraries."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from implicit.nearest_neighbours import CosineRecommender
from scipy.sparse import csr_array, csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity

from zhiyue.engine import matrix as matrix_module
from zhiyue.engine.kinds import Acts, Profiles
from zhiyue.engine.recommenders import content, item_neighbours, pairs, popular
from zhiyue.engine.recommenders.content import ContentConfig, NoWords
from zhiyue.engine.recommenders.hybrid import Hybrid
from zhiyue.engine.recommenders.item_neighbours import ItemNeighboursConfig
from zhiyue.engine.recommenders.popular import Popular, PopularConfig
from zhiyue.engine.recommenders.similarity import Similarity
from zhiyue.engine.recommenders.weighting import Weighting
from zhiyue.engine.text import words

XUETANGX = Path(__file__).parents[3] / "shared" / "data" / "xuetangx"


def random_acts(users=60, items=25, rows=500, seed=0, order=False):
    random = np.random.default_rng(seed)
    cell = random.choice(users * items, rows, replace=False)
    weight = random.integers(1, 5, rows).astype(float)
    return Acts(
        cell // items, cell % items, weight, users, items, random.permutation(rows) if order else None
    )


def matrix(acts):
    return csr_matrix((acts.weight, (acts.user, acts.item)), shape=(acts.users, acts.items))


def everybody(acts, *rows):
    """Their rows as profiles; all of them, or those named."""
    weights = csr_array(matrix(acts), dtype=np.float32)
    return profiles_of(weights[list(rows)] if rows else weights)


def profiles_of(weights):
    return Profiles(weights, np.full(weights.shape[0], -1))


def taken(*rows):
    """Acts of weight 1 from one list of items a user, oldest first."""
    user = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    item = np.asarray([item for row in rows for item in row])
    return Acts(user, item, np.ones(len(user)), len(rows), int(item.max()) + 1, np.arange(len(user)))


# --- item neighbours ---


def test_without_shrinkage_or_order_the_similarity_is_the_cosine_of_scikit_learn():
    acts = random_acts()
    expected = cosine_similarity(matrix(acts).T)
    np.fill_diagonal(expected, 0.0)

    found = item_neighbours.fit(acts, ItemNeighboursConfig(neighbours=25)).similar.toarray()

    assert found == pytest.approx(expected, abs=1e-6)


def test_scores_are_those_of_implicits_cosine_recommender():
    acts = random_acts(rows=400)
    peer = CosineRecommender(K=acts.items, num_threads=1)
    peer.fit(matrix(acts).tocsr(), show_progress=False)
    ours = item_neighbours.fit(acts, ItemNeighboursConfig(neighbours=25))

    scores = ours.scores(everybody(acts))

    for user in range(acts.users):
        items, marks = peer.recommend(
            user, matrix(acts).tocsr()[user], N=acts.items, filter_already_liked_items=False
        )
        # implicit keeps an item as its own neighbour; take that part away.
        own = np.asarray(matrix(acts)[user].todense()).ravel()[items]
        assert scores[user, items] == pytest.approx(marks - own, abs=1e-4)


@pytest.mark.real_data
@pytest.mark.skipif(not XUETANGX.exists(), reason=f"no sample of real enrolments in {XUETANGX}")
def test_on_real_enrolments_the_cosine_equals_scikit_learns():
    rows = pq.read_table(XUETANGX / "train.parquet", filters=[("user_id", "<", 3000)])
    user, item = (rows[name].to_numpy().astype(np.int64) for name in ("user_id", "item_id"))
    acts = Acts(user, item, np.ones(len(user)), 3000, 3321)
    expected = cosine_similarity(matrix(acts).T)
    np.fill_diagonal(expected, 0.0)

    found = item_neighbours.fit(acts, ItemNeighboursConfig(neighbours=3321)).similar.toarray()

    assert np.abs(found - expected).max() < 1e-6


def test_shrinkage_takes_rare_pairs_down():
    acts = taken([0, 1], [0, 1], [2, 3])
    plain = item_neighbours.fit(acts, ItemNeighboursConfig()).similar.toarray()
    shrunk = item_neighbours.fit(acts, ItemNeighboursConfig(shrink=2.0)).similar.toarray()

    assert (plain[0, 1], plain[2, 3]) == pytest.approx((1.0, 1.0))
    assert (shrunk[0, 1], shrunk[2, 3]) == pytest.approx((2 / (2 + 2), 1 / (1 + 2)))


def test_a_pair_counts_less_the_further_apart_and_less_backward():
    acts = taken([0, 1, 2])
    config = ItemNeighboursConfig(gap_power=1.0, gap_scale=0.5, backward=0.25)
    similar = item_neighbours.fit(acts, config).similar.toarray()

    expected = [[0, 1, 1 / 3], [0.25, 0, 1], [0.25 / 3, 0.25, 0]]
    assert similar == pytest.approx(np.asarray(expected))


def test_people_with_many_items_and_popular_items_count_less():
    acts = taken([0, 1], [0, 2, 3, 4])
    config = ItemNeighboursConfig(breadth_power=1.0, from_power=1.0, to_power=0.0)
    similar = item_neighbours.fit(acts, config).similar.toarray()

    assert similar[0, 1] == pytest.approx(0.5 / (0.5 + 0.25))
    assert similar[0, 2] == pytest.approx(0.25 / 0.75)


def test_only_the_nearest_neighbours_are_kept():
    acts = random_acts(order=True)
    everyone = item_neighbours.fit(acts, ItemNeighboursConfig(neighbours=25)).similar.toarray()

    few = item_neighbours.fit(acts, ItemNeighboursConfig(neighbours=3)).similar.toarray()

    assert np.array_equal(np.sort(few, axis=1)[:, -3:], np.sort(everyone, axis=1)[:, -3:])
    assert (few > 0).sum(axis=1).max() == 3


def test_the_blocks_in_which_a_fit_is_cut_do_not_show(monkeypatch):
    acts = random_acts(order=True)
    config = ItemNeighboursConfig(neighbours=25, gap_power=0.5, backward=0.5, breadth_power=0.3)
    whole = item_neighbours.fit(acts, config).similar.toarray()
    monkeypatch.setattr(pairs, "TRIPLES_AT_ONCE", 70)
    monkeypatch.setattr(matrix_module, "CELLS_AT_ONCE", 60)

    assert item_neighbours.fit(acts, config).similar.toarray() == pytest.approx(whole, abs=1e-6)


@pytest.mark.parametrize(
    "config",
    [
        ItemNeighboursConfig(neighbours=5),
        ItemNeighboursConfig(neighbours=5, weight_power=0.5, breadth_power=0.4, shrink=1.0, temper=0.5),
        ItemNeighboursConfig(neighbours=5, from_power=0.0, to_power=0.0, weighting=Weighting("bm25")),
    ],
)
def test_folded_rows_have_the_neighbours_that_their_acts_have(config):
    acts = random_acts()
    rows = csr_array(matrix(acts), dtype=np.float32)

    found = item_neighbours.similar(rows, config).similar

    expected = item_neighbours.fit(acts, config).similar
    assert found.indices.tolist() == expected.indices.tolist()
    assert found.data == pytest.approx(expected.data, rel=1e-6)


def test_correlations_are_fitted_to_acts_alone():
    with pytest.raises(ValueError, match="acts"):
        item_neighbours.similar(csr_array((2, 2), dtype=np.float32), ItemNeighboursConfig(likeness="pearson"))


def test_a_negative_shrinkage_is_refused():
    with pytest.raises(ValueError, match="shrink"):
        ItemNeighboursConfig(shrink=-1.0)


# --- popular ---


def test_the_popular_list_counts_each_persons_newest_act_and_halves_it_with_age():
    acts = Acts(
        np.asarray([0, 0, 1, 2]),
        np.asarray([0, 0, 0, 1]),
        np.ones(4),
        3,
        3,
        np.asarray([0, 1, 2, 3]),
        np.asarray([0.0, 10.0, 20.0, 20.0]),
    )
    model = popular.fit(acts, PopularConfig(half_life_days=10.0))

    assert model.score == pytest.approx([1.0, 1 / 1.5, 0.0])


def test_an_academy_without_acts_has_a_popular_list_of_zeros():
    nobody = Acts(*(np.zeros(0, dtype=np.int64) for _ in range(2)), np.zeros(0), 0, 3)

    assert popular.fit(nobody, PopularConfig()).score.tolist() == [0, 0, 0]
    assert item_neighbours.fit(nobody, ItemNeighboursConfig()).similar.nnz == 0


# --- content ---


def test_chinese_is_cut_for_search_and_full_width_letters_are_plain_ones():
    assert words("统计学的直觉，Ｐｙｔｈｏｎ 3") == ["统计", "计学", "统计学", "直觉", "python"]


def test_the_cosine_of_texts_equals_scikit_learns_tf_idf():
    texts = ["机器学习入门与实践", "深度学习与机器视觉", "唐诗三百首赏析", "宋词赏析与写作", "诗词写作实践"]
    peer = TfidfVectorizer(analyzer=words, sublinear_tf=True, min_df=2, max_df=1.0)
    expected = cosine_similarity(peer.fit_transform(texts))
    np.fill_diagonal(expected, 0.0)

    found = content.fit({"about": texts}, {}, ContentConfig(commonest=1.0)).similar.toarray()

    assert found == pytest.approx(expected, abs=1e-6)
    assert expected[2, 3] > 0


def test_a_label_is_taken_whole_and_each_of_several_counts():
    found = content.fit(
        {"about": ["", "", ""]},
        {"teacher_ids": ["T_1|T_2", "T_2", "T_3"]},
        ContentConfig(rarest=2, commonest=1.0),
    )

    assert found.similar.toarray().tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]


def test_texts_that_share_no_word_are_refused():
    with pytest.raises(NoWords):
        content.fit({"about": ["天文", "烹饪"]}, {"item_id": ["a", "b"]}, ContentConfig())


# --- blend, explanation, arrays ---


def blend():
    acts = random_acts(order=True)
    neighbours = item_neighbours.fit(acts, ItemNeighboursConfig(neighbours=25))
    return acts, Hybrid(((1.0, neighbours), (0.5, popular.fit(acts, PopularConfig()))))


def test_a_blend_weighs_parts_after_bringing_them_to_one_scale():
    acts, model = blend()
    profiles = everybody(acts, 0, 1, 2, 3, 4)
    near, common = (part.scores(profiles) for _, part in model.parts)

    expected = near / near.max(axis=1, keepdims=True) + 0.5 * common / common.max()

    assert model.scores(profiles) == pytest.approx(expected, abs=1e-5)


def test_the_shares_of_a_profiles_items_add_up_to_what_is_not_popularity():
    acts, model = blend()
    profile = everybody(acts, 3)
    wanted = np.asarray([4, 0, 9])

    shares = model.shares(profile, wanted)
    rest = model.scores(profile)[0, wanted] - 0.5 * model.parts[1][1].scores(profile)[0, wanted]

    assert shares.shape == (3, profile.weights.nnz)
    assert shares.sum(axis=1) == pytest.approx(rest, abs=1e-5)


def test_shares_are_the_same_with_the_peaks_that_the_voices_told():
    acts, model = blend()
    people = everybody(acts, 3, 4)
    wanted = np.asarray([4, 0, 9])

    _, peaks = model.voices(people)

    assert peaks.tolist() == [[part.scores(people)[row].max() for _, part in model.parts] for row in (0, 1)]
    for row in (0, 1):
        profile = people.block(row, row + 1)
        assert model.shares(profile, wanted, peaks[row]).tolist() == model.shares(profile, wanted).tolist()


def test_an_item_never_speaks_for_itself():
    acts, model = blend()
    profile = everybody(acts, 3)
    own = profile.weights.indices.astype(np.int64)

    assert np.diag(model.shares(profile, own)).tolist() == [0.0] * len(own)


def test_arrays_give_the_same_model_back_without_pickle(tmp_path):
    acts, model = blend()
    profiles = everybody(acts)
    np.savez(tmp_path / "model.npz", **model.to_arrays())

    with np.load(tmp_path / "model.npz", allow_pickle=False) as stored:
        again = Hybrid.from_arrays(dict(stored))

    assert [type(part) for _, part in again.parts] == [Similarity, Popular]
    assert np.array_equal(again.scores(profiles), model.scores(profiles))


def test_a_dense_and_a_sparse_similarity_score_alike():
    acts, model = blend()
    (_, near), _ = model.parts
    sparse = Similarity(near.similar)
    object.__setattr__(sparse, "dense", None)
    profiles = everybody(acts)

    assert near.dense is not None
    assert sparse.similar.indices.dtype == np.int32
    assert sparse.scores(profiles) == pytest.approx(near.scores(profiles), abs=1e-4)


def test_a_full_similarity_is_scored_by_the_arrays_of_its_file_and_an_older_file_makes_its_own():
    _, model = blend()
    (_, near), _ = model.parts
    arrays = near.to_arrays()

    assert Similarity.from_arrays(arrays).dense is arrays["dense"]
    assert np.array_equal(arrays.pop("dense"), Similarity.from_arrays(arrays).dense)
    assert "dense" not in Similarity(csr_array(np.eye(30, dtype=np.float32))).to_arrays()


def test_a_popular_list_spread_over_more_items_gives_nothing_to_the_new_ones():
    wide = Popular(np.asarray([1.0, 0.25], dtype=np.float32)).spread(np.asarray([1, 3]), 4)
    assert wide.score.tolist() == [0.0, 1.0, 0.0, 0.25]


def test_a_spread_similarity_scores_the_old_items_as_before():
    old = Similarity(csr_array(np.asarray([[0.0, 0.5], [0.25, 0.0]], dtype=np.float32)))
    wide = old.spread(np.asarray([0, 2]), 3)
    profile = profiles_of(csr_array(np.asarray([[1.0, 0.0, 2.0]], dtype=np.float32)))
    assert wide.scores(profile).tolist() == [[0.5, 0.0, 0.5]]
