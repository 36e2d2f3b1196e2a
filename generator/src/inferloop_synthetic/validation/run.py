"""All checks of a synthetic table in one call, and the result as plain values for JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from inferloop_synthetic.constraints import broken, describe
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.schema import TableSchema
from inferloop_synthetic.validation.encoding import Encoded, encode
from inferloop_synthetic.validation.measures import Estimate
from inferloop_synthetic.validation.privacy import Privacy, attack
from inferloop_synthetic.validation.statistical import (
    ColumnProfile,
    ColumnScore,
    Downstream,
    PairScore,
    classifier_test,
    column_profiles,
    column_scores,
    downstream,
    pair_scores,
)


@dataclass(frozen=True)
class ConstraintCheck:
    """How many rows break a constraint."""

    constraint: str
    real: int
    synthetic: int


@dataclass(frozen=True)
class RangeCheck:
    """How many synthetic values lie outside the real ones: beyond the range, or levels that never occur."""

    column: str
    outside: int


@dataclass(frozen=True)
class Validation:
    """What was found out about a synthetic table."""

    rows_real: int
    rows_synthetic: int
    rows_holdout: int
    columns: tuple[ColumnScore, ...]
    profiles: tuple[ColumnProfile, ...]
    pairs: tuple[PairScore, ...]
    score: float
    """Mean of the mean column score and the mean pair score."""
    score_holdout: float | None
    """The same score of the hold-out: what a perfect synthetic table of that size would reach."""
    classifier: Estimate
    downstream: Downstream | None
    privacy: Privacy | None
    constraints: tuple[ConstraintCheck, ...]
    ranges: tuple[RangeCheck, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain values, numbers rounded to six places."""
        rounded = _rounded(dataclasses.asdict(self))
        assert isinstance(rounded, dict)  # noqa: S101
        return rounded


def validate(
    real: pa.Table,
    synthetic: pa.Table,
    schema: TableSchema,
    *,
    holdout: pa.Table | None = None,
    target: str | None = None,
    seed: int = 0,
) -> Validation:
    """Compare a synthetic table with the real one that it was made from.

    `holdout` holds real rows that were not learned from. Without it there is no control, and so no privacy attack and no
    downstream task; the classifier then compares with the rows learned from.
    """
    for name, table in (("real", real), ("synthetic", synthetic)):
        if table.num_rows < 10:
            raise InputError(f"the {name} table has {table.num_rows} rows; at least 10 are needed to compare")
    tables = [real, synthetic, *([holdout] if holdout is not None else [])]
    encoded = encode(tables, schema)
    if not encoded.names:
        raise InputError("no column can be compared: all are identifiers, text or personal data")
    if target is not None and target not in encoded.names:
        raise InputError(f"there is no column {target!r} to predict")
    columns, pairs = column_scores(encoded), pair_scores(encoded)
    controlled = holdout is not None and holdout.num_rows >= 20
    return Validation(
        rows_real=real.num_rows,
        rows_synthetic=synthetic.num_rows,
        rows_holdout=0 if holdout is None else holdout.num_rows,
        columns=tuple(columns),
        profiles=tuple(column_profiles(encoded)),
        pairs=tuple(pairs),
        score=_score(columns, pairs),
        score_holdout=_score(column_scores(encoded, 2), pair_scores(encoded, 2)) if controlled else None,
        classifier=classifier_test(encoded, 2 if controlled else 0, 1, seed),
        downstream=downstream(encoded, 2, target, seed) if controlled else None,
        privacy=attack(encoded, seed) if controlled else None,
        constraints=tuple(
            ConstraintCheck(describe(c), int(broken(real, c).sum()), int(broken(synthetic, c, real).sum()))
            for c in schema.constraints
        ),
        ranges=tuple(_ranges(encoded)),
    )


def _score(columns: Sequence[ColumnScore], pairs: Sequence[PairScore]) -> float:
    by_column = float(np.mean([c.score for c in columns]))
    return by_column if not pairs else (by_column + float(np.mean([p.score for p in pairs]))) / 2


def _ranges(encoded: Encoded) -> list[RangeCheck]:
    checks = []
    for j, name in enumerate(encoded.names):
        real, synthetic = encoded.tables[0][:, j], encoded.tables[1][:, j]
        synthetic = synthetic[~np.isnan(synthetic)]
        if encoded.categorical[j]:
            outside = ~np.isin(synthetic, real)
        else:
            present = real[~np.isnan(real)]
            outside = (synthetic < present.min()) | (synthetic > present.max()) if len(present) else np.ones(len(synthetic), bool)
        checks.append(RangeCheck(name, int(outside.sum())))
    return checks


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value
