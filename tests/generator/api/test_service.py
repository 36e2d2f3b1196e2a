"""What the service tells of itself, whom browsers let in, and the settings that are seen nowhere else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from inferloop_synthetic.api.models import Models
from inferloop_synthetic.pipeline.prepare import prepare
from inferloop_synthetic.pipeline.spec import read_spec
from inferloop_synthetic.security.principal import Scope

from .conftest import ROWS, SCHEMA, Api
from .test_refusals import check

METRICS = [
    "guardian_generations_total",
    "guardian_successful_generations_total",
    "guardian_failed_generations_total",
    "guardian_records_generated_total",
    "guardian_validation_pass_rate",
    "guardian_memory_usage_bytes",
    "guardian_active_tasks_total",
    "guardian_request_rate_per_minute",
    "http_requests_total",
    "http_request_duration_seconds_bucket",
]


def sample(api: Api, name: str) -> float:
    """Return the sum of a metric's samples."""
    lines = [line for line in api.client.get("/metrics").text.splitlines() if line.startswith((name + " ", name + "{"))]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def test_metrics_count_what_is_generated_at_once_and_by_jobs(api: Api):
    before = sample(api, "guardian_records_generated_total")
    assert api.client.post("/generate", json={"schema": SCHEMA, "rows": 30, "wait": True}).status_code == 200
    assert api.made(schema=SCHEMA, rows=12)["state"] == "succeeded"
    assert sample(api, "guardian_records_generated_total") - before == 42
    text = api.client.get("/metrics").text
    for name in METRICS:
        assert f"\n{name}" in text, name


@pytest.mark.parametrize(
    ("ask", "waits"),
    [
        (lambda api: api.client.post("/generate", json={"schema": SCHEMA, "rows": 3}), False),
        (lambda api: api.client.post("/generate", json={"schema": SCHEMA, "rows": 3, "wait": True}), True),
        (lambda api: api.client.post("/generate", json={"data": ROWS}), True),
        (lambda api: api.client.get(f"/jobs/{'0' * 32}"), False),
        (lambda api: api.client.get(f"/jobs/{'0' * 32}", headers={"Prefer": "wait=1"}), True),
        (lambda api: api.client.get(f"/jobs/{'0' * 32}/result"), True),
        (lambda api: api.client.get(f"/jobs/{'0' * 32}/files/a"), True),
        (lambda api: api.client.post("/validate", json={"real": ROWS, "synthetic": ROWS}), True),
        (lambda api: api.client.get("/generators"), False),
    ],
    ids=["submit", "at once", "upload", "look", "wait for", "result", "file", "validate", "list"],
)
def test_answers_that_take_as_long_as_what_was_asked_for_are_timed_apart(
    api: Api, ask: Callable[[Api], object], waits: bool
):
    def count(wanted: str) -> float:
        lines = [line for line in api.client.get("/metrics").text.splitlines() if f'waits="{wanted}"' in line]
        return sum(
            float(line.rsplit(" ", 1)[1]) for line in lines if "_count{" in line and 'route="/metrics"' not in line
        )

    before = count("true"), count("false")
    ask(api)
    assert (count("true") - before[0], count("false") - before[1]) == ((1, 0) if waits else (0, 1))


def test_the_queue_is_told_from_the_start(open_api: Callable[..., Api]):
    temp = open_api(run_jobs=False)
    temp.client.post("/generate", json={"schema": SCHEMA})
    again = open_api(run_jobs=False)  # over the same database
    assert sample(again, "guardian_jobs") == 1
    assert 'guardian_jobs{state="queued"} 1.0' in again.client.get("/metrics").text
    assert sample(again, "guardian_oldest_queued_job_age_seconds") >= 0


def test_without_metrics_there_is_no_such_path(open_api: Callable[..., Api]):
    answer = open_api(metrics_enabled=False).client.get("/metrics")
    assert answer.status_code == 404
    assert answer.json()["hint"]


def test_status_tells_how_it_goes(open_api: Callable[..., Api]):
    api = open_api(run_jobs=False, max_memory_usage_mb=4096)
    api.client.post("/generate", json={"schema": SCHEMA})
    status = api.client.get("/status").json()
    assert status["jobs"]["queued"] == 1
    assert status["memory_bytes"] > 10_000_000
    assert status["memory_limit_bytes"] == 4096 * 2**20
    assert "tabular" in status["engines"]


def test_probes_of_the_platform_find_what_they_ask_for(api: Api):
    for path in ("/health", "/healthz", "/ready", "/readyz"):
        assert api.client.get(path).status_code == 200


def test_settings_are_shown_to_administrators_only_and_never_secrets(open_api: Callable[..., Api]):
    api = open_api(authentication="required", redis_password="hunter2", max_columns=77)
    reader = api.client.get("/config", headers=api.key(Scope.read)).json()
    assert reader["limits"]["columns"] == 77
    assert "settings" not in reader
    answer = api.client.get("/config", headers=api.key(Scope.admin, owner="root"))
    settings = {entry["name"]: entry for entry in answer.json()["settings"]}
    assert settings["GUARDIAN_MAX_COLUMNS"] == {
        "name": "GUARDIAN_MAX_COLUMNS",
        "value": "77",
        "source": "variable GUARDIAN_MAX_COLUMNS",
    }
    assert "hunter2" not in answer.text


def test_pages_of_other_origins_may_call_where_the_settings_say_so(open_api: Callable[..., Api]):
    ask = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    silent = open_api().client
    assert "access-control-allow-origin" not in silent.get("/health", headers=ask).headers
    assert silent.options("/generate", headers=ask).status_code == 405
    told = open_api(cors_origins="https://app.example,https://other.example").client
    allowed = told.options("/generate", headers=ask)
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, "https://app.example")
    assert "access-control-allow-credentials" not in allowed.headers
    wrong = told.options("/generate", headers=ask | {"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in wrong.headers
    refused = told.post("/generate", content=b"{", headers=ask | {"Content-Type": "application/json"})
    assert refused.headers["access-control-allow-origin"] == "https://app.example"


def test_what_changes_something_is_on_record_unless_that_is_turned_off(open_api: Callable[..., Api], tmp_path: Path):
    log = tmp_path / "audit.log"
    api = open_api(enable_audit_logging=True, audit_log_path=log)
    api.client.post("/generate", json={"schema": SCHEMA, "rows": 3, "wait": True})
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(entry["action"], entry["outcome"]) for entry in entries] == [
        ("POST /generate", "allowed"),
        ("POST /generate", "done"),
    ]
    before = log.read_text()
    open_api(enable_audit_logging=False, audit_log_path=log).client.post(
        "/generate", json={"schema": SCHEMA, "wait": True}
    )
    assert log.read_text() == before


def test_the_catalogue_names_engines_templates_and_stages(api: Api):
    engines = {entry["name"]: entry for entry in api.client.get("/generators").json()["generators"]}
    assert engines["tabular"]["synchronous"]
    assert not engines["ctgan"]["synchronous"]
    assert "epochs" in api.client.get("/generators/ctgan").json()["options"]
    assert "ctgan" in check(api.client.get("/generators/ydata"), 404, "replaced")["detail"]
    templates = [entry["name"] for entry in api.client.get("/templates").json()["templates"]]
    assert len(templates) >= 5
    for name in templates:
        schema = api.client.get(f"/templates/{name}").json()["schema"]
        answer = api.client.post("/generate", json={"schema": schema, "rows": 4, "wait": True})
        assert len(answer.text.splitlines()) == 5, answer.text
    stages = [stage["name"] for stage in api.client.get("/pipelines").json()["pipelines"][1]["stages"]]
    assert stages.index("fit") < stages.index("sample") < stages.index("constraints") < stages.index("manifest")


def test_a_table_that_the_policy_does_not_let_go_is_answered_so(api: Api):
    tables = {"real": {"data": ROWS}, "synthetic": {"data": ROWS[30:]}, "holdout": {"data": ROWS[:40]}}
    strict = {"name": "strict", "requirements": {"classifier_auc": {"at_most": 0.0}}}
    problem = check(api.client.post("/validate", json=tables | {"policy": strict}), 422, "withheld-by-policy")
    assert problem["verdict"]["released"] is False
    assert problem["validation"]["rows_real"] == len(ROWS)
    loose = {"name": "loose", "requirements": {"classifier_auc": {"at_most": 1.0}}}
    assert api.client.post("/validate", json=tables | {"policy": loose}).json()["released"] is True


def test_the_report_is_a_page_where_that_is_asked_for(api: Api):
    tables = {"real": {"data": ROWS}, "synthetic": {"data": ROWS[30:]}}
    page = api.client.post("/validate", json=tables, headers={"Accept": "text/html"})
    assert page.headers["Content-Type"].startswith("text/html")
    assert "sandbox" in page.headers["Content-Security-Policy"]
    assert page.text.lstrip().lower().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"synthetic": None}, "synthetic: is missing"),
        ({"synthetic": {"data": ROWS[:3]}}, "at least 10"),
        ({"synthetic": {"data": [{"age": 1}] * 20}}, "synthetic: there is no column"),
        ({"target": "height"}, "height"),
        ({"real": {"source": "/etc/passwd"}}, "may not be read"),
        ({"real": {"data": ROWS, "source": "x"}}, "one of them only"),
        ({"real": {"data": ROWS, "extra": 1}}, "extra"),
        ({"real": []}, "real"),
    ],
)
def test_a_comparison_that_cannot_be_made_is_told_why(api: Api, changed: dict, words: str):
    asked = {"real": {"data": ROWS}, "synthetic": {"data": ROWS[30:]}} | changed
    answer = api.client.post("/validate", json={name: value for name, value in asked.items() if value is not None})
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


def test_the_longest_unused_models_go_when_the_disk_share_is_used_up(tmp_path: Path):
    models = Models(tmp_path, enabled=True, entries=1, disk_bytes=1)
    for seed in (1, 2):
        spec = read_spec({"schema": {"columns": [{"name": "a", "kind": "integer"}]}, "rows": 5, "seed": seed})
        models.learned(f"{seed:064x}", lambda folder, spec=spec: prepare(spec, folder))
    assert list(tmp_path.iterdir()) == []
    assert models.get(f"{1:064x}") is None
    assert models.get(f"{2:064x}") is not None


def test_an_altered_model_is_learned_again(tmp_path: Path):
    spec = read_spec({"schema": {"columns": [{"name": "a", "kind": "integer"}]}, "rows": 5})
    calls = []

    def learn(folder: Path) -> None:
        calls.append(folder)
        prepare(spec, folder)

    def fresh() -> Models:
        return Models(tmp_path, enabled=True, entries=4, disk_bytes=2**30)

    fresh().learned("k" * 64, learn)
    fresh().learned("k" * 64, learn)
    assert len(calls) == 1
    with (tmp_path / ("k" * 64) / "model").open("ab") as file:
        file.write(b"x")
    fresh().learned("k" * 64, learn)
    assert len(calls) == 2
