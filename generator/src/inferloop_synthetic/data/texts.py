"""Values as texts: JSON lines, and what a spreadsheet would run as a formula."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

FORMULA_STARTS = "=+-@\t\r\n＝＋－＠"
"""First letters after which a spreadsheet runs a cell (OWASP, CSV Injection), the full-width forms included."""


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """Return the schema with dictionaries replaced by what they hold."""
    fields = [f.with_type(f.type.value_type) if pa.types.is_dictionary(f.type) else f for f in schema]
    return pa.schema(fields)


def plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the batch with dictionaries replaced by what they hold."""
    arrays = [c.cast(c.type.value_type) if pa.types.is_dictionary(c.type) else c for c in batch.columns]
    return pa.RecordBatch.from_arrays(arrays, batch.schema.names)


def runs_as_formula(texts: pa.Array) -> pa.Array:
    """Return which texts a spreadsheet would run."""
    return pc.is_in(pc.utf8_slice_codeunits(texts, 0, 1), value_set=pa.array(list(FORMULA_STARTS)))


def guarded(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the batch with an apostrophe before every text that a spreadsheet would run as a formula."""
    for i, field in enumerate(batch.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            column = batch.column(i)
            safe = pc.if_else(runs_as_formula(column), pc.binary_join_element_wise("'", column, ""), column)
            batch = batch.set_column(i, field.name, safe)
    return batch


def guard_names(names: Sequence[str]) -> list[str]:
    """Return names of columns with an apostrophe before those that a spreadsheet would run."""
    return [f"'{name}" if name[:1] and name[0] in FORMULA_STARTS else name for name in names]


def json_lines(batch: pa.RecordBatch) -> bytes:
    """Return one JSON object per row: dates and times in ISO form, missing and not finite as null."""
    columns = []
    for name, column in zip(batch.schema.names, plain(batch).columns, strict=True):
        if pa.types.is_temporal(column.type):
            column = column.cast(pa.string())
        if pa.types.is_floating(column.type):
            column = pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))
        texts = _json_texts(column)
        columns.append(pc.binary_join_element_wise(pa.scalar(json.dumps(name, ensure_ascii=False)), texts, ":"))
    if not columns or not batch.num_rows:
        return b""
    rows = pc.binary_join_element_wise("{", pc.binary_join_element_wise(*columns, ","), "}\n", "")
    offsets_joined = pc.binary_join(pa.ListArray.from_arrays([0, len(rows)], rows), "")
    text: str = offsets_joined[0].as_py()
    return text.encode()


def _json_texts(column: pa.Array) -> pa.Array:
    if pa.types.is_string(column.type):
        encoded = column.dictionary_encode()
        words = [json.dumps(word, ensure_ascii=False) for word in encoded.dictionary.to_pylist()]
        texts = pa.array(words, pa.string()).take(encoded.indices)
    else:
        texts = column.cast(pa.string())
    return pc.fill_null(texts, "null")
