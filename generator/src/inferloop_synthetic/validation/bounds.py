"""What of a validation can be bounded by a policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from inferloop_synthetic.validation.measures import Estimate, difference
from inferloop_synthetic.validation.privacy import Privacy
from inferloop_synthetic.validation.run import Validation

Measured = tuple[str, Estimate]
"""What was measured of what: a column, a pair, a constraint; empty for the whole table."""


@dataclass(frozen=True)
class Measure:
    """Something that a policy can bound."""

    name: str
    title: str
    upward: bool
    """Whether more is better: then `at_least` bounds it, else `at_most`."""
    found: Callable[[Validation], Iterable[Measured]]
    fix: str
    """What to do where it is broken."""
    needs: str = "compare the tables"
    """What to do so that it can be measured."""


def _of_privacy(part: Callable[[Privacy], Estimate]) -> Callable[[Validation], list[Measured]]:
    return lambda v: [] if v.privacy is None else [("", part(v.privacy))]


def _likeness_lost(v: Validation) -> list[Measured]:
    return [] if v.likeness_holdout is None else [("", difference(v.likeness_holdout, v.likeness))]


def _size(estimate: Estimate) -> Estimate:
    """Return the estimate of the absolute value."""
    low, high = sorted((abs(estimate.low), abs(estimate.high)))
    return Estimate(abs(estimate.value), 0.0 if estimate.low <= 0 <= estimate.high else low, high)


_HOLD_OUT = "hold out at least 20 real rows"
_LEAK = "hold out more rows for a narrower interval, learn from more rows, or leave out columns that single rows out"
_GROUPS = "name protected columns and a target in the policy's `fairness`, and hold out real rows in every group"

MEASURES: tuple[Measure, ...] = (
    Measure("likeness", "likeness of all columns and pairs", True, lambda v: [("", v.likeness)],
            "look at the columns and pairs least alike"),
    Measure("likeness_lost", "likeness lost against real rows held out", False, _likeness_lost,
            "look at the columns and pairs least alike", _HOLD_OUT),
    Measure("column_likeness", "likeness of a column", True, lambda v: [(c.column, c.likeness) for c in v.columns],
            "correct the column's kind in the schema, or learn from more rows"),
    Measure("pair_likeness", "likeness of a pair of columns", True,
            lambda v: [(f"{p.left} and {p.right}", p.likeness) for p in v.pairs],
            "state the rule between the columns as a constraint, or learn from more rows"),
    Measure("classifier_auc", "AUC of a classifier that tells synthetic rows", False, lambda v: [("", v.classifier)],
            "see in the report which columns give the rows away"),
    Measure("downstream_lost", "AUC lost by a model trained on synthetic rows", False,
            lambda v: [("", v.downstream.lost)] if v.downstream else [],
            "learn from more rows", _HOLD_OUT + "; name the column to predict"),
    Measure("membership_auc", "AUC of the membership attack", False, _of_privacy(lambda p: p.membership),
            _LEAK, _HOLD_OUT),
    Measure("membership_auc_calibrated", "AUC of the calibrated membership attack", False,
            _of_privacy(lambda p: p.membership_calibrated),
            _LEAK, _HOLD_OUT),
    Measure("recognised", "members recognised with 1 % false alarms, above these", False,
            _of_privacy(lambda p: p.recognised), _LEAK, _HOLD_OUT),
    Measure("attribute_advantage", "advantage in guessing a column", False,
            lambda v: [(a.column, a.advantage) for a in v.privacy.attributes] if v.privacy else [], _LEAK, _HOLD_OUT),
    Measure("copies_excess", "exact copies beyond chance", False, _of_privacy(lambda p: p.copies_excess),
            _LEAK, _HOLD_OUT),
    Measure("personal_values", "real values in a column about people, beyond chance", False,
            lambda v: [(d.column, d.excess) for d in v.disclosed],
            "make the column `personal` in the schema or leave it out; where it is not about people, name it in `except`"),
    Measure("constraint_violations", "rows that break a constraint", False,
            lambda v: [(c.constraint, c.broken) for c in v.constraints], "state the constraint in the schema"),
    Measure("missingness_shift", "change of a column's share of missing values", False,
            lambda v: [(m.column, _size(m.shift)) for m in v.missing], "learn from more rows"),
    Measure("outside_range", "values outside the real ones", False, lambda v: [(r.column, r.share) for r in v.ranges],
            "bound the column in the schema"),
    Measure("representation_shift", "change of the groups' shares", False,
            lambda v: [(b.column, b.representation) for b in v.bias],
            "learn from more rows of the small groups", _GROUPS),
    Measure("parity_growth", "growth of the gap between groups in having the outcome", False,
            lambda v: [(b.column, b.parity.growth) for b in v.bias if b.parity],
            "learn from more rows of the small groups", _GROUPS),
    Measure("model_parity_growth", "growth of the gap between groups in being given the outcome", False,
            lambda v: [(b.column, b.model_parity.growth) for b in v.bias if b.model_parity],
            "learn from more rows of the small groups", _GROUPS),
    Measure("equalised_odds_growth", "growth of the gap between groups in being judged rightly", False,
            lambda v: [(b.column, b.equalised_odds.growth) for b in v.bias if b.equalised_odds],
            "learn from more rows of the small groups", _GROUPS),
    Measure("worst_group_lost", "AUC lost in the group served worst", False,
            lambda v: [(f"{b.column} {b.worst.group}", b.worst.lost) for b in v.bias if b.worst],
            "learn from more rows of the small groups", _GROUPS),
)  # fmt: skip
NOTHING_TO_MEASURE: dict[str, Callable[[Validation], bool]] = {
    "constraint_violations": lambda v: not v.constraints,
    "personal_values": lambda v: not v.disclosed,
    "pair_likeness": lambda v: not v.pairs,
    "attribute_advantage": lambda v: v.privacy is not None and len(v.columns) < 2,
}
"""Where a table has nothing that could be broken, the requirement is kept."""
