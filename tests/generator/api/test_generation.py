"""POST /generate: rows at once or by way of a job, from a schema, a template, rows, a file or a source."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest

from .conftest import ROWS, SCHEMA, Api

READERS: dict[str, Callable[[bytes], list[dict]]] = {
    "text/csv": lambda body: list(csv.DictReader(io.StringIO(body.decode()))),
    "application/x-ndjson": lambda body: [json.loads(line) for line in body.splitlines()],
    "application/vnd.apache.parquet": lambda body: pq.read_table(io.BytesIO(body)).to_pylist(),
    "application/vnd.apache.arrow.file": lambda body: ipc.open_file(pa.BufferReader(body)).read_all().to_pylist(),
    "application/json": json.loads,
}

TEXT_KEY = {"columns": [{"name": "id", "kind": "identifier", "pattern": r"AB-\d{12}"}]}


@pytest.mark.parametrize("media", READERS)
def test_rows_at_once_come_in_the_format_that_accept_names(api: Api, media: str):
    asked = {"schema": SCHEMA, "rows": 20, "seed": 3, "wait": True}
    answer = api.client.post("/generate", json=asked, headers={"Accept": media})
    assert answer.status_code == 200
    assert answer.headers["Preference-Applied"] == "wait"
    assert answer.headers["Content-Type"].startswith(media)
    rows = READERS[media](answer.content)
    assert [str(row["id"]) for row in rows] == [str(row["id"]) for row in _rows(api, asked)]
    assert len(rows) == 20


def test_no_rows_are_an_empty_answer(api: Api):
    answer = api.client.post(
        "/generate", json={"schema": TEXT_KEY, "rows": 0, "wait": True}, headers={"Accept": "text/csv"}
    )
    assert answer.status_code == 200
    assert answer.text.splitlines() in (["id"], ['"id"'])


def _rows(api: Api, asked: dict) -> list[dict]:
    return api.client.post("/generate", json=asked, headers={"Accept": "application/json"}).json()


@pytest.mark.parametrize("media", [media for media in READERS if media != "application/json"])
def test_a_job_gives_the_rows_that_the_answer_at_once_gives(api: Api, media: str):
    asked = {"template": "orders", "rows": 30, "seed": 5}
    job = api.made(**asked)
    assert job["state"] == "succeeded"
    by_job = api.client.get(job["result"], headers={"Accept": media})
    at_once = api.client.post("/generate", json=asked, headers={"Accept": media, "Prefer": "wait"})
    assert at_once.status_code == by_job.status_code == 200
    assert READERS[media](by_job.content) == READERS[media](at_once.content)


def test_without_being_asked_to_wait_the_answer_is_a_job_with_its_place(api: Api):
    answer = api.client.post("/generate", json={"schema": SCHEMA, "rows": 5})
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["Location"] == f"/jobs/{job['id']}"
    assert api.client.get(answer.headers["Location"]).json()["rows"] == 5


def test_a_request_too_large_to_wait_for_is_a_job_all_the_same(open_api: Callable[..., Api]):
    api = open_api(max_synchronous_records=50)
    asked = {"schema": SCHEMA, "wait": True}
    assert api.client.post("/generate", json=asked | {"rows": 50}).status_code == 200
    answer = api.client.post("/generate", json=asked | {"rows": 51})
    assert answer.status_code == 202
    assert "Preference-Applied" not in answer.headers


def test_the_seed_decides_the_rows(api: Api):
    asked = {"schema": SCHEMA, "rows": 50, "wait": True}
    first, again, other = (_rows(api, asked | {"seed": seed}) for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("form", ["rows", "csv", "file"])
def test_rows_like_those_sent_are_made_whichever_way_they_were_sent(api: Api, form: str):
    text = io.StringIO()
    writer = csv.DictWriter(text, list(ROWS[0]))
    writer.writeheader()
    writer.writerows(ROWS)
    asked = {"rows": 40, "seed": 2, "where": {"plan": ["pro", "team"], "age": {"low": 30, "high": 40}}, "wait": True}
    accept = {"Accept": "application/json"}
    if form == "file":
        fields = {name: json.dumps(value) for name, value in asked.items()}
        files = {"data": ("people.csv", text.getvalue())}
        answer = api.client.post("/generate", data=fields, files=files, headers=accept)
    else:
        sent = ROWS if form == "rows" else text.getvalue()
        answer = api.client.post("/generate", json=asked | {"data": sent}, headers=accept)
    assert answer.status_code == 200, answer.text
    rows = answer.json()
    assert len(rows) == 40
    assert {row["plan"] for row in rows} <= {"pro", "team"}
    assert all(30 <= row["age"] <= 40 for row in rows)


def test_as_many_rows_as_were_sent_are_made_where_none_are_asked_for(api: Api):
    answer = api.client.post("/generate", json={"data": ROWS, "wait": True})
    assert answer.headers["X-Rows"] == str(len(ROWS))
    assert api.made(data=ROWS)["rows_done"] == len(ROWS)


def test_an_uploaded_table_is_gone_when_its_job_has_ended(api: Api):
    job = api.made(data=ROWS, rows=10)
    assert job["state"] == "succeeded"
    assert job["specification"]["source"] == "(uploaded)"
    assert api.services.uploads.names() == ()
    assert list((api.services.settings.temp_dir / "incoming").iterdir()) == []


def test_an_uploaded_table_is_gone_when_its_job_is_cancelled_before_it_began(open_api: Callable[..., Api]):
    api = open_api(run_jobs=False)
    job = api.client.post("/generate", json={"data": ROWS, "rows": 10}).json()
    assert len(api.services.uploads.names()) == 1
    assert api.client.delete(f"/jobs/{job['id']}").json()["state"] == "cancelled"
    assert api.services.uploads.names() == ()


def test_no_row_that_was_learned_from_stays_with_a_kept_model(api: Api):
    api.client.post("/generate", json={"data": ROWS, "wait": True, "seed": 99})
    kept = api.services.settings.temp_dir / "models"
    names = {path.name for path in kept.rglob("*") if path.is_file()}
    assert names == {"model", "prepared.json"}


def test_a_kept_model_is_used_again_and_gives_the_same_rows(api: Api, monkeypatch: pytest.MonkeyPatch):
    asked = {"data": ROWS, "seed": 31, "rows": 5, "wait": True}
    first = _rows(api, asked)

    def refuse(*given: object, **named: object) -> None:
        raise AssertionError("learned again")

    monkeypatch.setattr(type(api.services.isolated), "run", refuse)
    assert _rows(api, asked) == first
    assert len(_rows(api, asked | {"rows": 9, "where": {}})) == 9


def test_with_the_cache_off_no_model_is_kept(open_api: Callable[..., Api]):
    api = open_api(cache_enabled=False)
    assert api.client.post("/generate", json={"data": ROWS, "wait": True}).status_code == 200
    assert list((api.services.settings.temp_dir / "models").iterdir()) == []


def test_a_source_below_a_folder_that_is_allowed_is_read(open_api: Callable[..., Api], tmp_path: Path):
    (tmp_path / "tables").mkdir()
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "tables" / "people.parquet")
    api = open_api(source_roots=tmp_path / "tables")
    job = api.made(source="people.parquet", rows=7, format="csv")
    assert (job["state"], job["rows_done"]) == ("succeeded", 7)


@pytest.mark.parametrize(
    ("asked", "engine"),
    [({"generator_type": "sdv"}, "gaussian-copula"), ({"generator_type": "ctgan"}, "ctgan")],
)
def test_names_of_earlier_services_mean_engines(open_api: Callable[..., Api], asked: dict, engine: str):
    api = open_api(run_jobs=False)
    answer = api.client.post("/generate", json=asked | {"data": ROWS, "wait": True})
    assert answer.status_code == 202
    assert answer.json()["specification"]["engine"] == engine


def test_an_engine_that_is_not_installed_is_refused_where_this_process_would_need_it(open_api: Callable[..., Api]):
    api = open_api()
    answer = api.client.post("/generate", json={"generator_type": "sdv", "data": ROWS})
    assert (answer.status_code, answer.json()["type"]) == (501, "urn:inferloop:problem:engine-not-installed")
    assert "engine gaussian-copula needs the extra [sdv]" in answer.json()["detail"]
    assert "GUARDIAN_ENGINE_PYTHON" in answer.json()["detail"]
    assert api.client.get("/jobs").json()["jobs"] == []


@pytest.mark.parametrize("elsewhere", [{"run_jobs": False}, {"engine_python": "/opt/engines/bin/python"}])
def test_an_engine_that_workers_may_have_is_taken(open_api: Callable[..., Api], elsewhere: dict):
    answer = open_api(**elsewhere).client.post("/generate", json={"generator_type": "sdv", "data": ROWS})
    assert answer.status_code == 202


def test_a_name_whose_engine_was_replaced_is_answered_with_the_one_to_ask_for(api: Api):
    answer = api.client.post("/generate", json={"generator_type": "ydata", "data": ROWS})
    assert answer.status_code == 422
    assert "'ctgan'" in answer.json()["detail"]
    assert "'tabular'" in answer.json()["detail"]


def test_the_same_key_and_request_make_one_job(api: Api):
    asked = {"schema": SCHEMA, "rows": 11}
    headers = {"Idempotency-Key": "order 66"}
    first, again = (api.client.post("/generate", json=asked, headers=headers) for _ in range(2))
    assert first.json()["id"] == again.json()["id"]
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")
    other = api.client.post("/generate", json=asked | {"rows": 12}, headers=headers)
    assert other.status_code == 422
    assert other.json()["type"].endswith("idempotency-key-reused")


def test_the_same_key_with_the_same_file_makes_one_job_and_keeps_one_upload(open_api: Callable[..., Api]):
    api = open_api(run_jobs=False)
    sent = [
        api.client.post("/generate", json={"data": ROWS}, headers={"Idempotency-Key": "upload"}).json()["id"]
        for _ in range(2)
    ]
    assert sent[0] == sent[1]
    assert len(api.services.uploads.names()) == 1


def test_formulas_are_defused_in_csv_unless_it_is_turned_off(open_api: Callable[..., Api]):
    asked = {"schema": {"columns": [{"name": "a", "kind": "category", "values": ["=1+1"]}]}, "rows": 1, "wait": True}
    assert open_api().client.post("/generate", json=asked).text.splitlines()[1] == '"\'=1+1"'
    raw = open_api(enable_input_sanitization=False).client.post("/generate", json=asked)
    assert raw.text.splitlines()[1] == '"=1+1"'


def test_unseen_letters_are_cleaned_from_uploads_unless_it_is_turned_off(open_api: Callable[..., Api]):
    dirty = [{" pl\u200ban ": "fr\x1bee\u202e" if i % 2 else "pro", "n": i % 7} for i in range(40)]
    asked = {"data": dirty, "wait": True}
    accept = {"Accept": "application/json"}
    clean = open_api().client.post("/generate", json=asked, headers=accept).json()
    assert {row["plan"] for row in clean} == {"free", "pro"}
    raw = open_api(enable_input_sanitization=False).client.post("/generate", json=asked, headers=accept).json()
    assert {row[" pl\u200ban "] for row in raw} == {"fr\x1bee\u202e", "pro"}


def test_a_detected_schema_can_be_changed_and_sent_back(api: Api):
    found = api.client.post("/schema", json={"data": ROWS}).json()["schema"]
    assert [column["name"] for column in found["columns"]] == ["age", "plan", "spend"]
    found["columns"] = found["columns"][:2]
    answer = api.client.post("/generate", json={"data": ROWS, "schema": found, "rows": 3, "wait": True})
    assert answer.text.splitlines()[0] == '"age","plan"'
