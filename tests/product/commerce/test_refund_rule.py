"""How much goes back: numbers worked by hand, and what holds whatever was paid, opened and agreed."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyue.product.commerce.refunds.rule import Bought, Line, RefundTerms, reckon, why_not

ORDER = ("paid", "lessons", "returned", "fee")
WEEK = RefundTerms(7)


def test_each_line_says_what_it_kept_of_what_was_left():
    found = reckon(RefundTerms(7, fee_permille=6, fee_least_fen=100), Bought(19_900, 30, 7, 2_000))

    # 7 of 30 lessons of 199 yuan: 4,643.33, kept 4,644; 15,256 left, 2,000 went before; 6 ‰ of 13,256: 79.5, so 100.
    assert found.lines == (
        Line("paid", 19_900),
        Line("lessons", -4_644, 7, 30),
        Line("returned", -2_000),
        Line("fee", -100),
    )
    assert found.amount_fen == 13_156


def test_what_wasnt_opened_goes_back_whole():
    assert reckon(WEEK, Bought(9_900, 10, 0)).lines == (Line("paid", 9_900),)


def test_a_course_without_lessons_for_money_goes_back_whole():
    assert reckon(WEEK, Bought(9_900, 0, 0)).amount_fen == 9_900


def test_a_fee_is_of_what_would_go_back_and_rounded_up():
    assert reckon(RefundTerms(7, fee_permille=100), Bought(999, 3, 1)).amount_fen == 666 - 67


def test_a_fee_takes_no_more_than_there_is():
    assert reckon(RefundTerms(7, fee_least_fen=500), Bought(900, 3, 2)).lines == (
        Line("paid", 900),
        Line("lessons", -600, 2, 3),
        Line("fee", -300),
    )


def test_what_went_back_before_never_goes_back_again():
    assert reckon(WEEK, Bought(900, 3, 2, 300)).amount_fen == 0
    assert reckon(WEEK, Bought(900, 3, 2, 700)).amount_fen == 0
    assert reckon(WEEK, Bought(900, 3, 0, 300)).amount_fen == 600


@pytest.mark.parametrize(
    ("terms", "bought", "days", "why"),
    [
        (WEEK, Bought(900, 3, 2), 0, ""),
        (WEEK, Bought(900, 3, 2), 7, "too_late"),
        (RefundTerms(0), Bought(900, 3, 0), 0, "no_refunds"),
        (WEEK, Bought(0, 3, 0), 0, "costs_nothing"),
        (WEEK, Bought(900, 3, 3), 0, "all_opened"),
        (RefundTerms(7, fee_permille=1000), Bought(900, 3, 0), 0, "nothing_left"),
        (WEEK, Bought(900, 3, 0, 900), 0, "nothing_left"),
    ],
)
def test_why_nothing_goes_back(terms, bought, days, why):
    assert why_not(terms, bought, age=timedelta(days=days)) == why


def test_the_last_moment_of_the_window_is_in_it():
    assert why_not(WEEK, Bought(900, 3, 0), age=timedelta(days=7, microseconds=-1)) == ""


@pytest.mark.parametrize("wrong", [{"window_days": -1}, {"window_days": 3651}, {"fee_permille": 1001}])
def test_terms_that_mean_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match=r"days|thousandths"):
        RefundTerms(**{"window_days": 7, **wrong})


@pytest.mark.parametrize("wrong", [(-1, 1, 0), (1, 1, 2), (1, 1, 1, 2)])
def test_what_cant_have_been_bought_is_refused(wrong):
    with pytest.raises(ValueError, match=r"more|below"):
        Bought(*wrong)


def test_terms_are_kept_as_they_were():
    terms = RefundTerms(14, 6, 100)
    assert RefundTerms.from_json(terms.to_json()) == terms


TERMS = st.builds(RefundTerms, st.integers(0, 60), st.integers(0, 1000), st.integers(0, 100_000))


@st.composite
def bought(draw):
    paid, lessons = draw(st.integers(0, 2_000_000)), draw(st.integers(0, 300))
    return Bought(paid, lessons, draw(st.integers(0, lessons)), draw(st.integers(0, paid)))


@given(TERMS, bought())
def test_what_goes_back_is_the_sum_of_its_lines_and_no_more_than_is_left(terms, one):
    found = reckon(terms, one)

    kinds = [ORDER.index(line.kind) for line in found.lines]
    assert kinds == sorted(set(kinds))
    left = 0
    for line in found.lines:
        left += line.amount_fen
        assert left >= 0
        assert line.kind == "paid" or line.amount_fen <= 0
    assert found.amount_fen == left <= one.left_fen


@given(TERMS, bought())
def test_who_opens_one_more_lesson_gets_no_more_back(terms, one):
    if one.opened < one.lessons:
        more = Bought(one.paid_fen, one.lessons, one.opened + 1, one.returned_fen)
        assert reckon(terms, more).amount_fen <= reckon(terms, one).amount_fen


@given(bought())
def test_without_a_fee_the_share_is_exact_to_the_fen(one):
    if one.lessons and not one.returned_fen:
        exact = one.paid_fen * (one.lessons - one.opened) / one.lessons
        assert exact - 1 < reckon(RefundTerms(7), one).amount_fen <= exact


@given(TERMS, bought(), st.integers(0, 80 * 24))
def test_nothing_goes_back_without_a_reason_why(terms, one, hours):
    why = why_not(terms, one, age=timedelta(hours=hours))
    assert why == "" or why in {"no_refunds", "too_late"} or not reckon(terms, one).amount_fen
    if why == "":
        assert reckon(terms, one).amount_fen > 0
        assert hours < 24 * terms.window_days
