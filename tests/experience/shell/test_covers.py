"""Covers: the same course always looks the same, and neighbours never do."""

from itertools import pairwise

from tests.core.academy.test_accents import contrast
from zhiyue.experience.shell import covers

TOPICS = (
    "data",
    "product",
    "programming",
    "ai",
    "business",
    "finance",
    "psychology",
    "writing",
    "humanities",
)


def test_a_course_always_wears_the_same_cover():
    one = covers.draw(slug="intuition", topic="data", keyword="直觉")
    assert one == covers.draw(slug="intuition", topic="data", keyword="直觉")
    assert one != covers.draw(slug="long-tail", topic="data", keyword="直觉")


def test_courses_of_one_topic_share_a_palette_and_known_topics_share_none():
    assert covers.palette_of("data") is covers.palette_of("data")
    assert len({covers.palette_of(topic) for topic in TOPICS}) == len(TOPICS)


def test_neighbours_in_a_row_and_above_each_other_never_wear_one_motif():
    row = [(f"course-{n}", "data") for n in range(60)]
    worn = covers.dress(row)
    motifs = [covers.motif_of(slug, wear.variant) for (slug, _), wear in zip(row, worn, strict=True)]
    assert all(a != b for a, b in pairwise(motifs))
    assert all(a != b for a, b in zip(motifs, motifs[4:], strict=False))


def test_neighbours_of_one_topic_wear_different_tints():
    tints = [wear.tint for wear in covers.dress([(f"course-{n}", "data") for n in range(60)])]
    assert all(a != b for a, b in pairwise(tints))
    assert all(a != b for a, b in zip(tints, tints[4:], strict=False))
    assert set(tints) == {0, 1, 2, 3}


def test_neighbours_whose_topics_have_like_colours_wear_tints_that_differ():
    """Brick beside ochre turned towards red, say: a course then leaves the tint it wears by itself."""
    courses = [(f"{topic}-{n}", topic) for n in range(12) for topic in ("product", "finance", "humanities")]
    worn = [
        covers.palette_of(topic, wear.tint)
        for (_, topic), wear in zip(courses, covers.dress(courses), strict=True)
    ]
    own = [covers.palette_of(topic, covers.tint_of(slug)) for slug, topic in courses]
    assert min(covers.distance(a, b) for a, b in pairwise(worn)) > 74
    assert min(covers.distance(a, b) for a, b in pairwise(own)) < 68


def test_white_words_can_be_read_on_every_tint():
    for topic in TOPICS:
        for tint in range(4):
            assert contrast("#ffffff", covers.palette_of(topic, tint).ground) > 4.5


def test_a_long_keyword_is_set_smaller_and_none_can_carry_markup():
    assert 'font-size="46"' in covers.draw(slug="a", topic="data", keyword="直觉")
    assert 'font-size="33"' in covers.draw(slug="a", topic="data", keyword="统计直觉课")
    assert "<script>" not in covers.draw(slug="a", topic="data", keyword="<script>")
