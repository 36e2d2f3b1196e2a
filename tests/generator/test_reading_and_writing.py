"""Tables are read with errors that name the place, and written whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferloop_synthetic.data.reading import read_batches, read_table
from inferloop_synthetic.data.texts import guarded, json_lines
from inferloop_synthetic.data.writing import WriteOptions, write_batches
from inferloop_synthetic.errors import InputError

TABLE = pa.table(
    {
        "n": pa.array([1, 2, None, 4]),
        "x": [0.5, 1.25, -3.0, None],
        "t": ["a", 'quote " and, comma', "ü", None],
        "b": [True, False, None, True],
        "d": pa.array([1, 2, 3, None], pa.int32()).cast(pa.date32()),
        "s": pa.array([10, 20, 30, None], pa.timestamp("s")),
    }
)


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.csv.gz", "t.parquet", "t.jsonl", "t.jsonl.gz", "t.arrow"])
def test_what_is_written_reads_back_the_same(name: str, tmp_path: Path) -> None:
    assert write_batches(TABLE.to_batches(max_chunksize=3), TABLE.schema, tmp_path / name) == 4
    back = read_table(tmp_path / name)
    assert back.column_names == TABLE.column_names
    for column in TABLE.column_names:
        assert back[column].cast(TABLE.schema.field(column).type).to_pylist() == TABLE[column].to_pylist(), column
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_json_lines_hold_dates_in_iso_form_and_null_for_what_is_not_finite() -> None:
    batch = pa.record_batch({"d": pa.array([1], pa.int32()).cast(pa.date32()), "x": [float("nan")], "t": ['"\n']})
    assert json.loads(json_lines(batch)) == {"d": "1970-01-02", "x": None, "t": '"\n'}


@given(st.lists(st.text(), min_size=1, max_size=20))
def test_any_text_survives_json_lines(texts: list[str]) -> None:
    clean = [t.encode("utf-8", "replace").decode() for t in texts]
    lines = json_lines(pa.record_batch({"t": pa.array(clean)})).decode().split("\n")
    assert [json.loads(line)["t"] for line in lines if line] == clean


def test_parts_have_a_manifest_whose_digests_fit(tmp_path: Path) -> None:
    batches = pa.table({"n": range(2500)}).to_batches(max_chunksize=700)
    write_batches(batches, batches[0].schema, tmp_path / "out.parquet", WriteOptions(part_rows=1000))
    manifest = json.loads((tmp_path / "out.parquet" / "manifest.json").read_text())
    assert manifest["rows"] == 2500
    assert [part["rows"] for part in manifest["parts"]] == [1000, 1000, 500]
    together = []
    for part in manifest["parts"]:
        data = (tmp_path / "out.parquet" / part["file"]).read_bytes()
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (part["sha256"], part["bytes"])
        together += pq.read_table(tmp_path / "out.parquet" / part["file"])["n"].to_pylist()
    assert together == list(range(2500))


@pytest.mark.parametrize("parts", [None, 100])
@pytest.mark.parametrize("name", ["o.csv", "o.parquet", "o.jsonl", "o.arrow"])
def test_an_interrupted_write_leaves_nothing_and_keeps_what_was_there(
    name: str, parts: int | None, tmp_path: Path
) -> None:
    if parts is None:
        (tmp_path / name).write_text("before")

    def interrupted() -> Iterator[pa.RecordBatch]:
        yield from TABLE.to_batches()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_batches(interrupted(), TABLE.schema, tmp_path / name, WriteOptions(part_rows=parts))
    assert [p.name for p in tmp_path.iterdir()] == ([name] if parts is None else [])
    assert parts is not None or (tmp_path / name).read_text() == "before"


def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import os

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"o\.parquet.*No space left"):
        write_batches(TABLE.to_batches(), TABLE.schema, tmp_path / "o.parquet")
    assert not list(tmp_path.iterdir())


def test_texts_that_a_spreadsheet_would_run_are_defused_when_asked() -> None:
    batch = pa.record_batch({"t": ["=1+1", "@x", "fine", None, "-2"], "n": [-1, 2, 3, 4, 5]})
    assert guarded(batch)["t"].to_pylist() == ["'=1+1", "'@x", "fine", None, "'-2"]
    assert guarded(batch)["n"].to_pylist() == [-1, 2, 3, 4, 5]


def test_a_type_that_changes_late_in_a_long_file_holds_for_the_whole_column(tmp_path: Path) -> None:
    lines = ["a,b,code"] + [f"{i},{i},0{i % 90 + 10}" for i in range(200_000)] + ["x,1.5,007"]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    table = read_table(tmp_path / "t.csv")
    assert [str(t) for t in table.schema.types] == ["string", "double", "string"]
    assert table["a"][-1].as_py() == "x"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("2024-01-31", "date32[day]"),
        ("2024-01-31 10:00:00", "timestamp[s]"),
        ("2024-01-31T10:00:00.250", "timestamp[us]"),
        ("2024-01-31T10:00:00Z", "timestamp[s, tz=UTC]"),
        ("10:30", "time32[s]"),
        ("2024", "int64"),
        ("20240131a", "string"),
    ],
)
def test_dates_and_times_are_recognised(text: str, kind: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"a,b\n{text},1\n,2\n{text},3\n")
    table = read_table(tmp_path / "t.csv")
    assert str(table["a"].type) == kind
    assert table["a"].null_count == 1


def test_batches_are_read_as_a_stream(tmp_path: Path) -> None:
    pq.write_table(pa.table({"n": range(300_000)}), tmp_path / "t.parquet")
    batches = read_batches(tmp_path / "t.parquet")
    assert next(batches).num_rows < 100_000


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_table(tmp_path / "t.csv")
