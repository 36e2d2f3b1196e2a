"""Intervals hold the truth as often as they say, and attacks find nothing where there is nothing.

Seeds are fixed. Each bound is the number of misses that intervals of 95 % would exceed once in a thousand such tests (binomial), and
is stated beside it; intervals that are wide by design miss less often.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, norm

from inferloop_synthetic.validation.encoding import Encoded
from inferloop_synthetic.validation.measures import (
    Estimate,
    auc,
    auc_lost,
    likeness_of_counts,
    likeness_of_numbers,
    share,
)
from inferloop_synthetic.validation.models import classifier_test
from inferloop_synthetic.validation.privacy import attack


def misses(estimates: list[Estimate], truth: float) -> int:
    return sum(not e.low - 1e-12 <= truth <= e.high + 1e-12 for e in estimates)


def most_misses(tests: int) -> int:
    return int(binom.isf(0.001, tests, 0.05))


@pytest.mark.parametrize("distance", [0.0, 0.05, 0.3])
@pytest.mark.parametrize("levels", [2, 8, 40])
def test_likeness_of_categories_holds_the_truth(levels: int, distance: float) -> None:
    rng = np.random.default_rng([levels, int(distance * 100)])
    p = rng.dirichlet(np.ones(levels))
    q = (1 - distance) * p + distance * np.eye(levels)[0]
    truth = 1 - 0.5 * np.abs(p - q).sum()
    found = [
        likeness_of_counts(rng.multinomial(800, p).astype(float), rng.multinomial(500, q).astype(float))
        for _ in range(300)
    ]
    assert misses(found, truth) <= most_misses(300)  # 28
    if distance == 0.3 and levels < 40:
        assert np.mean([e.high - e.low for e in found]) < 0.2  # holding the truth by being empty words is not meant


@pytest.mark.parametrize("shift", [0.0, 0.2, 1.0])
def test_likeness_of_numbers_holds_the_truth(shift: float) -> None:
    rng = np.random.default_rng(int(shift * 10))
    truth = 1 - (2 * norm.cdf(shift / 2) - 1)
    found = [likeness_of_numbers(rng.normal(0, 1, 400), rng.normal(shift, 1, 300)) for _ in range(300)]
    assert misses(found, truth) <= most_misses(300)
    assert np.mean([e.high - e.low for e in found]) < 0.25


def test_auc_lost_by_one_of_two_models_holds_the_truth() -> None:
    rng = np.random.default_rng(4)
    found = []
    for _ in range(400):
        truth, common = np.arange(250) < 100, rng.normal(0, 1, 250)
        good, poor = truth + common, 0.5 * truth + 0.6 * common + 0.8 * rng.normal(0, 1, 250)
        found.append(auc_lost(good, poor, truth))
    assert misses(found, norm.cdf(1 / 2**0.5) - norm.cdf(0.5 / 2**0.5)) <= most_misses(400)  # 35
    independent = np.hypot(*(auc(s, truth).high - auc(s, truth).value for s in (good, poor)))
    assert found[-1].high - found[-1].value < independent, "pairing must make it narrower than two separate intervals"


@pytest.mark.parametrize(("rate", "rows"), [(0.01, 60), (0.3, 25), (0.5, 400)])
def test_shares_hold_the_truth(rate: float, rows: int) -> None:
    # Wilson's coverage swings about 95 % with rate and rows, so that a tenth may miss.
    rng = np.random.default_rng(rows)
    found = [share(int(hits), rows) for hits in rng.binomial(rows, rate, 500)]
    assert misses(found, rate) <= 50


def test_a_perfect_separation_of_few_rows_is_not_taken_for_certainty() -> None:
    found = auc(np.arange(10.0), np.arange(10) >= 5)
    assert found.value == 1
    assert found.low < 0.7
    assert auc(np.arange(2000.0), np.arange(2000) >= 1000).low > 0.99


def table(rng: np.random.Generator, rows: int) -> np.ndarray:
    a = rng.normal(0, 1, rows)
    return np.stack([a, a + rng.normal(0, 1, rows), rng.exponential(1, rows), rng.choice(3, rows).astype(float)], 1)


def three_tables(seed: int, rows: int) -> Encoded:
    rng = np.random.default_rng(seed)
    return Encoded(
        ("a", "b", "c", "d"),
        np.array([False, False, False, True]),
        tuple(table(rng, rows) for _ in range(3)),
        ((), (), (), ("x", "y", "z")),
        ("number", "number", "number", "level"),
    )


@pytest.fixture(scope="module")
def attacks_on_nothing() -> list[object]:
    """Attacks on 80 tables that no row was learned from: real, synthetic and hold-out have one source."""
    return [attack(three_tables(seed, 300), seed) for seed in range(80)]


@pytest.mark.parametrize("name", ["membership", "membership_calibrated", "recognised", "copies_excess"])
def test_attacks_find_nothing_where_there_is_nothing(attacks_on_nothing: list[object], name: str) -> None:
    truth = 0.5 if name.startswith("membership") else 0.0
    found = [getattr(privacy, name) for privacy in attacks_on_nothing]
    assert misses(found, truth) <= most_misses(80)  # 11
    # The mean of 80 has an error below .006; a bias either way would hide or invent a leak.
    assert np.mean([e.value for e in found]) == pytest.approx(truth, abs=0.015)


def test_attribute_attacks_err_once_in_twenty_tables_over_all_columns_together(
    attacks_on_nothing: list[object],
) -> None:
    wrong = sum(
        any(not a.advantage.low <= 0 <= a.advantage.high for a in p.attributes)  # type: ignore[attr-defined]
        for p in attacks_on_nothing
    )
    assert wrong <= most_misses(80)


def test_the_classifier_cannot_tell_tables_of_one_source() -> None:
    found = [classifier_test(three_tables(seed, 200), 2, 1, seed).auc for seed in range(40)]
    assert misses(found, 0.5) <= most_misses(40)  # 7
    assert np.mean([e.value for e in found]) == pytest.approx(0.5, abs=0.02)
