"""All checks of a synthetic table in one call, and the result as plain values for JSON and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from inferloop_synthetic.errors import InputError
from inferloop_synthetic.schema import TableSchema
from inferloop_synthetic.validation.bias import Bias, find_bias
from inferloop_synthetic.validation.disclosure import Disclosure, check_disclosure
from inferloop_synthetic.validation.encoding import TABLE_NAMES, encode
from inferloop_synthetic.validation.measures import Estimate, mean
from inferloop_synthetic.validation.models import ClassifierTest, Downstream, choose_outcome, classifier_test, downstream, trained
from inferloop_synthetic.validation.privacy import Privacy, attack
from inferloop_synthetic.validation.quality import (
    ConstraintCheck,
    MissingCheck,
    RangeCheck,
    check_constraints,
    check_missing,
    check_ranges,
)
from inferloop_synthetic.validation.statistical import (
    ColumnProfile,
    ColumnScore,
    PairScore,
    column_profiles,
    column_scores,
    pair_scores,
)

FEWEST_ROWS = 10
FEWEST_HELD_OUT = 20


@dataclass(frozen=True)
class Validation:
    """What was found out about a synthetic table."""

    rows_real: int
    rows_synthetic: int
    rows_holdout: int
    columns: tuple[ColumnScore, ...]
    profiles: tuple[ColumnProfile, ...]
    pairs: tuple[PairScore, ...]
    likeness: Estimate
    """Mean of the mean column likeness and the mean pair likeness; the interval holds even if all errors go together."""
    likeness_holdout: Estimate | None
    """The same of the hold-out: what a perfect synthetic table of that size would reach."""
    told_apart: ClassifierTest
    downstream: Downstream | None
    privacy: Privacy | None
    bias: tuple[Bias, ...]
    constraints: tuple[ConstraintCheck, ...]
    missing: tuple[MissingCheck, ...]
    ranges: tuple[RangeCheck, ...]
    disclosed: tuple[Disclosure, ...] = ()
    """Of the columns about people; none in results that were written before this was measured."""

    @property
    def score(self) -> float:
        """The measured likeness."""
        return self.likeness.value

    @property
    def score_holdout(self) -> float | None:
        """The measured likeness of the hold-out."""
        return None if self.likeness_holdout is None else self.likeness_holdout.value

    @property
    def classifier(self) -> Estimate:
        """AUC of the classifier that tells synthetic from real rows."""
        return self.told_apart.auc

    def as_json(self) -> dict[str, Any]:
        """Return plain values, numbers rounded to six places; `from_json` reads them again."""
        rounded = _rounded(dataclasses.asdict(self))
        assert isinstance(rounded, dict)  # noqa: S101
        return rounded


def from_json(tree: object) -> Validation:
    """Return the validation whose `as_json` this is; raises InputError naming the first field that is wrong."""
    try:
        return TypeAdapter(Validation).validate_python(tree)
    except (ValidationError, RecursionError) as error:
        if not isinstance(error, ValidationError):
            raise InputError("this is not a validation's JSON: nested too deeply") from error
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise InputError(f"this is not a validation's JSON: {place}: {first['msg']}") from error


def validate(
    real: pa.Table,
    synthetic: pa.Table,
    schema: TableSchema,
    *,
    holdout: pa.Table | None = None,
    target: str | None = None,
    favourable: str | None = None,
    protected: Sequence[str] = (),
    seed: int = 0,
) -> Validation:
    """Compare a synthetic table with the real one that it was made from.

    `holdout` holds real rows that were not learned from. Without it (or with fewer than 20 rows) there is no control, and so
    no privacy attack and no downstream task; the classifier then compares with the rows learned from. `target` is the column
    that the downstream task predicts and `favourable` its level that counts as the outcome; `protected` names columns to
    examine for bias.
    """
    tables = [real, synthetic, *([] if holdout is None else [holdout])]
    for table, called in zip(tables[:2], TABLE_NAMES, strict=False):
        if table.num_rows < FEWEST_ROWS:
            raise InputError(f"the {called} table has {table.num_rows} rows; at least {FEWEST_ROWS} are needed to compare")
    if favourable is not None and target is None:
        raise InputError(f"the favourable value {favourable!r} needs a target: the column that has it")
    encoded = encode(tables, schema)
    if not encoded.names:
        raise InputError("no column can be compared: all are identifiers, text or personal data")
    columns, pairs = column_scores(encoded), pair_scores(encoded)
    controlled = holdout is not None and holdout.num_rows >= FEWEST_HELD_OUT
    outcome = choose_outcome(encoded, target, favourable, protected) if controlled or protected or target is not None else None
    chances = trained(encoded, outcome, 2, seed) if controlled and outcome is not None else None
    return Validation(
        rows_real=real.num_rows,
        rows_synthetic=synthetic.num_rows,
        rows_holdout=0 if holdout is None else holdout.num_rows,
        columns=tuple(columns),
        profiles=tuple(column_profiles(encoded)),
        pairs=tuple(pairs),
        likeness=_whole([c.likeness for c in columns], [p.likeness for p in pairs]),
        likeness_holdout=_whole([c.holdout for c in columns if c.holdout], [p.holdout for p in pairs if p.holdout])
        if controlled
        else None,
        told_apart=classifier_test(encoded, 2 if controlled else 0, 1, seed),
        downstream=downstream(encoded, outcome, 2, chances) if outcome is not None and chances is not None else None,
        privacy=attack(encoded, seed) if controlled else None,
        bias=find_bias(encoded, protected, outcome, chances, seed),
        constraints=check_constraints(real, synthetic, schema),
        missing=check_missing(real, synthetic, schema),
        ranges=check_ranges(encoded),
        disclosed=check_disclosure(real, synthetic, schema),
    )


def _whole(columns: list[Estimate], pairs: list[Estimate]) -> Estimate:
    by_column = mean(columns)
    return mean([by_column, mean(pairs)]) if pairs else by_column


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value
