"""Numbers of taxpayers: real ones fit, each slip of one sign is found, and what is refused says what to look at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyue.core.accounts.errors import Unfit
from zhiyue.product.commerce.invoices.taxpayers import check_sign, taxpayer

SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
# The example of GB 32100-2015, and codes of well-known companies as their annual reports print them.
REAL = [
    "91350100M000100Y43",
    "914403001922038216",
    "9144030071526726XG",
    "91330100799655058B",
    "91110000802100433B",
]


@pytest.mark.parametrize("number", REAL)
def test_real_ones_fit_however_they_are_typed(number):
    assert taxpayer(number) == number
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in number.lower())
    for typed in (f" {number[:8]} {number[8:]} ", number.lower(), wide, f"{number[:2]}-{number[2:]}"):
        assert taxpayer(typed) == number


@given(st.text(SIGNS, min_size=17, max_size=17), st.integers(0, 17), st.sampled_from(SIGNS))
def test_every_slip_of_one_sign_is_found(body, place, other):
    number = body + check_sign(body)
    assert taxpayer(number) == number
    slipped = number[:place] + other + number[place + 1 :]
    if slipped != number:
        with pytest.raises(Unfit, match=r"slip|有误"):
            taxpayer(slipped)


@pytest.mark.parametrize("number", ["110105123456789", "12345678901234567890", "440301MA5ABCDEF"])
def test_former_kinds_are_taken_as_they_are(number):
    assert taxpayer(number) == number


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "0"),
        ("9135010", "7"),
        ("91350100M000100Y4", "17"),
        ("91350100M000100Y433", "19"),
        ("9135010OM000100Y43", "O"),
        ("91350100I000100Y43", "I"),
        ("９１３５０１００Ｍ０００１００Ｙ４４", ""),
        ("91350100M000100Y4中", "中"),
        ("<script>", "8"),
    ],
)
def test_what_does_not_fit_says_why(typed, words):
    with pytest.raises(Unfit) as refused:
        taxpayer(typed)
    assert words in str(refused.value.message)
