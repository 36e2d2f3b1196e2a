"""Row formulas: a column computed from other columns of the same row."""

from __future__ import annotations

import ast
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from inferloop_synthetic.errors import InputError

_OPERATIONS = {ast.Add: pc.add, ast.Sub: pc.subtract, ast.Mult: pc.multiply, ast.Div: pc.divide}


def formula_inputs(expression: str) -> list[str]:
    """Return the columns that an expression reads."""
    return sorted({node.id for node in ast.walk(_parse(expression)) if isinstance(node, ast.Name)})


def formula_notes(computed: Mapping[str, str]) -> list[str]:
    """Return a note for each computed column whose formula divides by other columns: it may be missing."""
    return [
        f"{name}: missing where {expression} is not finite, as after division by 0"
        for name, expression in computed.items()
        if any(isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div) and _names(n.right) for n in ast.walk(_parse(expression)))
    ]


def _names(node: ast.expr) -> bool:
    return any(isinstance(inner, ast.Name) for inner in ast.walk(node))


def evaluate(expression: str, columns: Mapping[str, pa.Array]) -> pa.Array:
    """Return the expression's value in every row, as a double; missing where an input is or where it is not finite, as 1 / 0."""
    value = _value(_parse(expression).body, columns, expression)
    return pc.if_else(pc.is_finite(value), value, pa.scalar(None, pa.float64()))


def _parse(expression: str) -> ast.Expression:
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"formula {expression!r}: {error}") from error
    allowed = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.USub, ast.Name, ast.Load, ast.Constant, *_OPERATIONS)
    for node in ast.walk(tree):
        number = not isinstance(node, ast.Constant) or (type(node.value) in {int, float})
        if not isinstance(node, allowed) or not number:
            raise InputError(f"formula {expression!r}: only numbers, column names, + - * / and brackets are allowed")
    return tree


def _value(node: ast.expr, columns: Mapping[str, pa.Array], expression: str) -> pa.Array:
    match node:
        case ast.Constant():
            return pa.scalar(float(node.value))  # type: ignore[arg-type]
        case ast.Name():
            if node.id not in columns:
                raise InputError(f"formula {expression!r}: there is no column {node.id!r}")
            return columns[node.id].cast(pa.float64(), safe=False)
        case ast.UnaryOp():
            return pc.negate(_value(node.operand, columns, expression))
        case ast.BinOp():
            return _OPERATIONS[type(node.op)](_value(node.left, columns, expression), _value(node.right, columns, expression))
        case _:
            raise InputError(f"formula {expression!r} is not understood")
