"""What a user should know of a table's texts before the synthetic one is given away."""

from __future__ import annotations

import datetime as dt
import re

import pyarrow as pa
import pyarrow.compute as pc

from inferloop_synthetic.schema import ColumnSchema, Kind, TableSchema

_LOOK_AT = 100_000
_DATE = r"^\d{1,6}-\d{1,2}-\d{1,2}([T ].*)?$"


def text_notes(table: pa.Table, schema: TableSchema) -> list[str]:
    """Return a note for each column of impossible dates, and one that names the texts that are given out as they are."""
    texts = {c.name: present for c in schema.columns if (present := _texts(table, c)) is not None}
    notes = [note for name, present in texts.items() if (note := _impossible_dates(name, present)) is not None]
    given_out = {name: int(pc.count_distinct(texts[name]).as_py()) for name in texts if schema.column(name).kind is Kind.category}
    if given_out:
        rarest_first = sorted(given_out, key=lambda name: len(texts[name]) / given_out[name])
        named = ", ".join(f"{name} ({given_out[name]:,} different)" for name in rarest_first)
        notes.append(
            f"real values of these text columns are given out: {named}; where one identifies somebody, make it personal, "
            "identifier or text in the schema"
        )
    return notes


def _texts(table: pa.Table, column: ColumnSchema) -> pa.ChunkedArray | None:
    if column.name not in table.column_names:
        return None
    data = table.column(column.name)
    if pa.types.is_dictionary(data.type):
        data = data.cast(data.type.value_type)
    if not pa.types.is_string(data.type) and not pa.types.is_large_string(data.type):
        return None
    present = data.drop_null()
    return present if len(present) else None


def _impossible_dates(name: str, present: pa.ChunkedArray) -> str | None:
    """Return a note on texts most of which look like dates, when some of these are none."""
    sample = present.slice(0, _LOOK_AT)
    shaped = sample.filter(pc.match_substring_regex(sample, _DATE))
    if len(shaped) < 0.5 * len(sample):
        return None
    impossible = [text for text in pc.unique(shaped).to_pylist() if not _is_date(text)]
    if not impossible:
        return None
    rows = int(pc.sum(pc.is_in(shaped, value_set=pa.array(impossible, shaped.type))).as_py())
    return (
        f"{name}: looks like dates, but {rows:,} of {len(sample):,} values are none, such as {impossible[0]!r}; "
        "it is taken for texts: correct them or leave them out to have dates learned"
    )


def _is_date(text: str) -> bool:
    day = re.split("[T ]", text, maxsplit=1)[0]
    try:
        dt.date(*map(int, day.split("-")))
    except (ValueError, OverflowError):
        return False
    return True
