"""Sameness: numbers worked by hand, and copies planted among the demo's courses."""

import itertools
import random
import re

import pytest
import rjieba

from zhiyue.core.kit import clock
from zhiyue.demo import academy
from zhiyue.engine.sameness import Pair, alike, containment, shared_passages, shingles
from zhiyue.product.catalogue.likeness import ALIKE_FROM


def test_a_text_of_six_characters_has_three_shingles():
    assert len(shingles("平均数会骗人")) == 3
    assert shingles("## 平均数，会——骗人！") == shingles("平均数会骗人")


def test_words_of_latin_letters_count_as_one_token_each():
    assert len(shingles("The mean can lie to you")) == 3
    assert shingles("Ｔｈｅ MEAN can lie") == shingles("the mean can lie")


def test_containment_by_hand():
    # 平均数会 均数会骗 数会骗人 | 平均数会 均数会说 数会说谎: one of three.
    assert containment(shingles("平均数会骗人"), shingles("平均数会说谎")) == pytest.approx(1 / 3)
    # A part is wholly in the whole.
    assert containment(shingles("平均数会"), shingles("平均数会骗人")) == 1.0
    assert containment(shingles("短"), shingles("平均数会骗人")) == 0.0


def test_short_texts_are_left_out_and_pairs_come_once():
    long = shingles("平均数会骗人中位数不会而众数常常被人忘记所以要把三个数放在一起看才知道分布的样子")
    other = shingles("今天早上的咖啡用了九十二度的水闷蒸三十秒之后分三段注水总共两分半钟就滴完了")
    short = shingles("平均数会骗人")
    assert alike([long, short, other, long], at_least=0.25) == [Pair(0, 3, 1.0)]
    assert alike([], at_least=0.25) == []


def test_sampling_finds_the_same_pair():
    text = "".join(chr(0x4E00 + (n * 7919) % 9000) for n in range(4000))
    half = text[:2000] + "".join(chr(0x5E00 + (n * 104729) % 9000) for n in range(2000))
    whole = containment(shingles(text), shingles(half))
    [pair] = alike([shingles(text, one_in=8), shingles(half, one_in=8)], at_least=0.2)
    assert pair.share == pytest.approx(whole, abs=0.1)
    with pytest.raises(ValueError, match="one_in"):
        shingles(text, one_in=0)


def test_shared_passages_are_shown_as_they_stand_in_the_first():
    first = "开头不同。平均数会骗人，中位数不会，所以要一起看。结尾也不同。"
    second = "另一个开始：平均数会骗人，中位数不会，所以要一起看！完。"
    assert shared_passages(first, second) == ["平均数会骗人，中位数不会，所以要一起看"]
    assert shared_passages(first, "完全是另外一回事，和它没有任何相同的句子。") == []


@pytest.fixture(scope="module")
def courses():
    drafts = [*academy.courses(now=clock.now()), *academy.workshop(now=clock.now())]
    texts = {}
    for draft in drafts:
        lessons = [text for part in draft.chapters for one in part.lessons for text in (one.title, one.body)]
        texts[draft.slug] = [draft.title, draft.subtitle, draft.summary, *draft.outcomes, *lessons]
    return texts


def planted(parts, chance, words):
    """Three ways to make a course of another: chapters shuffled, three words in ten replaced, abridged to half."""
    shuffled = chance.sample(parts, len(parts))

    def reworded(text):
        return "".join(
            chance.choice(words) if re.match(r"[\u4e00-\u9fff]{2}", word) and chance.random() < 0.3 else word
            for word in rjieba.cut(text)
        )

    return [
        "\n".join(shuffled),
        "\n".join(map(reworded, parts)),
        "\n".join(part[: len(part) // 2] for part in parts),
    ]


def test_every_planted_copy_is_found_and_no_two_different_courses_are_called_alike(courses):
    chance = random.Random(11)
    kept = list(courses)
    whole = {slug: shingles("\n".join(courses[slug])) for slug in kept}
    words = [word for slug in kept[:5] for word in rjieba.cut(courses[slug][2]) if len(word) == 2]
    copies = {slug: planted(courses[slug], chance, words) for slug in kept[::4]}
    found = [
        containment(whole[slug], shingles(copy)) >= ALIKE_FROM
        for slug, made in copies.items()
        for copy in made
    ]
    assert all(found), "recall below 1"
    highest = max(
        containment(whole[one], whole[other])
        for one, other in itertools.combinations(kept, 2)
        if {one, other} != academy.TWINS
    )
    one, other = academy.TWINS
    assert containment(whole[one], whole[other]) > ALIKE_FROM
    assert highest < ALIKE_FROM / 5, "different courses come near the bar"
