"""What of a text may be read before it is one's own: never more than the share, never half a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyue.product.catalogue.openings import LINES_LOOKED_AT, opening

TEXT = """# 平均数会骗人

第一句话。第二句话！第三句“也是”。

- 一
- 二

最后一段，写得很长，很长，很长，很长，很长，很长，很长，很长，很长，很长，很长，很长。
"""


def test_the_opening_ends_with_a_sentence():
    found = opening(TEXT, 30)

    assert found.text == "# 平均数会骗人\n\n第一句话。第二句话！"
    assert not found.is_all
    assert found.percent == 100 * len(found.text) // len(TEXT)


def test_a_sentence_is_cut_behind_what_closes_it():
    assert opening("他说：“走吧。”然后他走了，走了很远，再也没有回来。", 50).text == "他说：“走吧。”"


def test_a_list_is_there_whole_or_not_at_all():
    whole = TEXT.index("- 二") + 3
    for percent in range(101):
        text = opening(TEXT, percent).text
        assert ("- 一" in text) == ("- 二" in text)
        assert ("- 一" in text) == (percent == 100 or len(TEXT) * percent // 100 >= whole)


def test_a_paragraph_without_the_end_of_a_sentence_isnt_cut():
    assert opening("甲" * 100, 99).text == ""


@pytest.mark.parametrize("percent", [0, -5])
def test_nothing_is_nothing(percent):
    assert opening(TEXT, percent).text == ""


def test_all_is_all():
    assert opening(TEXT, 100) == opening(TEXT, 250)
    assert opening(TEXT, 100).is_all
    assert opening(TEXT, 100).text == TEXT


def test_nothing_is_shown_of_no_text():
    assert opening("", 50).text == ""


def test_of_a_very_long_text_only_its_first_lines_are_looked_at():
    lines = "行。\n\n" * LINES_LOOKED_AT

    assert len(opening(lines, 99).text) <= len(lines) // 2


@given(st.text("一。 \n#->|`*“”a1\r\u2028\x0c", max_size=300), st.integers(0, 99))
def test_it_is_a_beginning_of_the_text_within_the_share(text, percent):
    found = opening(text, percent)

    assert text.startswith(found.text)
    assert len(found.text) <= len(text) * percent // 100
