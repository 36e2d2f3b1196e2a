"""From a specification to a manifest: what is asked is checked, what is made is made once, and what is there is whole."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from inferloop_synthetic.errors import ConstraintError, InputError, ModelFileError
from inferloop_synthetic.executors.in_process import InProcess
from inferloop_synthetic.pipeline.destination import DestinationError, LocalDestination
from inferloop_synthetic.pipeline.finish import MANIFEST, finish, read_manifest, verify
from inferloop_synthetic.pipeline.make import make_part, part_rows
from inferloop_synthetic.pipeline.parts import Part, plan_parts
from inferloop_synthetic.pipeline.prepare import MODEL, Prepared, learn, open_prepared, prepare
from inferloop_synthetic.pipeline.run import make_all, remove_results, run_pipeline
from inferloop_synthetic.pipeline.spec import GenerationSpec, read_spec
from inferloop_synthetic.pipeline.stages import KeepConstraints, describe_pipeline
from inferloop_synthetic.pipeline.validating import rows_to_compare

SCHEMA = {"columns": [{"name": "id", "kind": "identifier"}, {"name": "x", "kind": "float", "min": 0, "max": 1}]}


@pytest.fixture(scope="module")
def source(orders: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("source") / "orders.csv"
    pacsv.write_csv(orders, path)
    return str(path)


def small(**asked: object) -> GenerationSpec:
    return read_spec({"schema": SCHEMA, "rows": 250, "part_rows": 100, **asked})


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({}, "give a `source`"),
        ({"source": "t.csv", "rwos": 3}, "rwos: Extra inputs"),
        ({"source": "t.csv", "rows": -1}, "rows: .*greater than or equal to 0"),
        ({"source": "t.csv", "rows": 10**13}, "rows: .*less than or equal to"),
        ({"source": "t.csv", "rows": "many"}, "rows: .*valid integer"),
        ({"source": "t.csv", "part_rows": 0}, "part_rows: .*greater than or equal to 1"),
        ({"source": "t.csv", "seed": -1}, "seed: "),
        ({"source": "t.csv", "format": "xlsx"}, "format: .*'csv', 'jsonl', 'parquet' or 'arrow'"),
        ({"source": "t\n.csv"}, "source: .*control characters"),
        ({"source": " "}, "source: empty"),
        ({"model": "m", "source": "t.csv"}, "goes with neither"),
        ({"schema": SCHEMA, "validate": True}, "compares with a `source`"),
        ({"schema": SCHEMA, "engine": "ctgan"}, "are for learning from a `source`, and there is none"),
        ({"schema": SCHEMA, "engine_options": {"epochs": 5}}, "are for learning from a `source`, and there is none"),
        ({"model": "m", "engine": "ctgan", "engine_options": {"epochs": 5}}, "`model` was learned already"),
        ({"source": "t.csv", "policy": {"name": "p"}}, "`policy` judges what `validate` finds"),
        ({"source": "t.csv", "where": {"a": {}}}, "where.a: give either"),
        ({"source": "t.csv", "where": {"a": {"values": [1], "low": 2}}}, "where.a: give either"),
        ({"schema": {"columns": []}}, "schema.columns: "),
        ([], "generation: "),
    ],
)
def test_what_is_wrong_in_a_specification_is_named(tree: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_spec(tree)


def test_a_specification_travels_as_json() -> None:
    spec = small(where={"x": {"low": 0.5}}, seed=9, format="csv")
    assert read_spec(json.loads(json.dumps(spec.as_json()))) == spec


def test_conditions_have_short_forms_and_get_the_types_of_their_columns(source: str) -> None:
    where = {"country": ["IT", "FR"], "quantity": {"low": "10", "high": 12.0}, "channel": "web"}
    spec = learn(read_spec({"source": source, "where": where, "rows": 50})).spec
    assert spec.where["quantity"].model_dump() == {"values": (), "low": 10, "high": 12}
    assert spec.conditions()["channel"].values == ("web",)
    with pytest.raises(InputError, match="where: column 'quantity' holds numbers, and 'few'"):
        learn(read_spec({"source": source, "where": {"quantity": "few"}}))
    with pytest.raises(InputError, match="where: there is no column 'colour'"):
        learn(read_spec({"source": source, "where": {"colour": "red"}}))


@pytest.mark.parametrize(
    ("rows", "expected"), [(0, [0]), (1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])]
)
def test_parts_hold_all_rows_and_follow_each_other(rows: int, expected: list[int]) -> None:
    parts = plan_parts(small(rows=rows))
    assert [part.rows for part in parts] == expected
    assert [part.first_row for part in parts] == [100 * i for i in range(len(parts))]
    assert [part.shard for part in parts] == list(range(len(parts)))


def test_too_many_parts_are_refused() -> None:
    with pytest.raises(InputError, match="1,000,000 rows in parts of 1 are 1,000,000 parts"):
        plan_parts(small(rows=1_000_000, part_rows=1))


def test_preparing_twice_learns_once(source: str, tmp_path: Path) -> None:
    told: list[str] = []
    spec = read_spec({"source": source, "rows": 10})
    first = prepare(spec, tmp_path / "work", lambda stage, done, total: told.append(stage))
    assert "fit" in told
    told.clear()
    second = prepare(spec, tmp_path / "work", lambda stage, done, total: told.append(stage))
    assert told == []
    assert second.digest == first.digest
    prepare(read_spec({"source": source, "rows": 10, "seed": 1}), tmp_path / "work", lambda s, d, t: told.append(s))
    assert "fit" in told


def test_a_folder_half_prepared_is_prepared_anew(source: str, tmp_path: Path) -> None:
    spec = read_spec({"source": source, "rows": 10})
    first = prepare(spec, tmp_path)
    (tmp_path / MODEL).write_bytes((tmp_path / MODEL).read_bytes()[:-1])
    with pytest.raises(ModelFileError, match="was altered"):
        open_prepared(tmp_path)
    assert prepare(spec, tmp_path).digest == first.digest


def test_rows_follow_the_source_where_none_are_asked_for(source: str) -> None:
    assert learn(read_spec({"source": source})).spec.rows == 4000
    assert learn(read_spec({"schema": SCHEMA})).spec.rows == 1000


def test_a_long_source_is_learned_from_in_part_and_evenly(source: str) -> None:
    learned = learn(read_spec({"source": source, "fit_rows": 500, "validate": True}))
    assert learned.rows_read == learned.spec.rows == 4000
    assert learned.real is not None
    assert learned.held_out is not None
    assert (learned.real.num_rows, learned.held_out.num_rows) == (400, 100)
    taken = [*learned.real["order_id"].to_pylist(), *learned.held_out["order_id"].to_pylist()]
    assert len(set(taken)) == 500
    quarters = [sum(7001 + 1000 * q <= n < 8001 + 1000 * q for n in taken) for q in range(4)]
    # Each quarter expects 125 with a standard deviation of 9: six of them are passed once in 10^8 seeds.
    assert all(abs(count - 125) < 54 for count in quarters)


def test_real_rows_are_kept_only_to_be_compared_with_and_only_for_the_owner(source: str, tmp_path: Path) -> None:
    prepare(read_spec({"source": source, "rows": 10}), tmp_path / "plain")
    assert sorted(p.name for p in (tmp_path / "plain").iterdir()) == ["model", "prepared.json"]
    kept = prepare(read_spec({"source": source, "rows": 10, "validate": True}), tmp_path / "kept")
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o700
    for name in ("real.arrow", "holdout.arrow", "prepared.json"):
        assert (tmp_path / "kept" / name).stat().st_mode & 0o777 == 0o600
    real, held_out = open_prepared(tmp_path / "kept").real()
    assert kept.rows_read == 4000
    assert held_out is not None
    assert (real.num_rows, held_out.num_rows) == (3200, 800)


def test_a_saved_model_is_a_source_of_its_own(source: str, tmp_path: Path) -> None:
    learned = learn(read_spec({"source": source, "rows": 30}))
    learned.model.save(tmp_path / "orders.model")
    again = learn(read_spec({"model": str(tmp_path / "orders.model"), "rows": 30}))
    tables = [pa.Table.from_batches(part_rows(one.prepared(), plan_parts(one.spec)[0])) for one in (learned, again)]
    assert tables[0] == tables[1]


def test_a_generation_ends_in_a_manifest_whose_sums_fit(tmp_path: Path) -> None:
    destination = LocalDestination(tmp_path / "out")
    manifest = run_pipeline(small(), destination, folder=tmp_path / "work", executor=InProcess())
    assert (manifest.rows, [part.rows for part in manifest.parts]) == (250, [100, 100, 50])
    assert read_manifest(destination) == manifest
    verify(manifest, destination)
    assert destination.names() == (MANIFEST, "part-00000.parquet", "part-00001.parquet", "part-00002.parquet")
    assert pq.read_table(tmp_path / "out")["id"].to_pylist() == list(range(1, 251))


@pytest.mark.parametrize("damage", ["alter", "remove"])
def test_what_was_altered_afterwards_is_found(damage: str, tmp_path: Path) -> None:
    destination = LocalDestination(tmp_path / "out")
    manifest = run_pipeline(small(), destination, folder=tmp_path / "work", executor=InProcess())
    path = tmp_path / "out" / "part-00001.parquet"
    if damage == "alter":
        path.write_bytes(path.read_bytes()[:-9] + b"x" + path.read_bytes()[-8:])
    else:
        path.unlink()
    with pytest.raises(DestinationError, match=r"part-00001\.parquet: (was altered|is missing)"):
        verify(manifest, destination)


def test_a_run_that_was_cut_off_goes_on_where_it_stopped(tmp_path: Path) -> None:
    prepared = prepare(small(), tmp_path / "work")
    destination = LocalDestination(tmp_path / "out")
    make_part(prepared, plan_parts(prepared.spec)[0], destination)
    before = (tmp_path / "out" / "part-00000.parquet").stat().st_mtime_ns
    assert read_manifest(destination) is None
    make_all(prepared, destination, InProcess())
    assert (tmp_path / "out" / "part-00000.parquet").stat().st_mtime_ns == before
    assert make_all(prepared, destination, InProcess()) == read_manifest(destination)


def test_parts_of_another_generation_are_never_mixed_in(tmp_path: Path) -> None:
    destination = LocalDestination(tmp_path / "out")
    other = prepare(small(seed=1, rows=500), tmp_path / "other")
    for part in plan_parts(other.spec)[2:]:
        make_part(other, part, destination)
    prepared = prepare(small(), tmp_path / "work")
    manifest = make_all(prepared, destination, InProcess())
    verify(manifest, destination)
    assert destination.names("part-") == tuple(part.path for part in manifest.parts)
    with pytest.raises(InputError, match="holds another generation's results"):
        make_all(other, destination, InProcess())
    remove_results(destination)
    assert destination.names() == ()
    make_all(other, destination, InProcess())


def test_files_of_others_are_neither_mixed_in_nor_removed(tmp_path: Path) -> None:
    (tmp_path / "part-of-my-thesis.txt").write_text("mine")
    with pytest.raises(InputError, match=r"holds other files \(part-of-my-thesis\.txt\)"):
        run_pipeline(small(), LocalDestination(tmp_path), folder=tmp_path.parent / "work", executor=InProcess())
    remove_results(LocalDestination(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["part-of-my-thesis.txt"]


def test_a_manifest_needs_every_part(tmp_path: Path) -> None:
    prepared = prepare(small(), tmp_path / "work")
    destination = LocalDestination(tmp_path / "out")
    receipts = [make_part(prepared, part, destination) for part in plan_parts(prepared.spec)]
    with pytest.raises(InputError, match=r"2 receipts for 3 parts; missing are \[1\]"):
        finish(prepared, [receipts[0], receipts[2]], destination)
    with pytest.raises(InputError, match=r"part-00001\.parquet does not hold the rows"):
        finish(prepared, [receipts[0], dataclasses.replace(receipts[1], rows=99), receipts[2]], destination)
    assert not destination.exists(MANIFEST)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "arrow"])
def test_the_same_specification_gives_the_same_bytes_in_every_format(kind: str, tmp_path: Path) -> None:
    sums = []
    for attempt in ("a", "b"):
        destination = LocalDestination(tmp_path / attempt)
        manifest = run_pipeline(
            small(format=kind), destination, folder=tmp_path / f"{attempt} work", executor=InProcess()
        )
        sums.append([part.sha256 for part in manifest.parts])
    assert sums[0] == sums[1]
    assert len(set(sums[0])) == 3


def test_no_row_that_breaks_a_constraint_is_written_whichever_engine_drew_it() -> None:
    schema = {**SCHEMA, "constraints": [{"type": "range", "column": "x", "max": 0.5}]}
    prepared = learn(read_spec({"schema": schema, "rows": 10})).prepared()

    def drawn() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"id": [1, 2], "x": [0.25, 0.75]})

    part = Part(3, 2, 3, 0, "part-00003.csv")
    with pytest.raises(ConstraintError, match=r"part 3: 1 rows break x <= 0\.5"):
        list(KeepConstraints().apply(drawn(), prepared, part))


def test_the_rows_compared_are_the_rows_written(source: str) -> None:
    prepared = learn(read_spec({"source": source, "rows": 5000, "part_rows": 3000})).prepared()
    written = [batch for part in plan_parts(prepared.spec) for batch in part_rows(prepared, part)]
    assert rows_to_compare(prepared, 4000) == pa.Table.from_batches(written).slice(0, 4000)


def test_under_conditions_rows_are_compared_that_know_none(source: str) -> None:
    prepared = learn(read_spec({"source": source, "rows": 5000, "where": {"country": "IT"}})).prepared()
    assert len(set(rows_to_compare(prepared, 500)["country"].to_pylist())) == 3


def test_the_stages_are_named_in_their_order() -> None:
    names = [name for name, _ in describe_pipeline()]
    assert names == ["read", "schema", "fit", "sample", "constraints", "parts", "validation", "manifest"]


def test_validation_writes_a_report_and_says_whether_to_release(source: str, tmp_path: Path) -> None:
    policy = {"name": "strict", "requirements": {"classifier_auc": {"at_most": 0.01}}}
    for rules, released in ((None, True), (policy, False)):
        spec = read_spec({"source": source, "rows": 600, "fit_rows": 600, "validate": True, "policy": rules})
        folder = tmp_path / str(released)
        manifest = run_pipeline(
            spec, LocalDestination(folder), folder=tmp_path / f"{released} work", executor=InProcess()
        )
        assert manifest.results["validation"]["released"] is released
        verify(manifest, LocalDestination(folder))
        assert "<svg" in (folder / "_report" / "report.html").read_text()
        assert json.loads((folder / "_report" / "report.json").read_text())["validation"]["rows_holdout"] == 120


def test_a_model_in_memory_has_no_folder() -> None:
    prepared = learn(small()).prepared()
    assert isinstance(prepared, Prepared)
    with pytest.raises(InputError, match="kept only where"):
        prepared.real()
