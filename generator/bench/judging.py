"""The figures by which a synthetic table is judged in the benchmark."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from inferloop_synthetic.constraints import broken
from inferloop_synthetic.schema import Inequality, Kind, TableSchema
from inferloop_synthetic.validation.encoding import encode
from inferloop_synthetic.validation.models import choose_outcome, classifier_test, downstream, trained
from inferloop_synthetic.validation.privacy import attack

QUALITY_ROWS = 10_000
MOST_CONSTRAINTS = 4
WORTH_KEEPING = 0.02
"""An order between two columns is a constraint worth naming when so many rows would break it if the columns were independent."""
KINDS = {"integer": "numerical", "float": "numerical", "date": "datetime", "datetime": "datetime"}


@dataclass(frozen=True)
class Figures:
    """How like the real rows a synthetic table is, and how private."""

    quality: float
    """sdmetrics' quality report over all columns and all pairs (both thresholds 0)."""
    quality_holdout: float
    classifier: float
    downstream_lost: float
    membership: float
    membership_calibrated: float
    copies: float
    copies_by_chance: float
    violations: float | None
    """Share of rows that break an order between columns that all real rows keep; None where there is no such order."""


def judge(
    learned: pa.Table,
    synthetic: pa.Table,
    holdout: pa.Table,
    schema: TableSchema,
    orders: Sequence[Inequality],
    quality_holdout: float,
) -> Figures:
    """Judge a synthetic table made from `learned`, against rows that were held out."""
    encoded = encode([learned, synthetic, holdout], schema)
    outcome = choose_outcome(encoded, None)
    lost = float("nan")
    if outcome is not None:
        lost = downstream(encoded, outcome, 2, trained(encoded, outcome, 2)).lost.value
    privacy = attack(encoded)
    violated = np.zeros(synthetic.num_rows, np.bool_)
    for order in orders:
        violated |= broken(synthetic, order)
    return Figures(
        quality=quality(learned, synthetic, schema),
        quality_holdout=quality_holdout,
        classifier=classifier_test(encoded, 2, 1).auc.value,
        downstream_lost=lost,
        membership=privacy.membership.value,
        membership_calibrated=privacy.membership_calibrated.value,
        copies=privacy.copies.value,
        copies_by_chance=privacy.copies_by_chance.value,
        violations=float(violated.mean()) if orders else None,
    )


def quality(real: pa.Table, other: pa.Table, schema: TableSchema) -> float:
    """Return sdmetrics' quality score over all pairs of columns (both thresholds 0)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sdmetrics announces that this report will move
        from sdmetrics.reports.single_table import QualityReport

        learned = [c for c in schema.columns if c.kind not in {Kind.identifier, Kind.text, Kind.personal}]
        names = [c.name for c in learned]
        frames = []
        for table in (real, other):
            order = np.random.default_rng(1).permutation(table.num_rows)[:QUALITY_ROWS]
            frames.append(table.select(names).take(pa.array(order)).to_pandas(strings_to_categorical=False))
            for column in learned:
                if column.kind in {Kind.category, Kind.boolean, Kind.time}:
                    frames[-1][column.name] = frames[-1][column.name].astype(object)
        report = QualityReport()
        report.real_correlation_threshold = report.real_association_threshold = 0
        metadata = {"columns": {c.name: {"sdtype": KINDS.get(c.kind.value, "categorical")} for c in learned}}
        report.generate(*frames, metadata, verbose=False)
    return float(report.get_score())


def kept_orders(learned: pa.Table, holdout: pa.Table, schema: TableSchema) -> list[Inequality]:
    """Return orders between two columns that all real rows keep, though not by their ranges alone."""
    numbers = [c.name for c in schema.columns if c.kind in {Kind.integer, Kind.float, Kind.date, Kind.datetime}]
    rng = np.random.default_rng(5)
    mixed = pa.array(rng.permutation(learned.num_rows))
    found = []
    for left, right in permutations(numbers, 2):
        order = Inequality(type="inequality", left=left, right=right)
        if learned.schema.field(left).type != learned.schema.field(right).type:
            continue
        if broken(learned, order).any() or broken(holdout, order).any():
            continue
        apart = pa.table({left: learned.column(left), right: learned.column(right).take(mixed)})
        strict = pc.mean(pc.less(learned.column(left), learned.column(right)).cast(pa.float64())).as_py()
        by_chance = float(broken(apart, order).mean())
        if by_chance >= WORTH_KEEPING and strict:
            found.append((by_chance, order))
    found.sort(key=lambda entry: -entry[0])
    return [order for _, order in found[:MOST_CONSTRAINTS]]
