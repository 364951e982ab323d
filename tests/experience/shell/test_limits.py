"""Counting what people do in a while: what fits, what doesn't, and when it fits again."""

import time

import pytest
from django.test import RequestFactory
from limits import RateLimitItemPerMinute, RateLimitItemPerSecond

from zhiyue.experience.shell.limits import Allowance, TooMany, address_of, give_back, network_of, spend


def test_what_is_refused_counts_against_nobody():
    wide = Allowance(RateLimitItemPerMinute(2), "try", "wide")
    narrow = Allowance(RateLimitItemPerMinute(1), "try", "narrow")
    spend([wide, narrow])
    with pytest.raises(TooMany):
        spend([wide, narrow])
    spend([wide])
    with pytest.raises(TooMany):
        spend([wide])


def test_what_is_given_back_may_be_spent_again():
    one = Allowance(RateLimitItemPerMinute(1), "try", "someone")
    spend([one])
    give_back([one])
    spend([one])
    with pytest.raises(TooMany):
        spend([one])


@pytest.mark.parametrize("cost", [1, 3])
def test_after_the_wait_it_fits(cost):
    allowance = Allowance(RateLimitItemPerSecond(4), "try", "someone")
    spend([allowance], cost=4)
    with pytest.raises(TooMany) as refusal:
        spend([allowance], cost=cost)
    assert refusal.value.retry_after in (1, 2)
    # The clock of the store is not this process's: on a busy machine the moment may come a little later.
    deadline = time.monotonic() + refusal.value.retry_after + 2
    time.sleep(refusal.value.retry_after)
    while not fits(allowance, cost):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def fits(allowance, cost):
    try:
        spend([allowance], cost=cost)
    except TooMany:
        return False
    return True


def test_more_than_may_ever_be_done_at_once_waits_a_window():
    with pytest.raises(TooMany) as refusal:
        spend([Allowance(RateLimitItemPerMinute(2), "try", "someone")], cost=3)
    assert refusal.value.retry_after == 60


@pytest.mark.parametrize(
    ("seen", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_an_address_stands_for_a_household(seen, counted):
    assert address_of(RequestFactory().get("/", REMOTE_ADDR=seen)) == counted


@pytest.mark.parametrize(
    ("seen", "counted"),
    [("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3::", "2001:db8:1::")],
)
def test_a_network_stands_for_whatever_one_subscriber_may_hold(seen, counted):
    assert network_of(RequestFactory().get("/", REMOTE_ADDR=seen)) == counted


def test_an_allowance_that_is_used_up_says_its_own_words():
    plain = Allowance(RateLimitItemPerMinute(5), "try", "plain")
    worded = Allowance(RateLimitItemPerMinute(1), "try", "worded", "Take the stairs.")
    spend([plain, worded])
    with pytest.raises(TooMany, match=r"Take the stairs\."):
        spend([plain, worded])
