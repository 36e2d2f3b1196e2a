"""Turn a worker's answer into what rows are drawn from, and prove that it was understood.

The answer holds private details of SDV and CTGAN, which another release may change. So the worker also sends an input and what
the library made of it; the same must come out here, or the answer is refused.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from inferloop_synthetic.external.learned import Copula, CopulaColumn, Layer, Network, NetworkColumn, disagreement
from inferloop_synthetic.external.worker import Arrays, WorkerError

NUMBERS_DIFFER = 0.02
"""In standard deviations: what straight lines between the knots of a table may cost."""
CATEGORIES_DIFFER = 0.01


def understand(header: dict[str, Any], arrays: Arrays) -> Copula | Network:
    """Return what the worker's answer describes; raises WorkerError where it gives other values than the library."""
    versions = ", ".join(f"{name} {number}" for name, number in header["versions"].items())
    learned: Copula | Network = _copula(header, arrays) if "distributions" in header else _network(header, arrays)
    names = [column["name"] for column in header["columns"]]
    if isinstance(learned, Copula):
        drawn = learned.read(arrays["probe_input"])
    else:
        outcome = learned.forward(arrays["probe_input"], len(arrays["probe_input"]))
        expected = arrays["probe_output"]
        if np.abs(outcome - expected).max() > 1e-3 * (1 + np.abs(expected).max()):
            raise WorkerError(f"the network of {versions} is not one that this version of inferloop-synthetic understands")
        drawn = _untabled(learned).read(expected, None)
    numbers, categories = disagreement(drawn, arrays["probe_values"], names)
    if numbers > NUMBERS_DIFFER or categories > CATEGORIES_DIFFER:
        raise WorkerError(
            f"what {versions} learned gives other values here than there (numbers differ by {numbers:.3f} standard deviations, "
            f"categories in {categories:.1%} of rows): this version of inferloop-synthetic does not understand it"
        )
    return learned


def _copula(header: dict[str, Any], arrays: Arrays) -> Copula:
    empty = np.zeros(0)
    columns = tuple(
        CopulaColumn(c["name"], arrays.get(f"level{k}", empty).astype(np.int64), arrays.get(f"edge{k}", empty))
        for k, c in enumerate(header["columns"])
    )
    values, vectors = np.linalg.eigh(arrays["correlation"])
    # The square root by eigenvalues exists also where columns determine each other.
    return Copula(columns, vectors * np.sqrt(np.maximum(values, 0)), _finite(arrays["tables"]))


def _finite(tables: Arrays | Any) -> Any:
    """Put the nearest finite value where a distribution's end is infinite."""
    tables = np.array(tables, float)
    for row in tables.reshape(-1, tables.shape[-1]):
        good = np.isfinite(row)
        if not good.all():
            row[:] = np.interp(np.arange(len(row)), np.flatnonzero(good), row[good])
    return tables


def _network(header: dict[str, Any], arrays: Arrays) -> Network:
    empty, none = np.zeros(0), np.zeros(0, np.float32)
    columns = []
    at = 0
    for k, c in enumerate(header["columns"]):
        levels = arrays.get(f"level{k}", empty).astype(np.int64)
        table = arrays.get(f"table {c['name']}", empty)
        sigma = float(arrays["sigma"][at]) if "sigma" in arrays and not c["discrete"] else 0.0
        mean, spread = arrays.get(f"mean{k}", empty), arrays.get(f"spread{k}", empty)
        column = NetworkColumn(c["name"], levels, mean, spread, sigma, _finite(table) if len(table) else table)
        at += column.width
        columns.append(column)
    layers = tuple(
        Layer(
            arrays[f"weight{k}"],
            arrays[f"bias{k}"],
            bool(layer["residual"]),
            bool(layer.get("rectified", False)),
            arrays.get(f"gain{k}", none),
            arrays.get(f"shift{k}", none),
            float(layer.get("epsilon", 0.0)),
        )
        for k, layer in enumerate(header["layers"], 1)
    )
    noise, block = int(header["noise"]), int(header["block"])
    return Network(tuple(columns), layers, noise, block, arrays["wanted_share"], bool(header["random_pick"]))


def _untabled(network: Network) -> Network:
    """Return the network without the look-ups behind it, which the probe's values do not include."""
    plain = [NetworkColumn(c.name, c.levels, c.mean, c.spread, 0.0, np.zeros(0)) for c in network.columns]
    return Network(
        tuple(plain), network.layers, network.noise, network.block_rows, network.wanted_share, random_pick=network.random_pick
    )
