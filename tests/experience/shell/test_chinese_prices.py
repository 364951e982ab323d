"""How Chinese shops say prices and times, where a word-for-word translation would read odd."""

from datetime import timedelta

import pytest
from django.utils.translation import override

from zhiyue.core.kit import clock
from zhiyue.experience.shell.coupon_words import percent_off, takes_off
from zhiyue.experience.shell.moments import ahead
from zhiyue.product.commerce.models import Coupon


@pytest.mark.parametrize(
    ("percent", "said"),
    [
        (10, "9 折"),
        (15, "85 折"),
        (13, "87 折"),
        (50, "5 折"),
        (90, "1 折"),
        (95, "0.5 折"),
        (100, "立减 100%"),
    ],
)
def test_a_percent_off_is_what_is_left_in_tenths(percent, said):
    with override("zh-hans"):
        assert percent_off(percent) == said
    with override("en"):
        assert percent_off(percent) == f"{percent}% off"


def test_a_coupon_names_its_bound_too():
    with override("zh-hans"):
        assert takes_off(Coupon(off_percent=15, most_fen=3_000)) == "85 折，最多减 ¥30"
        assert takes_off(Coupon(off_fen=2_000)) == "立减 ¥20"


def test_how_long_it_is_until_then_has_no_comma_in_chinese():
    then = clock.now() + timedelta(hours=20, minutes=28, seconds=30)
    with override("zh-hans"):
        assert ahead(then).replace("\xa0", " ") == "20 小时 28 分钟"
    with override("en"):
        assert ahead(then).replace("\xa0", " ") == "20 hours, 28 minutes"
