"""The checks find what they are for: a leak, a broken dependence, a poor table; and do not find what is not there."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.schema import parse_schema
from inferloop_synthetic.validation.measures import auc, difference, share, total_variation
from inferloop_synthetic.validation.run import Validation, validate


def people(rows: int, seed: int, dependent: bool = True) -> pa.Table:
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, rows)
    income = age * 300 + rng.normal(0, 2000, rows)
    city = rng.choice(["Rome", "Oslo", "Lima"], rows, p=[0.6, 0.3, 0.1])
    member = rng.random(rows) < 1 / (1 + np.exp((50 - age) / 8))
    if not dependent:
        income, member = rng.permutation(income), rng.permutation(member)
    return pa.table({"age": age, "income": income, "city": city, "member": member})


REAL, HOLDOUT, FRESH = people(2000, 1), people(2000, 2), people(2000, 3)
SCHEMA = detect_schema(REAL)


@pytest.fixture(scope="module")
def perfect() -> Validation:
    return validate(REAL, FRESH, SCHEMA, holdout=HOLDOUT)


@pytest.fixture(scope="module")
def leaked() -> Validation:
    return validate(REAL, REAL, SCHEMA, holdout=HOLDOUT)


def test_rows_from_the_same_source_pass_every_check(perfect: Validation) -> None:
    assert perfect.score > 0.95
    assert perfect.score_holdout == pytest.approx(perfect.score, abs=0.01)
    assert perfect.classifier.low < 0.5 < perfect.classifier.high
    assert perfect.privacy is not None
    # Each interval is wrong in one of twenty tables; the seed is fixed.
    assert perfect.privacy.membership_calibrated.low < 0.5 < perfect.privacy.membership_calibrated.high
    assert perfect.privacy.copies.value == 0
    assert perfect.downstream is not None
    assert perfect.downstream.synthetic.value == pytest.approx(perfect.downstream.real.value, abs=0.03)


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_a_target_of_zeros_and_ones_can_be_predicted(share: float) -> None:
    """Whichever of them most rows hold."""

    def table(seed: int) -> pa.Table:
        rng = np.random.default_rng(seed)
        ill = (rng.random(800) < share).astype(np.int64)
        return pa.table({"marker": ill + rng.normal(0, 0.5, 800), "ill": ill})

    found = validate(table(1), table(2), detect_schema(table(1)), holdout=table(3), target="ill")
    assert found.downstream is not None
    assert found.downstream.synthetic.value > 0.85


def test_a_copied_table_fails_the_attacks(leaked: Validation) -> None:
    assert leaked.score == 1
    assert leaked.privacy is not None
    assert leaked.privacy.membership.low > 0.9
    assert leaked.privacy.membership_calibrated.low > 0.65
    assert leaked.privacy.copies.value == 1
    assert leaked.privacy.copies_by_chance.value == 0
    guessed = {a.column: a for a in leaked.privacy.attributes}
    assert guessed["income"].advantage.low > 0


def test_a_broken_dependence_shows_in_pairs_classifier_and_downstream_but_not_in_columns(perfect: Validation) -> None:
    broken = validate(REAL, people(2000, 3, dependent=False), SCHEMA, holdout=HOLDOUT)
    assert min(c.score for c in broken.columns) > 0.93
    pairs = {frozenset((p.left, p.right)): p.score for p in broken.pairs}
    assert pairs[frozenset(("age", "income"))] < 0.5
    assert pairs[frozenset(("age", "city"))] > 0.9
    assert broken.classifier.low > 0.7
    assert broken.downstream is not None
    assert perfect.downstream is not None
    assert broken.downstream.synthetic.high < perfect.downstream.real.low


def test_without_rows_held_out_privacy_is_not_claimed() -> None:
    found = validate(REAL, FRESH, SCHEMA)
    assert found.privacy is None
    assert found.downstream is None
    assert found.score_holdout is None


def test_values_outside_and_broken_constraints_are_counted() -> None:
    text = json.dumps(
        {**SCHEMA.model_dump(mode="json"), "constraints": [{"type": "range", "column": "age", "min": 18, "max": 60}]}
    )
    odd = FRESH.set_column(2, "city", pa.array(["Rome", "Mars"] * 1000)).set_column(0, "age", pa.array([17, 30] * 1000))
    found = validate(REAL, odd, parse_schema(text, "t"))
    assert {r.column: r.outside for r in found.ranges}["city"] == 1000
    assert {r.column: r.outside for r in found.ranges}["age"] == 1000
    assert found.constraints[0].synthetic == 1000
    assert found.constraints[0].real == int((REAL["age"].to_numpy() > 60).sum())


def test_tables_that_do_not_fit_together_name_the_column() -> None:
    with pytest.raises(InputError, match="'city'"):
        validate(REAL, FRESH.drop_columns(["city"]), SCHEMA)
    with pytest.raises(InputError, match="at least 10"):
        validate(REAL, FRESH.slice(0, 3), SCHEMA)


def test_auc_is_the_usual_one_and_its_interval_covers_the_truth() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(200):
        score, truth = np.r_[rng.normal(0, 1, 80), rng.normal(0.5, 1, 80)], np.arange(160) >= 80
        estimate = auc(score, truth)
        hits += estimate.low <= 0.63816 <= estimate.high  # the normal distribution's value at 0.5 / sqrt 2
    # 200 intervals at 95 %: fewer than 181 would happen once in a thousand times.
    assert hits >= 181
    assert estimate.value == pytest.approx(roc_auc_score(truth, score))


def test_shares_have_wilson_intervals() -> None:
    found = share(8, 10)
    assert (found.low, found.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert difference(share(50, 100), share(50, 100)).low < 0 < difference(share(50, 100), share(50, 100)).high
    assert total_variation(np.array([1.0, 1.0]), np.array([2.0, 0.0])) == 0.5
