"""Amounts in capital characters: the examples of the rules themselves, and every other one read back."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zhiyue.product.commerce.invoices.capitals import MOST_FEN, capitals

DIGITS = "零壹贰叁肆伍陆柒捌玖"
PLACES = {"拾": 10, "佰": 100, "仟": 1_000}
GROUPS = {"亿": 10**8, "万": 10**4}


@pytest.mark.parametrize(
    ("fen", "said"),
    [
        # The four kinds of zero as the rules of the People's Bank show them.
        (140_950, "壹仟肆佰零玖元伍角整"),
        (600_714, "陆仟零柒元壹角肆分"),
        (168_032, "壹仟陆佰捌拾元叁角贰分"),
        (10_700_053, "壹拾万柒仟元伍角叁分"),
        (1_640_902, "壹万陆仟肆佰零玖元零贰分"),
        (32_504, "叁佰贰拾伍元零肆分"),
        (0, "零元整"),
        (1, "壹分"),
        (10, "壹角整"),
        (99, "玖角玖分"),
        (100, "壹元整"),
        (101, "壹元零壹分"),
        (1_000, "壹拾元整"),
        (9_900, "玖拾玖元整"),
        (19_900, "壹佰玖拾玖元整"),
        (100_000_000, "壹佰万元整"),
        (100_000_100, "壹佰万零壹元整"),
        (100_010_000, "壹佰万零壹佰元整"),
        (1_000_000_000_000, "壹佰亿元整"),
        (1_000_000_000_100, "壹佰亿零壹元整"),
        (10_000_100_000, "壹亿零壹仟元整"),
        (2_147_483_647, "贰仟壹佰肆拾柒万肆仟捌佰叁拾陆元肆角柒分"),
    ],
)
def test_amounts_read_as_the_rules_have_them(fen, said):
    assert capitals(fen) == said


@given(st.integers(0, MOST_FEN))
@example(MOST_FEN)
@example(10_000_000_010_000)
def test_every_amount_reads_back_as_itself(fen):
    said = capitals(fen)
    assert read_back(said) == fen
    assert "零零" not in said
    assert said.endswith("分") != said.endswith("整")


@given(st.integers(0, MOST_FEN), st.integers(0, MOST_FEN))
def test_no_two_amounts_read_alike(one, other):
    assert (capitals(one) == capitals(other)) == (one == other)


@pytest.mark.parametrize("fen", [-1, MOST_FEN + 1])
def test_what_no_voucher_says_is_refused(fen):
    with pytest.raises(ValueError, match="0 or more fen"):
        capitals(fen)


def read_back(said):
    """By its own rule: places multiply the digit before them, groups all before them, zeros say nothing."""
    text = said.removesuffix("整")
    whole, _, rest = text.rpartition("元") if "元" in text else ("", "", text)
    fen = 100 * number(whole)
    for unit, worth in (("角", 10), ("分", 1)):
        before, found, rest_after = rest.partition(unit)
        if found:
            fen += worth * DIGITS.index(before.lstrip("零"))
            rest = rest_after
    assert rest == ""
    return fen


def number(text):
    for group, worth in GROUPS.items():
        before, found, after = text.partition(group)
        if found:
            return number(before) * worth + number(after)
    total = digit = 0
    for sign in text:
        if sign in PLACES:
            total, digit = total + digit * PLACES[sign], 0
        else:
            digit = DIGITS.index(sign)
    return total + digit
