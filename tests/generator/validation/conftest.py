"""Tables whose truth is known."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.schema import TableSchema
from inferloop_synthetic.validation.run import Validation, validate


def make_people(
    rows: int, seed: int, *, women: float = 0.5, women_paid: float = 0.5, men_paid: float = 0.5
) -> pa.Table:
    """People whose sex and pay are related as told; pay also goes with age."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 90, rows)
    sex = np.where(rng.random(rows) < women, "f", "m")
    rate = np.where(sex == "f", women_paid, men_paid) + (age - 54) / 180
    return pa.table(
        {
            "age": age,
            "income": np.round(age * 300 + rng.normal(0, 2000, rows), 2),
            "sex": sex,
            "region": rng.choice(["north", "south", "east"], rows, p=[0.6, 0.3, 0.1]),
            "paid": np.where(rng.random(rows) < rate, "yes", "no"),
        }
    )


@pytest.fixture(scope="session")
def real() -> pa.Table:
    return make_people(2500, 1, women_paid=0.4, men_paid=0.5)


@pytest.fixture(scope="session")
def holdout() -> pa.Table:
    return make_people(2500, 2, women_paid=0.4, men_paid=0.5)


@pytest.fixture(scope="session")
def schema(real: pa.Table) -> TableSchema:
    return detect_schema(real)


@pytest.fixture(scope="session")
def fair(real: pa.Table, holdout: pa.Table, schema: TableSchema) -> Validation:
    """A table of the same source, examined for bias too."""
    fresh = make_people(2500, 3, women_paid=0.4, men_paid=0.5)
    return validate(real, fresh, schema, holdout=holdout, protected=["sex", "age"], target="paid", favourable="yes")


@pytest.fixture(scope="session")
def unfair(real: pa.Table, holdout: pa.Table, schema: TableSchema) -> Validation:
    """A table with fewer women, who are paid less often."""
    skewed = make_people(2500, 4, women=0.35, women_paid=0.25, men_paid=0.6)
    return validate(real, skewed, schema, holdout=holdout, protected=["sex"], target="paid", favourable="yes")


@pytest.fixture(scope="session")
def leaked(real: pa.Table, holdout: pa.Table, schema: TableSchema) -> Validation:
    """The real table itself."""
    return validate(real, real, schema, holdout=holdout)
