"""Re-ranking, worked by hand: variety, twins, what comes before what, novelty, level, the lot."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyue.engine.kinds import Acts
from zhiyue.engine.ranking import NOTHING
from zhiyue.engine.reranking import (
    Candidates,
    Variety,
    draw,
    level_fit,
    level_of,
    limit,
    novelty,
    varied,
)


def candidates(shares, *, popular=None, groups=(), twins=None, scores=None, **more):
    shares = np.asarray(shares, dtype=np.float64)
    count = len(shares)
    return Candidates(
        shares.sum(axis=1) if scores is None else np.asarray(scores),
        shares,
        np.zeros(count) if popular is None else np.asarray(popular),
        np.asarray(groups, dtype=np.int64).reshape(-1, count),
        np.full(count, NOTHING) if twins is None else np.asarray(twins),
        **more,
    )


def column(*values):
    return [[value] for value in values]


# --- variety ---


def test_the_first_place_answers_the_newest_act_and_topics_are_limited():
    found = candidates(
        [[9, 0], [8, 0], [7, 0], [0, 6], [0, 5], [0, 4.0]], groups=[0, 0, 0, 1, 1, 2], newest=1
    )

    chosen = varied(found, 4, Variety(per_group=(0.5,), newest_first=True))

    assert chosen.candidates.tolist() == [3, 0, 1, 4]
    assert chosen.values.tolist() == [6, 9, 8, 5]
    assert chosen.reasons.tolist() == [1, 0, 0, 1]
    assert chosen.instead_of.tolist() == [NOTHING] * 4


def test_an_act_that_was_the_reason_often_enough_leaves_the_word_to_others():
    found = candidates([[9, 1], [8, 2], [7, 3], [6, 0.0]], popular=[0, 0, 0, 0.4])

    chosen = varied(found, 4, Variety(per_reason=0.5))

    assert chosen.candidates.tolist() == [0, 1, 2, 3]
    assert chosen.values.tolist() == pytest.approx([10, 10, 3, -0.6])
    assert chosen.reasons.tolist() == [0, 0, 1, NOTHING]


def test_an_act_is_no_reason_for_what_it_is_lukewarm_about():
    found = candidates([[8, 0], [6, 0], [5, 4], [5, 0.0]], popular=[0, 0.1, 0.2, 0.3])

    chosen = varied(found, 4, Variety(weakest_reason=0.75))

    assert chosen.candidates.tolist() == [2, 0, 1, 3]
    assert chosen.values.tolist() == pytest.approx([9, 8, 6, -0.7])
    assert chosen.reasons.tolist() == [1, 0, 0, NOTHING]


def test_popularity_is_the_reason_where_it_says_more_than_any_act():
    found = candidates(column(0.2, 0.0, 0.9), scores=[0.5, 0.3, 1.0], popular=[0.1, 0.9, 0.3], newest=0)

    chosen = varied(found, 3, Variety())

    assert chosen.candidates.tolist() == [2, 1, 0]
    assert chosen.reasons.tolist() == [0, NOTHING, NOTHING]


def test_a_person_without_acts_gets_the_popular_list_under_the_limit_of_topics():
    found = candidates(np.zeros((4, 0)), popular=[0.9, 0.8, 0.7, 0.1], groups=[0, 0, 0, 1])

    chosen = varied(found, 4, Variety(per_group=(0.5,)))

    assert chosen.candidates.tolist() == [0, 1, 3, 2]
    assert chosen.reasons.tolist() == [NOTHING] * 4


def test_of_two_kinds_of_groups_the_second_gives_way_first():
    """Topics 0 0 1 1 0, and one teacher but for the last: once that one is full, topics still hold."""
    topics, teachers = [0, 0, 1, 1, 0], [7, 7, 7, 7, 8]

    chosen = varied(
        candidates(column(9, 8, 7, 6, 1), groups=[topics, teachers]), 4, Variety(per_group=(0.5, 0.5))
    )

    # 0 and 1 fill the topic and the teacher. The fifth has another teacher, but its topic is full.
    assert chosen.candidates.tolist() == [0, 1, 2, 3]


def test_a_teacher_has_no_more_than_their_share_while_others_are_there():
    found = candidates(column(9, 8, 7, 6, 5, 4), groups=[[0, 1, 2, 3, 4, 5], [7, 7, 7, 8, 8, NOTHING]])

    chosen = varied(found, 4, Variety(per_group=(1.0, 0.5)))

    assert chosen.candidates.tolist() == [0, 1, 3, 4]


def test_a_share_is_rounded_up_and_never_nothing():
    assert [limit(1 / 3, 12), limit(1 / 3, 10), limit(0.0, 5), limit(0.5, 1)] == [4, 4, 1, 1]
    assert [limit(1 / 5, k) for k in (6, 10, 12)] == [2, 2, 3]


# --- twins ---


def test_of_twins_only_the_better_is_listed_even_where_the_list_stays_short():
    found = candidates(column(9, 8, 7, 6), twins=[5, 5, NOTHING, NOTHING])

    assert varied(found, 3, Variety()).candidates.tolist() == [0, 2, 3]
    assert varied(found, 4, Variety()).candidates.tolist() == [0, 2, 3]


# --- what comes before what ---


def test_what_comes_first_takes_the_place_of_what_builds_on_it_which_follows():
    found = candidates(column(9, 5, 1), before={0: (2,)})

    chosen = varied(found, 3, Variety())

    assert chosen.candidates.tolist() == [2, 0, 1]
    assert chosen.values.tolist() == [9, 9, 5]
    assert chosen.instead_of.tolist() == [0, NOTHING, NOTHING]


def test_of_a_chain_its_beginning_comes_first():
    chosen = varied(candidates(column(9, 5, 1), before={0: (1,), 1: (2,)}), 3, Variety())

    assert chosen.candidates.tolist() == [2, 1, 0]
    assert chosen.instead_of.tolist() == [0, 0, NOTHING]


def test_both_wait_while_a_limit_keeps_out_what_comes_first():
    """0 builds on 3, which is of the topic that 1 fills; they come when nothing else is left."""
    found = candidates(column(8, 9, 5, 1), groups=[1, 0, 2, 0], before={0: (3,)})

    chosen = varied(found, 4, Variety(per_group=(0.25,)))

    assert chosen.candidates.tolist() == [1, 2, 3, 0]
    assert chosen.instead_of.tolist() == [NOTHING, NOTHING, 0, NOTHING]


def test_a_helper_comes_only_before_another():
    helper = np.asarray([False, False, True])

    lonely = varied(candidates(column(3, 2, 9), helpers=helper), 3, Variety())
    asked = varied(candidates(column(3, 2, 9), helpers=helper, before={1: (2,)}), 3, Variety())

    assert lonely.candidates.tolist() == [0, 1]
    assert asked.candidates.tolist() == [0, 2, 1]


def test_what_comes_first_has_no_more_than_its_share_while_others_are_there():
    """0 to 3 build on 4 to 7, which nobody would list for themselves, and 8 on nothing."""
    helper = np.asarray([False] * 4 + [True] * 4 + [False])
    found = candidates(
        column(9, 8, 7, 6, 1, 1, 1, 1, 2), helpers=helper, before={one: (one + 4,) for one in range(4)}
    )
    few = Variety(per_before=0.4)

    chosen = varied(found, 5, few)

    assert chosen.candidates.tolist() == [4, 0, 5, 1, 8]
    assert chosen.instead_of.tolist() == [0, NOTHING, 1, NOTHING, NOTHING]
    assert varied(found, 5, Variety()).candidates.tolist() == [4, 0, 5, 1, 6]
    assert varied(found, 9, few).candidates.tolist() == [4, 0, 5, 1, 6, 2, 7, 3, 8]
    # Rather than leave the list short.
    assert varied(found, 6, replace(few, per_before=0.2)).candidates.tolist() == [4, 0, 5, 1, 8, 6]


def test_what_comes_first_rises_so_many_places_and_what_needs_it_stands_right_behind():
    """0 builds on 5, the sixth by its own score; 1 on 6, which is a helper and the seventh."""
    helper = np.asarray([False] * 6 + [True])
    found = candidates(
        column(9, 8, 7, 6, 5, 4, 3), before={0: (5,), 1: (6,)}, helpers=helper, own=np.arange(1, 8)
    )

    chosen = varied(found, 7, Variety(most_rise=3))

    # 5 may stand in the third place, 6 in the fourth: there 0 is wanted more, and its turn is over by the fifth.
    assert chosen.candidates.tolist() == [2, 3, 5, 0, 6, 1, 4]
    assert chosen.instead_of.tolist() == [NOTHING, NOTHING, 0, NOTHING, 1, NOTHING, NOTHING]
    assert varied(found, 7, Variety()).candidates.tolist() == [5, 0, 6, 1, 2, 3, 4]
    # Rather than leave the list short.
    assert varied(found, 7, Variety(most_rise=0)).candidates.tolist() == [2, 3, 4, 5, 0, 6, 1]
    few = candidates(
        column(9, 1), before={0: (1,)}, helpers=np.asarray([False, True]), own=np.asarray([1, 40])
    )
    assert varied(few, 2, Variety(most_rise=6)).candidates.tolist() == [1, 0]


def test_the_twin_of_what_comes_first_will_do():
    chosen = varied(candidates(column(9, 5, 7), twins=[NOTHING, 4, 4], before={0: (1,)}), 3, Variety())

    assert chosen.candidates.tolist() == [1, 0]
    chosen = varied(candidates(column(6, 5, 7), twins=[NOTHING, 4, 4], before={0: (1,)}), 3, Variety())
    assert chosen.candidates.tolist() == [2, 0]


def test_a_circle_ends():
    chosen = varied(candidates(column(9, 5, 1), before={0: (1,), 1: (0,)}), 3, Variety())

    assert sorted(chosen.candidates.tolist()) == [0, 1, 2]


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=9),
    st.integers(1, 9),
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=6),
    st.lists(st.integers(-1, 2), min_size=9, max_size=9),
    st.lists(st.integers(-1, 2), min_size=9, max_size=9),
    st.sampled_from([1.0, 0.2]),
    st.sampled_from([None, 0, 2]),
)
def test_nothing_is_listed_twice_nor_beside_its_twin_nor_before_what_comes_first(
    values, k, pairs, topics, twins, share, rise
):
    count = len(values)
    before: dict[int, tuple[int, ...]] = {}
    for late, early in pairs:
        # Only forward, so that there are no circles.
        if early < late < count:
            before[late] = (*before.get(late, ()), early)
    own = np.argsort(np.argsort(-np.asarray(values), kind="stable")) + 1
    found = candidates(column(*values), groups=topics[:count], twins=twins[:count], before=before, own=own)

    listed = varied(found, k, Variety(per_group=(0.4,), per_before=share, most_rise=rise)).candidates.tolist()

    assert len(set(listed)) == len(listed) <= k
    marked = [twins[one] for one in listed if twins[one] != NOTHING]
    assert len(set(marked)) == len(marked)
    for place, one in enumerate(listed):
        for early in before.get(one, ()):
            stands_for = [o for o in range(count) if o == early or twins[o] == twins[early] != NOTHING]
            assert set(stands_for) & set(listed[:place]) or twins[early] == twins[one] != NOTHING
    different = len({("t", t) if t != NOTHING else ("c", c) for c, t in enumerate(twins[:count])})
    assert len(listed) == min(k, different)


# --- novelty and level ---


def test_what_few_take_is_new_and_what_everybody_took_is_not():
    """Four people: item 0 was taken by all, item 1 by two, item 2 by one, item 3 by nobody."""
    user = np.asarray([0, 1, 2, 3, 0, 1, 0], dtype=np.int64)
    item = np.asarray([0, 0, 0, 0, 1, 1, 2], dtype=np.int64)

    found = novelty(Acts(user, item, np.ones(7), 4, 4))

    assert found == pytest.approx([0.0, 0.5, 1.0, 1.0])
    assert novelty(Acts(user[:1], item[:1], np.ones(1), 4, 2)).tolist() == [0.0, 0.0]


def test_a_level_is_the_mean_of_what_was_taken_and_two_levels_off_count_half():
    levels = np.asarray([0, 1, 2, NOTHING])

    assert level_of(np.asarray([0, 2, NOTHING]), np.asarray([3.0, 1.0, 9.0])) == 0.5
    assert level_of(np.asarray([NOTHING, 1]), np.asarray([3.0, 0.0])) is None
    assert level_of(np.zeros(0, dtype=np.int64), np.zeros(0)) is None
    assert level_fit(levels, 0.0, 0.5) == pytest.approx([1.0, 1.0, 0.5, 1.0])
    assert level_fit(levels, 0.5, 0.5) == pytest.approx([1.0, 1.0, 0.5**0.5, 1.0])
    assert level_fit(levels, 2.0, 0.25) == pytest.approx([0.25, 1.0, 1.0, 1.0])
    assert level_fit(levels, None, 0.5).tolist() == [1.0] * 4


# --- the lot ---


def test_the_chance_of_a_draw_is_its_share_of_score_and_floor():
    scores, floor = np.asarray([0.6, 0.1, -3.0]), 0.1

    assert draw(scores, floor, np.asarray([0.5, 0.5, 0.5])) == (0, pytest.approx(0.7))
    assert draw(scores, floor, np.asarray([1e-6, 0.5, 1.0])) == (2, pytest.approx(0.1))
    assert draw(np.asarray([0.0]), floor, np.asarray([0.3])) == (0, 1.0)


def test_each_is_drawn_as_often_as_its_chance_says():
    scores, floor, times = np.asarray([0.5, 0.2, 0.0, 0.05]), 0.05, 20_000
    random = np.random.default_rng(7)
    won = np.zeros(4)
    said = np.zeros(4)
    for uniforms in 1.0 - random.random((times, 4)):
        winner, chance = draw(scores, floor, uniforms)
        won[winner] += 1
        said[winner] = chance

    assert said.sum() == pytest.approx(1.0)
    assert won / times == pytest.approx(said, abs=4 * np.sqrt(0.25 / times))


def test_who_joins_the_draw_changes_it_only_by_winning():
    random = np.random.default_rng(3)
    for _ in range(200):
        uniforms, scores = 1.0 - random.random(5), random.random(5)
        before, _ = draw(scores[:4], 0.1, uniforms[:4])
        after, _ = draw(scores, 0.1, uniforms)
        assert after in (before, 4)
