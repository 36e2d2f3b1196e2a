"""What people and attackers put into files: each works, or is a clear error that names the place; memory stays bounded."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest

from inferloop_synthetic.data.limits import Limits
from inferloop_synthetic.data.reading import read_batches, read_table
from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.tabular.engine import TabularEngine

WIDE = ",".join(f"c{i}" for i in range(10_000)).encode()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", "the file is empty"),
        ("t.csv", b"a,b\n", "there are no rows"),
        ("t.csv", b"\n\n", "first line, which names the columns, is empty"),
        ("t.csv", b"a,b,a\n1,2,3\n", "column 'a' occurs 2 times"),
        ("t.csv", b"a,,c\n1,2,3\n", "column 2 has no name"),
        ("t.csv", b"a," + b"n" * 2000 + b"\n1,2\n", "column 2 has a name of 2,000 letters"),
        ("t.csv", b"a,b\n1,2\n1,2,3\n", "line 3: 3 values where 2 columns are named; quote values"),
        ("t.csv", b"a,b\n1,2\n5,6\n1\n", "line 4: 1 values where 2 columns are named; fill in"),
        ("t.csv", b"a,name\n1,ok\n2,\xff\xfe\n", r"line 3, column 'name': byte 15 \(0xff\) is not UTF-8"),
        ("t.csv", b"a,name,c\n1,ok,3\n\xe9,ok,3\n", r"line 3, column 'a': byte 17 \(0xe9\) is not UTF-8"),
        ("t.csv", "a\nstraße".encode("latin-1"), r"line 2, column 'a': byte 7 \(0xdf\) is not UTF-8; save the file as UTF-8"),
        ("t.csv", b"a\nok\n\xe2\x82", "line 3, column 'a': byte .* is not UTF-8"),
        ("t.csv", b"\xffa\n1\n", r"line 1: byte 1 \(0xff\) is not UTF-8"),
        ("t.csv", "a,b\n1,2\n".encode("utf-16"), "is UTF-16; save the file as UTF-8"),
        ("t.csv", b"a\0b\n1\n", "zero byte"),
        ("t.csv", b"x" * 2_000_000, "first line is longer"),
        ("t.csv", WIDE + b"\n1\n", "10,000 columns; at most 2,000"),
        ("t.csv", b"a,b\n1," + b"x" * 1_500_000 + b"\n", "column 'b' holds a text of 1,500,000 bytes; at most 1,000,000"),
        ("t.csv", b'a,b\n1,"' + b"x\n" * 10_000_000, "after row 0 there is one longer than .* quotation mark left open"),
        ("t.tsv", b"a\tb\n1,2\n", "line 2: 1 values where 2 columns"),
        ("t.csv.gz", b"not gzip", "cannot be read"),
        ("t.csv.gz", gzip.compress(b"a\n1\n" * 1000, mtime=0)[:-20], "ended before the end-of-stream marker"),
        ("t.parquet", b"PAR1 not really", "not readable as parquet|cannot be read"),
        ("t.arrow", b"nothing", "not readable as arrow|cannot be read"),
        ("t.jsonl", b'{"a": 1}\n{"a": "x"}\n', r"jsonl:2: column 'a' holds str, but number"),
        ("t.jsonl", b'{"a": 1}\n' * 20_000 + b'{"a": "x"}\n', r"jsonl:20001: column 'a' holds str, but number"),
        ("t.jsonl", b'{"a": 1}\n[1]\n', "jsonl:2: each line must be an object"),
        ("t.jsonl", b'{"a": 1}\n{"a": \n', "jsonl:2: not JSON"),
        ("t.jsonl", b'{"a": 1, "a": 2}\n', "a"),
        ("t.jsonl", b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "jsonl:1: nested too deeply"),
        ("t.jsonl", b'{"a": {"b": 1}}\n', "column 'a' holds struct"),
        ("t.jsonl", b'{"a": [1]}\n', "column 'a' holds list"),
        ("t.jsonl", b'{"a": 1' + b"0" * 30 + b"}\n", "column 'a' holds a number beyond 64 bits"),
        ("t.jsonl", b'{"a": "' + b"x" * 1_200_000 + b'"}\n', "column 'a' holds a text longer than 1,000,000"),
        ("t.jsonl", b'{"a": "\xff"}\n', r"line 1: byte 8 \(0xff\) is not UTF-8"),
        ("t.jsonl", json.dumps({f"c{i}": 1 for i in range(10_000)}).encode(), "10,000 columns; at most 2,000"),
        ("t.jsonl", b'{"": 1}\n', "column 1 has no name"),
        ("t.xlsx", b"PK", "extension .xlsx is not known; known are .csv"),
        ("t", b"a\n1\n", r"extension \(none\) is not known"),
    ],
)  # fmt: skip
def test_bad_files_are_errors_that_name_the_place(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_table(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("one row.csv", b"a,b\n1,x\n", {"a": [1], "b": ["x"]}),
        ("one column.csv", b"a\n1\n2\n", {"a": [1, 2]}),
        ("no end.csv", b"a,b\n1,2", {"a": [1], "b": [2]}),
        ("bom.csv", "\ufeffa,b\n1,2\n".encode(), {"a": [1], "b": [2]}),
        ("windows.csv", b"a,b\r\n1,x\r\n2,y\r\n", {"a": [1, 2], "b": ["x", "y"]}),
        ("missing.csv", b"a,b\n,NA\n,null\n", {"a": [None, None], "b": [None, None]}),
        ("mixed.csv", b"a\n1\nx\n2.5\n", {"a": ["1", "x", "2.5"]}),
        ("infinite.csv", b"a\n1\ninf\n-inf\n", {"a": [1.0, float("inf"), float("-inf")]}),
        ("codes.csv", b"a\n007\n123\n", {"a": ["007", "123"]}),
        ("huge.csv", b"a\n99999999999999999999999\n1\n", {"a": [1e23, 1.0]}),
        ("far dates.csv", b"a\n12024-01-31\n2024-01-31\n", {"a": ["12024-01-31", "2024-01-31"]}),
        ("no date.csv", b"a\n2024-02-30\n2024-01-31\n", {"a": ["2024-02-30", "2024-01-31"]}),
        ("quoted.csv", b'a,b\n"x, y","line\nbreak"\n', {"a": ["x, y"], "b": ["line\nbreak"]}),
        ("formula.csv", b"a\n=1+1\n@x\n", {"a": ["=1+1", "@x"]}),
        ("semicolons.csv", b"a;b\n1,5;2\n", {"a": ["1,5"], "b": [2]}),
        ("late column.jsonl", b'{"a": 1}\n{"a": 2, "b": "x"}\n', {"a": [1, 2], "b": [None, "x"]}),
        ("numbers.jsonl", b'{"a": 1}\n' * 2 + b'{"a": 0.5}\n', {"a": [1.0, 1.0, 0.5]}),
        ("nulls.jsonl", b'{"a": null}\n{"a": null}\n', {"a": [None, None]}),
        ("blank.jsonl", b'{"a": 1}\n\n{"a": 2}\n', {"a": [1, 2]}),
    ],
)  # fmt: skip
def test_odd_files_are_read(name: str, content: bytes, expected: dict[str, list[object]], tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    assert read_table(tmp_path / name).to_pydict() == expected


def test_types_hold_over_pieces_of_json_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inferloop_synthetic.data.json_files.PIECE_BYTES", 64)
    lines = [{"n": i, "t": "2024-01-31 10:00:00"} for i in range(50)] + [{"n": 0.5, "t": "no date", "late": True}]
    (tmp_path / "t.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    batches = list(read_batches(tmp_path / "t.jsonl"))
    assert len(batches) > 10
    table = pa.Table.from_batches(batches)
    assert [str(kind) for kind in table.schema.types] == ["double", "string", "bool"]
    assert table["late"].to_pylist() == [None] * 50 + [True]


def packed(path: Path) -> Path:
    with gzip.open(path, "wb") as file:
        file.write(b"a\n" + b"x" * 1000 + b"\n")
        for _ in range(60):
            file.write((b"0" * 999 + b"\n") * 1000)
    return path


@pytest.mark.parametrize(
    "limits", [Limits(source_bytes=20_000_000), Limits(memory_bytes=20_000_000), Limits(rows=30_000)]
)
def test_a_packed_bomb_stops_at_the_limit(limits: Limits, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"larger than|more than 30,000 rows"):
        read_table(packed(tmp_path / "t.csv.gz"), limits)


def test_a_parquet_bomb_is_refused_by_what_it_says_of_itself(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": pa.array(["x" * 1000] * 100_000)}), tmp_path / "t.parquet", use_dictionary=False)
    with pytest.raises(InputError, match=r"row group 0 is .* bytes unpacked; at most 10,000,000"):
        read_table(tmp_path / "t.parquet", Limits(memory_bytes=10_000_000))


def huge_cell(path: Path) -> None:
    pq.write_table(pa.table({"a": ["x", "y" * 1_500_000]}), path)


def lists(path: Path) -> None:
    pq.write_table(pa.table({"a": [1], "deep": [[1, 2]]}), path)


def blobs(path: Path) -> None:
    with ipc.new_file(str(path), pa.schema([("a", pa.binary())])) as writer:
        writer.write_table(pa.table({"a": [b"x"]}))


def lying_offsets(path: Path) -> None:
    """Write an Arrow file whose texts end beyond their bytes, as one would to read another's memory."""
    with ipc.new_file(str(path), pa.schema([("a", pa.string())])) as writer:
        writer.write_table(pa.table({"a": ["aaa", "bbbbbbb"]}))
    honest, lying = (b"".join(n.to_bytes(4, "little") for n in (0, 3, end)) for end in (10, 2**30))
    assert path.read_bytes().count(honest) == 1
    path.write_bytes(path.read_bytes().replace(honest, lying))


def far_too_late(path: Path) -> None:
    pq.write_table(pa.table({"a": pa.array([2**64 - 1, 1], pa.uint64())}), path)


def twice(path: Path) -> None:
    with ipc.new_file(str(path), pa.schema([("a", pa.int64()), ("a", pa.int64())])) as writer:
        writer.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"]))


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("t.parquet", huge_cell, "column 'a' holds a text of 1,500,000 bytes"),
        ("t.parquet", lists, "column 'deep' holds list"),
        ("t.arrow", blobs, "column 'a' holds binary"),
        ("t.arrow", lying_offsets, "not readable as arrow"),
        ("t.parquet", far_too_late, "column 'a': numbers beyond 64 bits"),
        ("t.arrow", twice, "column 'a' occurs 2 times"),
    ],
)
def test_bad_binary_files_are_errors(name: str, write: Callable[[Path], None], message: str, tmp_path: Path) -> None:
    write(tmp_path / name)
    with pytest.raises(InputError, match=message):
        read_table(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\n1\n", "a table of 1 rows is too small"),
        (b"c" + b",c".join(str(i).encode() for i in range(400)) + b"\n" + b",".join([b"1"] * 400) + b"\n" * 2, "400 columns; at most"),
    ],
)  # fmt: skip
def test_tables_that_cannot_be_learned_from_are_errors(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    table = read_table(tmp_path / "t.csv")
    with pytest.raises(InputError, match=message):
        TabularEngine().fit(table, detect_schema(table))


@pytest.mark.parametrize(
    "content",
    [
        b"a\n1\n2\n3\n",
        b"a,b\n" + b"1,x\n" * 30,
        b"a,b\n" + b",1\n,2\n" * 15,
        b"a,b\n" + b"inf,1\n-inf,2\n1,3\n" * 10,
    ],
    ids=["one column", "constant", "all missing", "infinite"],
)
def test_odd_tables_are_learned_from(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    table = read_table(tmp_path / "t.csv")
    model = TabularEngine().fit(table, detect_schema(table))
    drawn = pa.Table.from_batches(model.sample(20, 1))
    assert drawn.column_names == table.column_names
    assert drawn.num_rows == 20


def test_a_missing_file_and_a_folder_are_errors(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    for name in ("t.csv", "folder.csv"):
        with pytest.raises(InputError, match="no such file"):
            read_table(tmp_path / name)
