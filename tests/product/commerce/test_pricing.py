"""What an offer costs: numbers worked by hand, and what holds whatever the terms are."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyue.product.commerce.pricing import CouponTerms, Line, Terms, best, member_saved, quote

ORDER = ("price", "flash", "membership", "credit", "coupon", "points")


def test_each_line_says_what_it_took_of_what_was_left():
    terms = Terms(
        19_900, flash_fen=9_900, member_percent=10, credit_fen=1_000, points_fen=5_000, points_percent=20
    )
    coupons = [
        CouponTerms("LESS20", off_fen=2_000, threshold_fen=7_000, is_stackable=True),
        CouponTerms("TENTH", off_percent=10, is_stackable=True),
    ]

    found = quote(terms, coupons)

    # 9,900 − 990 − 1,000 = 7,910; a tenth of it, 791; 20 yuan; 5,119 left, of which points pay a fifth.
    assert found.lines == (
        Line("price", 19_900),
        Line("flash", -10_000),
        Line("membership", -990),
        Line("credit", -1_000),
        Line("coupon", -791, "TENTH"),
        Line("coupon", -2_000, "LESS20"),
        Line("points", -1_023),
    )
    assert (found.total_fen, found.saved_fen, found.codes) == (4_096, 15_804, ("TENTH", "LESS20"))


def test_a_flash_price_above_the_price_takes_nothing_off():
    assert quote(Terms(9_900, flash_fen=12_900)).lines == (Line("price", 9_900),)


def test_a_flash_price_of_nothing_is_a_price():
    assert quote(Terms(9_900, flash_fen=0)).total_fen == 0


def test_a_threshold_is_held_against_what_is_left_before_coupons():
    coupon = CouponTerms("A", off_fen=1_000, threshold_fen=9_000)

    assert quote(Terms(9_000), [coupon]).codes == ("A",)
    assert quote(Terms(9_900, member_percent=10), [coupon]).codes == ()


def test_a_coupon_of_a_share_stops_at_its_bound():
    assert quote(Terms(50_000), [CouponTerms("HALF", off_percent=50, most_fen=8_000)]).total_fen == 42_000


def test_a_share_is_rounded_down():
    assert quote(Terms(999), [CouponTerms("THIRD", off_percent=33)]).total_fen == 999 - 329


def test_coupons_take_no_more_than_there_is():
    coupons = [CouponTerms(code, off_fen=700, is_stackable=True) for code in ("A", "B", "C")]

    assert quote(Terms(1_000), coupons).lines == (
        Line("price", 1_000),
        Line("coupon", -700, "A"),
        Line("coupon", -300, "B"),
    )


def test_a_coupon_that_stands_alone_is_refused_beside_others():
    coupons = [CouponTerms("ALONE", off_fen=1), CouponTerms("ANY", off_fen=1, is_stackable=True)]

    with pytest.raises(ValueError, match="stands alone"):
        quote(Terms(1_000), coupons)
    with pytest.raises(ValueError, match="counts once"):
        quote(Terms(1_000), [coupons[1], coupons[1]])


@pytest.mark.parametrize(
    "wrong",
    [
        {"off_fen": 1, "off_percent": 1},
        {},
        {"off_percent": 101},
        {"off_fen": -1},
        {"off_fen": 1, "threshold_fen": -1},
        {"off_percent": 5, "most_fen": 0},
    ],
)
def test_terms_of_a_coupon_that_mean_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match="coupon"):
        CouponTerms("X", **wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"price_fen": -1},
        {"price_fen": 1, "flash_fen": -1},
        {"price_fen": 1, "member_percent": 101},
        {"price_fen": 1, "owned_fen": 2},
        {"price_fen": 1, "owned_fen": -1},
    ],
)
def test_terms_that_mean_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match=r"below 0|percent"):
        Terms(**wrong)


def test_the_best_coupon_is_the_one_that_leaves_least():
    few = CouponTerms("FEW", off_fen=1_500)
    more = CouponTerms("MORE", off_fen=3_000, threshold_fen=10_000)
    pair = [CouponTerms(code, off_fen=900, is_stackable=True) for code in ("X", "Y")]

    assert best(Terms(9_900), [few, more]) == (few,)
    assert best(Terms(10_000), [few, more, *pair]) == (more,)
    assert best(Terms(9_900), [few, more, *pair]) == tuple(pair)
    assert best(Terms(0), [few, more, *pair]) == ()


AMOUNTS = st.integers(0, 2_000_000)
SHARES = st.integers(0, 100)
TERMS = st.builds(Terms, AMOUNTS, st.none() | AMOUNTS, SHARES, AMOUNTS, AMOUNTS, SHARES)


CODES = st.sampled_from("ABCDEFGH")
MOST, THRESHOLDS = st.none() | st.integers(1, 500_000), st.integers(0, 500_000)


def coupons(*, stackable):
    return st.builds(
        lambda code, is_share, much, most, threshold: CouponTerms(
            code,
            off_fen=0 if is_share else much * 5_000,
            off_percent=much if is_share else 0,
            most_fen=most,
            threshold_fen=threshold,
            is_stackable=stackable,
        ),
        CODES, st.booleans(), SHARES.filter(bool), MOST, THRESHOLDS,
    )  # fmt: skip


SEVERAL = st.lists(coupons(stackable=True), max_size=4, unique_by=lambda coupon: coupon.code)


@given(TERMS, SEVERAL)
def test_a_price_is_the_sum_of_its_lines_in_order_and_never_below_nothing(terms, chosen):
    found = quote(terms, chosen)

    kinds = [ORDER.index(line.kind) for line in found.lines]
    assert kinds == sorted(kinds)
    assert kinds.count(0) == 1
    left = 0
    for line in found.lines:
        left += line.amount_fen
        assert left >= 0
        assert line.kind == "price" or line.amount_fen < 0
    assert found.total_fen == left <= terms.price_fen
    assert found.total_fen + found.saved_fen == terms.price_fen


@pytest.mark.parametrize(
    ("lowered", "total_fen"), [({}, 9_000), ({"flash_fen": 15_000}, 5_000), ({"member_percent": 40}, 5_400)]
)
def test_what_is_owned_comes_off_as_a_share_of_the_lowered_price(lowered, total_fen):
    # 18,000 of 27,000 is theirs: what is missing costs a third of whatever the price is.
    assert quote(Terms(27_000, owned_fen=18_000, **lowered)).total_fen == total_fen


@given(st.data())
def test_what_is_missing_of_a_bundle_is_never_had_for_nothing(data):
    price = data.draw(st.integers(1, 2_000_000))
    lowered = {
        "flash_fen": data.draw(st.none() | st.integers(1, 2_000_000)),
        "member_percent": data.draw(st.integers(0, 90)),
    }
    owned = data.draw(st.integers(0, price - 1))

    found = quote(Terms(price, owned_fen=owned, **lowered)).total_fen

    assert 1 <= found <= quote(Terms(price, **lowered)).total_fen


@given(TERMS, SEVERAL)
def test_what_a_membership_saves_in_the_end_leads_back_to_the_price_for_everybody(terms, chosen):
    codes = quote(terms, chosen).codes
    used = [coupon for coupon in chosen if coupon.code in codes]
    mine, everybodys = quote(terms, used), quote(replace(terms, member_percent=0), used)

    saved = member_saved(terms, used)

    assert mine.total_fen + saved == everybodys.total_fen
    # What comes after it by share lessens it, never the other way.
    assert 0 <= saved <= -sum(line.amount_fen for line in mine.lines if line.kind == "membership")


@given(TERMS, SEVERAL)
def test_shares_apply_before_amounts_whatever_order_they_come_in(terms, chosen):
    assert quote(terms, chosen) == quote(terms, chosen[::-1])


@given(TERMS, SEVERAL, st.lists(coupons(stackable=False), max_size=3))
def test_no_choice_of_coupons_is_better_than_the_best(terms, together, alone):
    found = quote(terms, best(terms, [*together, *alone])).total_fen

    assert found <= quote(terms).total_fen
    assert all(found <= quote(terms, [coupon]).total_fen for coupon in [*together, *alone])
    assert found <= quote(terms, together).total_fen
