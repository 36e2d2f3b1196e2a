"""Predict what learning costs and gives, from what was measured: seconds, memory and likeness.

Costs are sums of a few terms of a table's shape, with weights that fit the measurements that ship with this package
(generator/bench/advise.py made them) by least squares in proportion and are never negative. How far predictions are off is found
by predicting every measured table from the others; beyond the largest measured table they are extrapolated.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil
from pathlib import Path
from typing import Literal

import numpy as np

from inferloop_synthetic.advisor.shape import TableShape
from inferloop_synthetic.errors import SyntheticError
from inferloop_synthetic.tabular.arrays import Floats
from inferloop_synthetic.tabular.pieces import Rules

SAMPLED = Rules().fit_rows
CELL_BYTES = 16
"""Of the rows of a table that are held but not learned from, while it is read and checked."""
MEASURED = Path(__file__).with_name("measured.json")
What = Literal["seconds", "peak_bytes", "likeness"]
BATCH = 500
COVERED = 0.9
"""Share of the measured tables that lie between `low` and `high` when they are predicted from the others."""
FEWEST_TABLES = 3
"""An engine measured on fewer tables is not predicted: two are left when one is held back to find the error."""


class NotMeasured(SyntheticError):
    """There are too few measurements of an engine to predict from, or none that can be read."""


@dataclass(frozen=True)
class Measurement:
    """One engine learning one table."""

    table: str
    engine: str
    epochs: int
    """0 for engines that have none."""
    shape: TableShape
    seconds: float
    """Processor seconds of one thread."""
    peak_bytes: int
    likeness: float | None
    """None where the table was too short for rows to be held out."""


@dataclass(frozen=True)
class Measurements:
    """What was measured, and how fast that machine was."""

    kernel_seconds: float
    measured: tuple[Measurement, ...]


@dataclass(frozen=True)
class Range:
    """A prediction, and the range that holds in nine of ten tables measured."""

    value: float
    low: float
    high: float


@cache
def read_measurements(path: Path = MEASURED) -> Measurements:
    """Read the measurements; raises NotMeasured where the file is not there or is not what was written."""
    shape_names = ("rows", "numbers", "categories", "width")
    try:
        tree = json.loads(path.read_text("utf-8"))
        found = [
            Measurement(
                m["table"], m["engine"], m["epochs"], TableShape(*(m[n] for n in shape_names)), m["seconds"], m["peak_bytes"],
                m["likeness"],
            )
            for m in tree["measured"]
        ]  # fmt: skip
        return Measurements(float(tree["kernel_seconds"]), tuple(found))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotMeasured(f"{path}: the advisor's measurements cannot be read ({error}); install this package again") from error


def is_measured(measured: Sequence[Measurement], engine: str, what: What = "seconds") -> bool:
    """Return whether an engine was measured on enough tables to predict others, and to tell how far off that is."""
    return len({m.table for m in _runs(measured, engine, what)}) >= FEWEST_TABLES


def _runs(measured: Sequence[Measurement], engine: str, what: What) -> list[Measurement]:
    return [m for m in measured if m.engine == engine and (what != "likeness" or m.likeness is not None)]


def steps(shape: TableShape, epochs: int, batch: int = BATCH) -> float:
    """Return how many batches of the usual size a network goes through."""
    return epochs * max(shape.rows / batch, 1) * (batch / BATCH)


def terms(engine: str, shape: TableShape, epochs: int, batch: int = BATCH) -> dict[What, Floats]:
    """Return the terms that an engine's costs are made of."""
    # Our own engine learns from a sample of a longer table.
    rows = min(shape.rows, SAMPLED) if engine == "tabular" else shape.rows
    cells = rows * shape.columns
    work = steps(shape, epochs, batch)
    seconds: tuple[float, ...]
    if engine == "tabular":
        # Orders of the columns are tried on some of the rows; numbers are looked at in pairs.
        tried = min(rows, Rules().choosing_rows) * shape.columns**2 / 1e6
        seconds = (1, cells / 1e5, tried, shape.numbers**2 / 1e2)
    elif engine == "gaussian-copula":
        seconds = (1, shape.numbers * rows / 1e4, cells / 1e5)
    else:
        seconds = (1, shape.numbers * rows / 1e4, work / 1e2, work * shape.width / 1e4)
    return {
        "seconds": np.array(seconds, float),
        "peak_bytes": np.array([1, cells / 1e5, rows * shape.width / 1e6], float),
        "likeness": np.array([1, np.log10(max(epochs * rows, 1))] if epochs else [1], float),
    }


def predict(
    measured: Sequence[Measurement], engine: str, what: What, shape: TableShape, epochs: int, batch: int = BATCH
) -> float:
    """Return a prediction from measurements of an engine: a cost, or how likeness falls short of the tabular engine's.

    Raises NotMeasured where there are no measurements of two tables or more.
    """
    runs = _runs(measured, engine, what)
    if len({m.table for m in runs}) < FEWEST_TABLES - 1:
        raise NotMeasured(f"engine {engine} was measured on too few tables to predict {what}")
    target = np.array([_target(measured, m, what) for m in runs])
    design = np.array([terms(engine, m.shape, m.epochs)[what] for m in runs])
    wanted = terms(engine, shape, epochs, batch)[what]
    if what == "likeness":
        # A network that runs longer than any that was measured is taken to come as near as the longest of these.
        wanted = np.minimum(wanted, design.max(axis=0))
        # More rows gone through can only bring a network nearer.
        weights = np.linalg.lstsq(design, target, rcond=None)[0]
        if len(weights) > 1 and weights[1] > 0:
            weights = np.array([target.mean(), 0.0])
        return float(max(wanted @ weights, 0.0))
    # Loaded here because it takes long to load, and most commands predict nothing.
    from scipy.optimize import nnls

    weights = nnls(design / target[:, None], np.ones(len(target)))[0]
    not_learned = max(shape.rows - SAMPLED, 0) if engine == "tabular" and what == "peak_bytes" else 0
    return float(wanted @ weights) + not_learned * shape.columns * CELL_BYTES


def _target(measured: Sequence[Measurement], run: Measurement, what: What) -> float:
    if what != "likeness":
        return float(getattr(run, what))
    beside = [m for m in measured if m.engine == "tabular" and m.table == run.table and m.likeness is not None]
    if not beside or run.likeness is None:
        raise NotMeasured(f"table {run.table}: the likeness of the tabular engine was not measured")
    nearest = min(beside, key=lambda m: abs(m.shape.rows - run.shape.rows))
    return float(nearest.likeness or 0) - run.likeness


def errors(measured: Sequence[Measurement], engine: str, what: What) -> Floats:
    """Return how far off predictions of each table from the others are: the logarithm of the ratio, or the difference."""
    off = []
    for run in _runs(measured, engine, what):
        others = [m for m in measured if m.table != run.table]
        found = predict(others, engine, what, run.shape, run.epochs)
        true = _target(measured, run, what)
        off.append(found - true if what == "likeness" else float(np.log(max(found, 1e-9) / true)))
    return np.array(off)


def with_range(engine: str, what: What, value: float, measured: tuple[Measurement, ...] | None = None) -> Range:
    """Return a prediction with the range that its errors on the measured tables give."""
    spread = _spread(measured or read_measurements().measured, engine, what)
    back: Callable[[float, float], float] = (lambda v, s: v + s) if what == "likeness" else (lambda v, s: v * float(np.exp(s)))
    return Range(value, back(value, -spread), back(value, spread))


@cache
def _spread(measured: tuple[Measurement, ...], engine: str, what: What) -> float:
    # As many errors below it as make the next one lie below it too in nine of ten cases (a conformal quantile).
    off = np.sort(np.abs(errors(measured, engine, what)))
    return float(off[min(ceil(COVERED * (len(off) + 1)), len(off)) - 1])
