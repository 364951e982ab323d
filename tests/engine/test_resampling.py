"""Bootstrap intervals against scipy's."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from zhiyue.engine import resampling
from zhiyue.engine.resampling import UnitSums, corrected, resampled


def unit_sums(columns, unit=None):
    """All rows at once."""
    found = UnitSums(len(columns), unit, columns.shape[1], seed=0)
    found.add(slice(0, len(columns)), columns)
    return found.sums


def test_rows_of_a_unit_are_added_up():
    sums = unit_sums(np.array([[1.0, 1.0], [2.0, 1.0], [4.0, 1.0]]), np.array([7, 3, 7]))

    assert sums.tolist() == [[2.0, 1.0], [5.0, 2.0]]
    assert unit_sums(np.ones((3, 1))).tolist() == [[1.0], [1.0], [1.0]]


def test_many_units_are_grouped_and_the_interval_stays(monkeypatch):
    values = np.random.default_rng(0).exponential(size=(3000, 1))
    whole = resampled(unit_sums(values), 400, seed=0).std()
    monkeypatch.setattr(resampling, "MOST_UNITS", 500)
    sums = unit_sums(values)

    assert len(sums) == 500
    assert sums.sum() == pytest.approx(values.sum())
    assert resampled(sums, 400, seed=0).std() == pytest.approx(whole, rel=0.15)


def test_the_interval_is_that_of_scipy():
    values = np.random.default_rng(1).pareto(3.0, 300)
    peer = bootstrap((values,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(2))
    drawn = resampled(values[:, None], 20_000, seed=3)[:, 0] / 300

    low, high = corrected(values.mean(), drawn, (values - values.mean()) / 300)

    assert low == pytest.approx(peer.confidence_interval.low, abs=0.01 * np.ptp(drawn))
    assert high == pytest.approx(peer.confidence_interval.high, abs=0.02 * np.ptp(drawn))
    # Skewed to the right: the plain percentiles end lower.
    assert high > np.percentile(drawn, 97.5)


def test_what_never_varies_has_no_width():
    assert corrected(2.0, np.full(10, 2.0), np.zeros(5)) == (2.0, 2.0)
