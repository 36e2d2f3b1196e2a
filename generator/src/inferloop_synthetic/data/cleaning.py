"""Clean text that comes from strangers: letters that terminals, logs and spreadsheets act on, and names that only look alike."""

from __future__ import annotations

import unicodedata

import pyarrow as pa
import pyarrow.compute as pc

from inferloop_synthetic.errors import InputError

# Control characters but tab and line ends; letters that change the direction of text; those that show nothing; the mark at
# the start.
_UNSEEN = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
_PATTERN = f"[{_UNSEEN}]"


def clean_text(text: str) -> str:
    """Return a name without control and unseen characters, in composed form, without space around it."""
    seen = "".join(c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c) not in {"Cc", "Cf"})
    return " ".join(seen.split())


def clean_table(table: pa.Table) -> pa.Table:
    """Return the table with its names and texts cleaned; raises InputError where two names become the same, or one nothing."""
    names = [clean_text(name) for name in table.column_names]
    for before, name in zip(table.column_names, names, strict=True):
        if not name:
            raise InputError(f"column {before!r} has a name of unseen characters only")
        if names.count(name) > 1:
            raise InputError(f"column {name!r} occurs twice once unseen characters and space around names are left out")
    columns = [_clean(column) if pa.types.is_string(column.type) else column for column in table.columns]
    return pa.Table.from_arrays(columns, names)


def _clean(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not pc.any(pc.match_substring_regex(column, _PATTERN)).as_py():
        return column
    return pc.replace_substring_regex(column, _PATTERN, "")
