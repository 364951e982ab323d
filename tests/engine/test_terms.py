"""How text is cut for search: the same on both sides, whatever signs people type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyue.engine.spelling import Vocabulary, corrected, sounds, typing_errors
from zhiyue.engine.terms import LONGEST_TERM, asked_words, fold, pairs, stem, terms


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("统计学的直觉", ["统计", "计学", "统计学", "的", "直觉"]),
        ("統計學的直覺", ["统计", "计学", "统计学", "的", "直觉"]),
        ("ＰＹＴＨＯＮ　２０２４", ["python", "2024"]),
        ("C++、C# 与 .NET", ["cplusplus", "csharp", "与", "dotnet"]),
        ("A/B 测试", ["ab", "测试"]),
        ("GPT-4o", ["gpt4o", "gpt", "4o"]),
        ("Café courses", ["caf", "cours"]),
        ("🙂 !? \u0000", []),
        ("", []),
    ],
)
def test_text_is_cut_into_these_terms(text, cut):
    assert terms(text) == cut


@pytest.mark.parametrize(
    ("word", "root"),
    [
        ("courses", "cours"), ("course", "cours"), ("stories", "story"), ("story", "story"),
        ("learning", "learn"), ("learned", "learn"), ("running", "run"), ("making", "mak"), ("make", "mak"),
        ("string", "string"), ("thing", "thing"), ("analysis", "analysis"), ("class", "class"), ("sql", "sql"),
        ("boxes", "box"), ("gpt4", "gpt4"),
    ],
)  # fmt: skip
def test_english_words_lose_the_endings_of_number_and_tense(word, root):
    assert stem(word) == root


def test_pairs_hold_every_two_neighbours_once_and_no_stop():
    assert pairs("数据，数据库") == ["·数据", "·据库"]
    assert pairs("禅") == ["·禅"]
    assert pairs("直觉", singles=True) == ["·直", "·觉", "·直觉"]


def test_words_that_narrow_nothing_are_left_out_unless_alone():
    assert [word for word, _ in asked_words(fold("怎么学 Python 课程"))] == ["python"]
    assert [word for word, _ in asked_words(fold("课程"))] == ["课程"]


def test_what_is_no_word_is_looked_for_as_it_stands():
    assert asked_words("推见系统") == [("推见", (("·推见",),)), ("系统", (("系统",),))]


@given(st.text(max_size=200))
def test_any_text_gives_terms_without_signs_that_a_database_reads(text):
    for term in terms(text):
        assert term
        assert all(sign.isalnum() or sign >= "\u3005" for sign in term)
        assert term == term.lower()
    assert all(len(term) <= LONGEST_TERM for term in terms(text))


@given(st.text(max_size=60))
def test_what_is_asked_for_is_what_was_indexed(text):
    """The same text asked and indexed: each word is there in one of its ways."""
    held = set(terms(text)) | set(pairs(text, singles=True))
    for _, ways in asked_words(fold(text)):
        assert any(held.issuperset(way) for way in ways)


@pytest.mark.parametrize(
    ("one", "other", "errors"),
    [("python", "pyhton", 1), ("python", "pyton", 1), ("kitten", "sitting", 3), ("", "ab", 2), ("a", "a", 0)],
)
def test_typing_errors_are_counted(one, other, errors):
    assert typing_errors(one, other) == typing_errors(other, one) == errors


def test_a_word_is_heard_in_each_of_its_readings():
    assert sounds("直觉") == ["zhijiao", "zhijue"]
    assert sounds("直X") == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("pyhton", "python"),
        ("直决", "直觉"),
        ("同计学", "统计学"),
        ("推荐系同", "推荐系统"),
        ("神经网洛", "神经网络"),
        ("shuju", "数据"),
        ("python 数剧", "python 数据"),
        ("统计学", "统计学"),
        ("sql", "sql"),
        ("天气", "天气"),
    ],
)
def test_a_mistyped_question_is_put_right(typed, meant):
    words = Vocabulary(
        {"python": 3, "直觉": 2, "统计学": 4, "推荐": 3, "系统": 2, "数据": 4, "神经网络": 1, "sql": 1}
    )
    assert corrected(typed, words) == meant


PHRASES = ("短视频脚本写作", "裴砚", "古典文学教师", "西安的一天", "先生", "现实")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("duanshipin", "短视频"),
        ("duanship", "短视频"),
        ("jiaobenxiezuo", "脚本写作"),
        ("peiyan", "裴砚"),
        # Cut as xi-an or as xian: whatever stands somewhere.
        ("xiandeyitian", "西安的一天"),
        ("xiansheng", "先生"),
        # One syllable is no word, no stretch goes over the end of a phrase, and letters alone are no pinyin.
        ("pei", None),
        ("yangudian", None),
        ("pytorch", None),
        ("", None),
    ],
)
def test_pinyin_finds_a_stretch_of_a_phrase(typed, meant):
    assert Vocabulary({}, PHRASES).spoken(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("pei yan", "裴砚"),
        ("duan shi pin", "短视频"),
        ("shu ju", "数据"),
        ("python duanshipin", "python 短视频"),
        ("python sql", "python sql"),
        ("pei", "pei"),
    ],
)
def test_pinyin_typed_syllable_by_syllable_is_put_right(typed, meant):
    assert corrected(typed, Vocabulary({"python": 3, "sql": 1, "数据": 2}, PHRASES)) == meant


def test_a_long_word_with_many_cuts_is_answered_at_once():
    """Every “xian” may be cut in two; that none of the 2¹⁴ ways reaches the end is seen before one is taken."""
    assert Vocabulary({}, PHRASES).spoken("xian" * 14 + "vvvv") is None
