"""Requests that work as they stand: shown in the description of the API, and sent by a test."""

from __future__ import annotations

from typing import Any

_ROWS = [{"age": 30 + i % 40, "plan": ["free", "pro"][i % 3 == 0], "spend": round(3.5 * (i % 17) + i % 40, 2)} for i in range(60)]

GENERATE: dict[str, dict[str, Any]] = {
    "schema": {
        "summary": "From a schema alone, answered at once",
        "value": {
            "schema": {"id": "integer[1:1000]", "name": "string", "score": "float[0:1]"},
            "rows": 100,
            "seed": 7,
            "wait": True,
        },
    },
    "template": {"summary": "From a template, as a job", "value": {"template": "customers", "rows": 5000, "format": "parquet"}},
    "columns": {
        "summary": "Columns in full, with a constraint",
        "value": {
            "schema": {
                "columns": [
                    {"name": "plan", "kind": "category", "values": ["free", "pro"], "weights": [4, 1]},
                    {"name": "from", "kind": "date", "min": "2024-01-01", "max": "2024-12-31"},
                    {"name": "to", "kind": "date", "min": "2024-01-01", "max": "2024-12-31", "missing": 0.1},
                ],
                "constraints": [{"type": "inequality", "left": "from", "right": "to"}],
            },
            "rows": 50,
            "wait": True,
        },
    },
    "data": {
        "summary": "Like the rows sent, all of them on the plan `pro`",
        "value": {"data": _ROWS, "rows": 200, "where": {"plan": "pro"}, "wait": True},
    },
}
VALIDATE: dict[str, dict[str, Any]] = {
    "rows": {
        "summary": "Two small tables",
        "value": {"real": {"data": _ROWS}, "synthetic": {"data": _ROWS[20:]}, "holdout": {"data": _ROWS[:30]}},
    }
}
SCHEMA: dict[str, dict[str, Any]] = {"rows": {"summary": "What the columns hold", "value": {"data": _ROWS}}}
