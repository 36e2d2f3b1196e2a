"""Which engine to take: what each costs on this table, and how like the result would be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from inferloop_synthetic.advisor.costs import (
    ENGINES,
    CostLimits,
    epochs_of,
    learned_shape,
    on_gpu,
    predict_costs,
    refusal,
    speed_here,
)
from inferloop_synthetic.advisor.predict import (
    Measurement,
    NotMeasured,
    Range,
    is_measured,
    predict,
    read_measurements,
    with_range,
)
from inferloop_synthetic.advisor.shape import TableShape
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.schema import TableSchema
from inferloop_synthetic.tabular.engine import TabularEngine
from inferloop_synthetic.validation.encoding import encode
from inferloop_synthetic.validation.statistical import column_scores, pair_scores

PILOT_ROWS = 10_000
FEWEST_PILOT_ROWS = 100
ALIKE = 0.01
"""Engines whose likeness differs by no more are taken to be as good as each other."""


@dataclass(frozen=True)
class Advice:
    """What is to be expected of one engine."""

    engine: str
    seconds: Range
    """Seconds of one processor of this machine; a GPU takes less."""
    memory: Range
    """Bytes."""
    likeness: Range | None
    """Between 0 and 1, as a report shows it; None where the sample is too small to tell."""
    refused: str | None
    """Why it does not fit, or None."""


def advise(
    sample: pa.Table,
    schema: TableSchema,
    limits: CostLimits,
    *,
    rows: int | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    engines: Sequence[str] = ENGINES,
) -> list[Advice]:
    """Return what is to be expected of each engine, the most like first, those that do not fit last."""
    if learned_shape(sample, schema, "tabular", None, rows).columns == 0:
        raise InputError("there is no column to learn: all are identifiers, free texts or personal data, which are generated")
    speed, measured = speed_here(), read_measurements().measured
    reached = pilot(sample, schema)
    found = []
    for engine in engines:
        if not is_measured(measured, engine):
            continue
        chosen = (options or {}).get(engine, {})
        shape = learned_shape(sample, schema, engine, chosen, rows)
        seconds, memory = predict_costs(shape, engine, chosen, speed)
        likely = _likeness(reached, measured, engine, shape, epochs_of(engine, chosen))
        bounds = replace(limits, seconds=None) if on_gpu(engine, chosen) else limits
        found.append(Advice(engine, seconds, memory, likely, refusal(engine, seconds, memory, bounds)))
    if not found:
        raise NotMeasured(f"nothing was measured of {', '.join(engines)}, so nothing can be predicted")
    return sorted(found, key=lambda a: (a.refused is not None, -(a.likeness.value if a.likeness else 0.0), a.seconds.value))


def _likeness(
    reached: float | None, measured: Sequence[Measurement], engine: str, shape: TableShape, epochs: int
) -> Range | None:
    if reached is None:
        return None
    if engine == "tabular":
        found = Range(reached, reached, reached)
    elif is_measured(measured, engine, "likeness"):
        found = with_range(engine, "likeness", reached - predict(measured, engine, "likeness", shape, epochs))
    else:
        return None
    return Range(*(float(np.clip(v, 0, 1)) for v in (found.value, found.low, found.high)))


def choose(found: Sequence[Advice]) -> tuple[Advice | None, str]:
    """Return the engine to take, and why: the most like of those that fit; the quickest of several that are about as good."""
    fitting = [a for a in found if a.refused is None]
    if not fitting:
        return None, "none of them fits"
    best = max((a.likeness.value for a in fitting if a.likeness), default=None)
    if best is None:
        quickest = min(fitting, key=lambda a: a.seconds.value)
        return quickest, "the quickest of those that fit; the sample is too small to tell how like they would be"
    equal = [a for a in fitting if a.likeness is not None and a.likeness.value >= best - ALIKE]
    chosen = min(equal, key=lambda a: a.seconds.value)
    if len(fitting) == 1:
        return chosen, "the only one that fits" if len(found) > 1 else "it fits"
    reached = chosen.likeness.value if chosen.likeness else best
    others = [a for a in fitting if a not in equal]
    if len(equal) > 1:
        return chosen, f"the quickest of {len(equal)} that come about as near to the table (likeness {reached:.2f})"
    next_best = max((a.likeness.value for a in others if a.likeness), default=0.0)
    return chosen, f"it comes nearest to the table: likeness {reached:.2f}, the next {next_best:.2f}"


def pilot(sample: pa.Table, schema: TableSchema) -> float | None:
    """Return the likeness that the tabular engine reaches when it learns one half of the sample, compared with the other."""
    rows = min(sample.num_rows, PILOT_ROWS)
    if rows < FEWEST_PILOT_ROWS:
        return None
    order = np.random.default_rng(71).permutation(sample.num_rows)[:rows]
    learned, held = (sample.take(pa.array(np.sort(part))) for part in np.array_split(order, 2))
    model = TabularEngine().fit(learned, schema)
    return likeness(held, pa.Table.from_batches(model.sample(held.num_rows, 0)), schema)


def likeness(real: pa.Table, synthetic: pa.Table, schema: TableSchema) -> float:
    """Return the mean of the mean column likeness and the mean pair likeness, as the report shows it."""
    encoded = encode([real, synthetic], schema)
    columns, pairs = column_scores(encoded), pair_scores(encoded)
    means = [float(np.mean([s.likeness.value for s in scores])) for scores in (columns, pairs) if scores]
    return float(np.mean(means))
