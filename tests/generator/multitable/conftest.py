"""A shop whose tables refer to each other in ways that the tests know."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from inferloop_synthetic.multitable.design import Design, Relationship, TableEntry
from inferloop_synthetic.multitable.fitting import Fitted, fit_tables
from inferloop_synthetic.multitable.model import draw_all
from inferloop_synthetic.multitable.reading import check_tables


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests on one worker of pytest-xdist: each would learn the shop for itself."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("multitable"))


@pytest.fixture(scope="session")
def shop() -> dict[str, pa.Table]:
    """Customers, their orders, the orders' lines, products (named by lines), countries (kept), and tags of customers.

    - Three tenths of the private customers and none of the firms have no order; firms have many.
    - Amounts are ten times as high for firms, and orders of one customer are alike beyond that: each customer has a level.
    - Expensive products are bought in orders of firms. Some lines name no product.
    - A customer has a tag at most once.
    """
    rng = np.random.default_rng(8)
    n = 1200
    firm = rng.random(n) < 0.25
    country = rng.choice(["DE", "FR", "IT"], n, p=[0.6, 0.3, 0.1])
    customers = pa.table(
        {
            "customer_id": pa.array(np.arange(n) * 3 + 500),
            "kind": pa.array(np.where(firm, "firm", "private")),
            "country": pa.array(country),
            "age": pa.array(rng.integers(18, 90, n)),
        }
    )
    level = rng.normal(0, 0.8, n)
    orders_of = np.where(firm, 3 + rng.poisson(3, n), np.where(rng.random(n) < 0.3, 0, 1 + rng.poisson(0.8, n)))
    owner = np.repeat(np.arange(n), orders_of)
    amount = np.round(np.exp(3 + 2.3 * firm[owner] + level[owner] + rng.normal(0, 0.3, len(owner))), 2)
    orders = pa.table(
        {
            "id": pa.array([f"O-{i:07d}" for i in rng.permutation(len(owner))]),
            "customer_id": pa.array(owner * 3 + 500),
            "amount": pa.array(amount),
            "day": pa.array((19_000 + rng.integers(0, 700, len(owner))).astype(np.int32), pa.date32()),
            "channel": pa.array(np.where(rng.random(len(owner)) < np.where(firm[owner], 0.9, 0.2), "phone", "web")),
        }
    )
    p = 300
    dear = np.arange(p) < 75
    products = pa.table(
        {
            "sku": pa.array([f"{i:08x}-1111-4111-8111-{i:012x}" for i in range(p)]),
            "class": pa.array(np.where(dear, "dear", "cheap")),
            "price": pa.array(np.round(np.where(dear, 500.0, 20.0) * rng.lognormal(0, 0.2, p), 2)),
        }
    )
    lines_of = 1 + rng.poisson(1.0, len(owner))
    order = np.repeat(np.arange(len(owner)), lines_of)
    wants_dear = rng.random(len(order)) < np.where(firm[owner[order]], 0.7, 0.05)
    # Products 270 to 299 are never sold.
    product = np.where(wants_dear, rng.integers(0, 75, len(order)), rng.integers(75, 270, len(order)))
    named = np.where(rng.random(len(order)) < 0.1, -1, product)
    lines = pa.table(
        {
            "order_id": orders["id"].take(pa.array(order)),
            "sku": products["sku"].take(pa.array(named, mask=named < 0)),
            "quantity": pa.array(rng.integers(1, 6, len(order))),
        }
    )
    countries = pa.table({"code": ["DE", "FR", "IT", "MT"], "name": ["Germany", "France", "Italy", "Malta"]})
    t = 8
    tags = pa.table({"tag_id": pa.array(np.arange(t) + 1), "word": [f"tag {i}" for i in range(t)]})
    pairs = [(c, tag) for c in range(n) for tag in rng.choice(t, rng.integers(0, 5), replace=False)]
    given = pa.table(
        {
            "customer_id": pa.array([c * 3 + 500 for c, _ in pairs]),
            "tag_id": pa.array([int(tag) + 1 for _, tag in pairs]),
        }
    )
    return {
        "customers": customers, "orders": orders, "lines": lines, "products": products, "countries": countries, "tags": tags,
        "given_tags": given,
    }  # fmt: skip


@pytest.fixture(scope="session")
def design() -> Design:
    """How the shop's tables refer to each other."""
    keys = {"customers": "customer_id", "orders": "id", "products": "sku", "countries": "code", "tags": "tag_id"}
    names = ("customers", "orders", "lines", "products", "countries", "tags", "given_tags")
    return Design(
        tables={n: TableEntry(file=f"{n}.parquet", key=keys.get(n), keep=n == "countries") for n in names},
        relationships=[
            Relationship(child="orders", column="customer_id", parent="customers"),
            Relationship(child="lines", column="order_id", parent="orders"),
            Relationship(child="lines", column="sku", parent="products"),
            Relationship(child="given_tags", column="customer_id", parent="customers"),
            Relationship(child="given_tags", column="tag_id", parent="tags"),
        ],
    )


@pytest.fixture(scope="session")
def fitted(shop: dict[str, pa.Table], design: Design) -> Fitted:
    """What was learned of the shop."""
    return fit_tables(design, check_tables(design, shop), seed=2)


@pytest.fixture(scope="session")
def drawn(fitted: Fitted) -> dict[str, pa.Table]:
    """The shop drawn once, at its own size."""
    return draw_all(fitted, seed=5)


@pytest.fixture(scope="session")
def counts() -> Callable[[pa.Table, str, pa.Table, str], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Return a function that counts the children of each parent."""

    def count(parent: pa.Table, key: str, child: pa.Table, column: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        place = {k: i for i, k in enumerate(parent[key].to_pylist())}
        rows = [place[v] for v in child[column].to_pylist() if v is not None]
        return np.bincount(rows, minlength=parent.num_rows)

    return count
