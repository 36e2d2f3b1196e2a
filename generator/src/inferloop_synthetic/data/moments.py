"""Which type a column of texts can be read as."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

MOMENTS = ([pa.date32(), pa.timestamp("s"), pa.timestamp("us")], [pa.timestamp("s", "UTC"), pa.timestamp("us", "UTC")])
_TRUTHS = ["true", "True", "TRUE", "false", "False", "FALSE"]


def reads_as(texts: pa.Array, kind: pa.DataType) -> bool:
    """Say whether every text can be read as a value of that type."""
    if pa.types.is_boolean(kind):
        return bool(pc.all(pc.is_in(texts, value_set=pa.array(_TRUTHS))).as_py())
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    if number and pc.any(pc.match_substring_regex(texts, r"^[+-]?0\d|^\s|\s$")).as_py():
        # 007 and the like are codes, not numbers.
        return False
    if pa.types.is_time(kind):
        return bool(pc.all(pc.match_substring_regex(texts, r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$")).as_py())
    try:
        texts.slice(0, 1000).cast(kind)
        texts.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True


def as_moments(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of texts as dates where all of them are, and as it is where not."""
    present = texts.drop_null()
    if len(present) and present[0].as_py()[:4].isdigit():
        for kind in (kind for ladder in MOMENTS for kind in ladder):
            if reads_as(present.combine_chunks(), kind):
                return texts.cast(kind)
    return texts
