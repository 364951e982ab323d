"""When a contest calls a policy the best: it is asked every night, and must not err more often for that."""

from dataclasses import replace
from datetime import date

import numpy as np

from zhiyue.engine import bandits
from zhiyue.engine.evaluate import NORMAL_95, Estimate
from zhiyue.engine.off_policy import NORMAL_99, Lead
from zhiyue.recommend.policies import CONTEST
from zhiyue.recommend.valuing import NIGHTS, Valued, is_settled, kept_lead, to_keep

PEOPLE = 200


def settled(*nights, best="walks"):
    told = {f"2026-03-{n:02}": one for n, one in enumerate(nights, 1)}
    return is_settled({"lead": {"best": best, "gaps": {}}, "nights": told})


def test_it_is_settled_once_the_same_policy_was_surely_ahead_on_seven_nights_running():
    assert settled("hybrid", "", *7 * ["walks"])
    assert not settled(*6 * ["walks"])
    assert not settled(*4 * ["walks"], "", *3 * ["walks"])
    assert not settled(*4 * ["walks"], "hybrid", *3 * ["walks"])
    assert not settled(*7 * [""])
    assert not settled(*7 * ["walks"], best="hybrid")
    assert not is_settled({}) and not is_settled({"nights": {"2026-03-01": "walks"}})


def test_nights_are_kept_by_the_day_that_ended_and_the_same_night_counts_once(db):
    found = Valued(1, date(2026, 1, 1), date(2026, 1, 1), 0, 0, {"walks": 3}, {})
    kept = None
    for day in range(1, 10):
        lead = Lead("walks", {"hybrid": Estimate(0.1, 0.05 if day > 2 else -0.01, 0.2, "bootstrap")})
        for _ in range(2):
            kept = to_keep(replace(found, until=date(2026, 1, day), lead=lead), kept)
    assert list(kept["nights"]) == [f"2026-01-0{day}" for day in range(3, 10)]
    assert is_settled(kept) and kept_lead(kept) == lead
    # A night on which the log can't tell begins anew.
    none = to_keep(replace(found, until=date(2026, 1, 10)), kept)
    assert not is_settled(none) and kept_lead(none) is None
    # Before a day has ended there is none.
    assert to_keep(replace(found, until=date(2025, 12, 31)))["nights"] == {}


# --- how often equal policies are called ---


def lived(seed, nights, rise, better=1.0):
    """Two policies that people of different habits are shown by lot, decided anew each night as the academy does it,
    whose rates of 10 % all rise by `rise`; the second is `better` times as good.

    returns  (nights,): by how many standard errors (over people) the second is ahead of the first, had each been shown
    alone: the doubly robust difference, the model being the mean of the days before
    """
    random = np.random.default_rng(seed)
    comes = random.beta(1.0, 3.0, PEOPLE)
    eager = random.beta(2.0, 18.0, PEOPLE)
    today = tomorrow = np.full(2, 0.5)
    apart, days, log, ahead = np.zeros(PEOPLE), np.zeros(PEOPLE), [], []
    taken_up, all_days = 0.0, 0
    for night in range(nights):
        here = np.flatnonzero(random.random(PEOPLE) < comes)
        arm = (random.random(len(here)) >= today[0]).astype(np.int64)
        rate = eager[here] * (1.0 + rise * night / nights) * np.where(arm == 1, better, 1.0)
        taken = (random.random(len(here)) < rate).astype(np.float64)
        model = taken_up / max(all_days, 1)
        apart[here] += (taken - model) / today[arm] * np.where(arm == 1, 1.0, -1.0)
        days[here] += 1
        taken_up, all_days = taken_up + taken.sum(), all_days + len(here)
        log.append((today, np.bincount(arm, minlength=2), np.bincount(arm, taken, 2)))
        columns = (np.array(column, dtype=np.float64) for column in zip(*log, strict=True))
        counts = bandits.weighed(CONTEST, np.arange(len(log), 0.0, -1.0) + 1.0, *columns)
        today, tomorrow = tomorrow, bandits.chances(CONTEST, counts)
        gap = apart.sum() / days.sum()
        error = np.sqrt(((apart - gap * days) ** 2).sum()) / days.sum()
        # Of fewer the log tells nothing yet.
        ahead.append(gap / error if taken_up >= 40 else 0.0)
    return np.array(ahead)


def first_called(ahead, normal, running):
    """The night on which one is first called the best; None: never."""
    side = np.where(ahead > normal, 1, np.where(ahead < -normal, -1, 0))
    for night in range(running - 1, len(side)):
        if abs(side[night + 1 - running : night + 1].sum()) == running:
            return night
    return None


def test_equal_policies_are_seldom_called_however_many_nights_it_is_asked():
    runs = [lived(seed, nights=60, rise=1.5) for seed in range(120)]

    def called(normal, running):
        return sum(first_called(ahead, normal, running) is not None for ahead in runs)

    # 3 of 100 (docs/algorithms/bandits.md), within what 120 runs tell.
    assert called(NORMAL_99, NIGHTS) <= 9
    # At 95 %, on any night, it would be a third.
    assert called(NORMAL_95, 1) > 25


def test_a_policy_that_is_half_as_good_again_is_called():
    nights = [first_called(lived(seed, 120, 0.0, better=1.5), NORMAL_99, NIGHTS) for seed in range(40)]
    assert sum(night is not None for night in nights) >= 36
