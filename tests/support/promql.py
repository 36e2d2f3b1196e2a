"""Which metrics and labels an expression asks for, and which labels its answer has, worked out from its syntax tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import promql_parser as ast

AGGREGATIONS_THAT_KEEP = {"topk", "bottomk", "limitk", "limit_ratio"}
SET_OPERATORS = {"and", "or", "unless"}


@dataclass(frozen=True)
class Match:
    """A label of a metric held against a value."""

    metric: str
    label: str
    value: str
    regular: bool
    """Whether the value is a regular expression."""


@dataclass
class Reading:
    """What was found in an expression."""

    labels: frozenset[str] | None
    """Of the answer; None where that is a number."""
    problems: list[str] = field(default_factory=list)
    metrics: set[str] = field(default_factory=set)
    matches: list[Match] = field(default_factory=list)


def read(expression: str, known: Mapping[str, frozenset[str]]) -> Reading:
    """Return what an expression asks for; `known` has the labels of each metric. Raises ValueError where it is no PromQL."""
    reader = _Reader(known)
    reading = Reading(None)
    reading.labels = reader.labels_of(ast.parse(expression), reading)
    return reading


class _Reader:
    def __init__(self, known: Mapping[str, frozenset[str]]) -> None:
        self._known = known

    def labels_of(self, node: Any, reading: Reading) -> frozenset[str] | None:
        """Return the labels of a part's answer, and note what is wrong with it."""
        match node:
            case ast.VectorSelector():
                return self._selector(node, reading)
            case ast.MatrixSelector():
                return self._selector(node.vector_selector, reading)
            case ast.SubqueryExpr() | ast.ParenExpr() | ast.UnaryExpr():
                return self.labels_of(node.expr, reading)
            case ast.AggregateExpr():
                return self._aggregation(node, reading)
            case ast.BinaryExpr():
                return self._binary(node, reading)
            case ast.Call():
                return self._call(node, reading)
        return None

    def _selector(self, node: Any, reading: Reading) -> frozenset[str]:
        metric = node.name
        if metric is None:
            reading.problems.append(f"{node}: names no metric")
            return frozenset()
        reading.metrics.add(metric)
        if metric not in self._known:
            reading.problems.append(f"{metric}: nothing exposes this metric")
        labels = self._known.get(metric, frozenset())
        for matcher in node.matchers.matchers:
            if metric in self._known and matcher.name not in labels:
                reading.problems.append(f"{metric}: has no label {matcher.name} (it has {', '.join(sorted(labels))})")
            regular = matcher.op in (ast.MatchOp.Re, ast.MatchOp.NotRe)
            reading.matches.append(Match(metric, matcher.name, matcher.value, regular))
        return labels

    def _aggregation(self, node: Any, reading: Reading) -> frozenset[str]:
        below = self.labels_of(node.expr, reading) or frozenset()
        if node.param is not None:
            self.labels_of(node.param, reading)
        if str(node.op) in AGGREGATIONS_THAT_KEEP:
            return below
        if node.modifier is None:
            return frozenset()
        named = frozenset(node.modifier.labels)
        self._present(named, below, f"{node.op} by", reading)
        return named if node.modifier.type == ast.AggModifierType.By else below - named

    def _binary(self, node: Any, reading: Reading) -> frozenset[str] | None:
        left, right = self.labels_of(node.lhs, reading), self.labels_of(node.rhs, reading)
        if left is None or right is None:
            return right if left is None else left
        operator, modifier = str(node.op), node.modifier
        matching = modifier.matching if modifier is not None else None
        if matching is None:
            compared = left, right
        elif matching.type == ast.LabelModifierType.Include:
            named = frozenset(matching.labels)
            for side in (left, right):
                self._present(named, side, f"{operator} on", reading)
            compared = named, named
        else:
            compared = left - set(matching.labels), right - set(matching.labels)
        if compared[0] != compared[1] and operator != "or":
            reading.problems.append(
                f"{operator}: matches nothing, as the sides have different labels: {sorted(compared[0])}, {sorted(compared[1])}"
            )
        if operator in SET_OPERATORS:
            return left | right if operator == "or" else left
        grouped = frozenset(modifier.group_labels or ()) if modifier is not None else frozenset()
        if modifier is not None and modifier.card == ast.VectorMatchCardinality.ManyToOne:
            self._present(grouped, right, "group_left", reading)
            return left | grouped
        if modifier is not None and modifier.card == ast.VectorMatchCardinality.OneToMany:
            self._present(grouped, left, "group_right", reading)
            return right | grouped
        return compared[0]

    def _call(self, node: Any, reading: Reading) -> frozenset[str] | None:
        name = node.func.name
        found = [self.labels_of(argument, reading) for argument in node.args]
        vectors = [labels for labels in found if labels is not None]
        if name in {"time", "scalar", "pi"}:
            return None
        if name == "vector":
            return frozenset()
        if name in {"absent", "absent_over_time"}:
            return frozenset(_equalities(node.args[0]))
        labels = frozenset().union(*vectors)
        if name == "histogram_quantile":
            self._present(frozenset({"le"}), labels, name, reading)
            return labels - {"le"}
        if name == "label_replace":
            target, source = node.args[1].val, node.args[3].val
            self._present(frozenset({source}), labels, name, reading)
            return labels | {target}
        return labels

    @staticmethod
    def _present(wanted: frozenset[str], labels: frozenset[str], where: str, reading: Reading) -> None:
        for label in sorted(wanted - labels):
            reading.problems.append(
                f"{where}: there is no label {label} (there are {', '.join(sorted(labels)) or 'none'})"
            )


def _equalities(node: Any) -> Iterator[str]:
    if isinstance(node, ast.VectorSelector):
        yield from (matcher.name for matcher in node.matchers.matchers if matcher.op == ast.MatchOp.Equal)
