"""Jobs over HTTP: whose they are, how they end, and how their results are fetched."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from inferloop_synthetic.api.services import Services
from inferloop_synthetic.security.principal import Scope

from .conftest import ROWS, SCHEMA, Api
from .test_generation import READERS
from .test_refusals import check

ASKED = {"schema": SCHEMA, "rows": 25, "seed": 4}


def test_callers_see_their_own_jobs_only_and_administrators_all(open_api: Callable[..., Api]):
    api = open_api(authentication="required", run_jobs=False)
    ann, bob, root = (
        api.key(Scope.generate, Scope.read),
        api.key(Scope.generate, Scope.read, owner="bob"),
        api.key(Scope.admin, owner="root"),
    )
    job = api.client.post("/generate", json=ASKED, headers=ann).json()
    for headers, seen in ((ann, 1), (bob, 0), (root, 1)):
        assert len(api.client.get("/jobs", headers=headers).json()["jobs"]) == seen
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/result"), ("GET", "/files/part-00000.parquet")):
        check(api.client.request(method, f"/jobs/{job['id']}{path}", headers=bob), 404, "no-such-job")
    assert api.client.delete(f"/jobs/{job['id']}", headers=root).json()["state"] == "cancelled"


def test_every_path_but_those_for_machines_needs_a_credential_and_its_scope(open_api: Callable[..., Api]):
    api = open_api(authentication="required", run_jobs=False)
    paths = api.client.get("/openapi.json").json()["paths"]
    weak = api.key(Scope.validate)
    free = set()
    for path, operations in paths.items():
        for method in operations:
            address = path.replace("{job_id}", "0" * 32).replace("{name:path}", "x").replace("{name}", "x")
            answer = api.client.request(method, address)
            if answer.status_code != 401:
                free.add(path)
                continue
            check(answer, 401, "unauthenticated")
            assert answer.headers["WWW-Authenticate"]
            check(api.client.request(method, address, headers={"X-API-Key": "wrong"}), 401, "unauthenticated")
            if path != "/validate":
                check(api.client.request(method, address, headers=weak), 403, "forbidden")
    assert free == {"/health", "/ready", "/metrics"}


def test_jobs_are_listed_page_by_page_the_newest_first(open_api: Callable[..., Api]):
    api = open_api(run_jobs=False)
    made = [api.client.post("/generate", json=ASKED).json()["id"] for _ in range(5)]
    seen: list[str] = []
    address = "/jobs?limit=2"
    while address:
        answer = api.client.get(address)
        seen += [job["id"] for job in answer.json()["jobs"]]
        address = answer.links.get("next", {}).get("url")
    assert seen == made[::-1]
    assert api.client.get("/jobs", params={"state": "succeeded"}).json() == {"jobs": [], "next": None}


def test_a_job_that_ended_is_removed_with_its_result(api: Api):
    job = api.made(**ASKED)
    place = api.services.destination_for(job["id"])
    assert place.names()
    assert api.client.delete(f"/jobs/{job['id']}").status_code == 204
    assert place.names() == ()
    assert not Path(place.location).exists()
    check(api.client.get(f"/jobs/{job['id']}"), 404, "no-such-job")
    check(api.client.delete(f"/jobs/{job['id']}"), 404, "no-such-job")


def test_a_job_that_was_cancelled_half_way_leaves_no_folder(open_api: Callable[..., Api]):
    api = open_api(run_jobs=False)
    job = api.client.post("/generate", json=ASKED).json()
    place = api.services.destination_for(job["id"])
    place.write("part-00000.parquet", [b"half"])
    place.write("_receipts/part-00000.json", [b"{}"])
    (Path(place.location) / "_receipts" / f".part-00001.json.{'0' * 16}.part").write_bytes(b"killed")
    assert api.client.delete(f"/jobs/{job['id']}").json()["state"] == "cancelled"
    assert api.client.delete(f"/jobs/{job['id']}").status_code == 204
    assert not Path(place.location).exists()


def test_there_is_no_result_before_the_end_nor_of_a_job_that_failed(open_api: Callable[..., Api]):
    api = open_api(run_jobs=False)
    job = api.client.post("/generate", json=ASKED).json()
    check(api.client.get(f"/jobs/{job['id']}/result"), 409, "not-finished")
    api.client.delete(f"/jobs/{job['id']}")
    assert "cancelled" in check(api.client.get(f"/jobs/{job['id']}/result"), 409, "no-result")["detail"]


def test_a_job_that_failed_says_why_without_paths_of_this_machine(api: Api):
    job = api.made(data=ROWS, schema={"weight": "float"}, rows=5)
    assert job["state"] == "failed"
    assert "'weight' of the schema is not in the table" in job["error"]
    assert str(api.services.settings.temp_dir) not in str(job)


def test_a_result_in_one_part_is_answered_as_it_was_written(api: Api):
    job = api.made(**ASKED)
    answer = api.client.get(job["result"])
    digest = hashlib.sha256(answer.content).hexdigest()
    assert answer.headers["X-Content-SHA256"] == digest
    assert answer.headers["ETag"] == f'"{digest}"'
    assert pq.read_table(io.BytesIO(answer.content)).num_rows == 25


@pytest.mark.parametrize(
    ("kept", "media"), [("csv", "text/csv"), ("jsonl", "application/x-ndjson"), ("parquet", "text/csv")]
)
def test_parts_are_answered_as_one_table(api: Api, kept: str, media: str):
    asked = ASKED | {"schema": SCHEMA | {'say "hi"': "string"}, "part_rows": 10}
    expected = api.made(**asked, format="parquet")
    assert expected["parts"] == 3
    table = api.client.get(expected["result"], headers={"Accept": "application/vnd.apache.parquet"})
    rows = pq.read_table(io.BytesIO(table.content)).to_pylist()
    made = api.made(**asked, format=kept)
    answer = api.client.get(made["result"], headers={"Accept": media})
    seen = READERS[media](answer.content)
    assert len(seen) == 25
    assert [[str(value) for value in row.values()] for row in seen] == [[str(v) for v in row.values()] for row in rows]


def test_a_result_kept_as_text_is_not_guessed_into_other_formats(api: Api):
    job = api.made(**ASKED, format="csv")
    answer = api.client.get(job["result"], headers={"Accept": "application/vnd.apache.parquet"})
    assert "format: parquet" in check(answer, 406, "not-offered-for-this-result")["hint"]


def test_the_list_of_parts_names_where_each_is_fetched(api: Api):
    job = api.made(**ASKED, part_rows=10)
    listing = api.client.get(job["result"], headers={"Accept": "application/json"}).json()
    assert [part["rows"] for part in listing["parts"]] == [10, 10, 5]
    for part in listing["parts"]:
        content = api.client.get(part["href"]).content
        assert (len(content), hashlib.sha256(content).hexdigest()) == (part["bytes"], part["sha256"])
    for name in ("_manifest.json", "part-00009.parquet", "../../inferloop.db", "%2e%2e/x"):
        assert api.client.get(f"/jobs/{job['id']}/files/{name}").status_code in {404, 422}


def test_a_large_result_is_answered_as_the_list_of_its_parts(api: Api):
    job = api.made(**ASKED)
    settings = api.services.settings.model_copy(update={"inline_result_mb": 0})
    state = api.client.app.state  # type: ignore[attr-defined]
    state.services = replace(api.services, settings=settings)
    try:
        assert api.client.get(job["result"]).json()["rows"] == 25
        answer = api.client.get(job["result"], headers={"Accept": "text/csv"})
        assert "application/json" in check(answer, 406, "not-offered-for-this-result")["hint"]
    finally:
        state.services = api.services


class Signed:
    """A destination that gives addresses, as object storage does."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def url(self, name: str, expires_s: int) -> str:
        return f"https://store.example/{name}?expires={expires_s}"


def test_results_in_object_storage_are_fetched_there(api: Api, monkeypatch: pytest.MonkeyPatch):
    job = api.made(**ASKED)
    original = Services.destination_for
    monkeypatch.setattr(Services, "destination_for", lambda self, job_id: Signed(original(self, job_id)))
    listing = api.client.get(job["result"], headers={"Accept": "application/json"}).json()
    assert listing["parts"][0]["href"] == "https://store.example/part-00000.parquet?expires=900"
    assert listing["expires_in"] == 900
    answer = api.client.get(job["result"], follow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (307, listing["parts"][0]["href"])


def test_a_result_that_was_removed_is_gone(api: Api):
    job = api.made(**ASKED)
    api.services.store.results_removed(job["id"])
    check(api.client.get(f"/jobs/{job['id']}/result"), 410, "result-removed")
    assert api.client.get(f"/jobs/{job['id']}").json()["result"] is None


@pytest.mark.parametrize(("limit", "goes"), [(1.0, True), (0.0, False)])
def test_the_policy_decides_whether_a_result_is_let_go(api: Api, limit: float, goes: bool):
    policy = {"name": "strict", "requirements": {"classifier_auc": {"at_most": limit}}}
    job = api.made(data=ROWS * 3, rows=100, validate=True, policy=policy, timeout=300)
    assert (job["state"], job["released"]) == ("succeeded", goes), job
    answer = api.client.get(f"/jobs/{job['id']}/result")
    report = api.client.get(f"/jobs/{job['id']}/files/_report/report.html")
    assert report.status_code == 200
    assert "sandbox" in report.headers["Content-Security-Policy"]
    if goes:
        assert answer.status_code == 200
    else:
        assert check(answer, 409, "withheld-by-policy")["verdict"]["released"] is False
        check(api.client.get(f"/jobs/{job['id']}/files/part-00000.parquet"), 409, "withheld-by-policy")


def test_waiting_for_a_job_ends_when_the_job_does(api: Api):
    job = api.client.post("/generate", json=ASKED).json()
    answer = api.client.get(f"/jobs/{job['id']}", headers={"Prefer": "wait=60"})
    assert answer.json()["state"] == "succeeded"


def test_a_job_beyond_its_time_fails_and_says_so(api: Api):
    job = api.made(data=[{"a": i % 97, "b": i % 89 * 3, "c": str(i % 11)} for i in range(4000)], rows=5, timeout=0.2)
    assert job["state"] == "failed"
    assert "0.2 s" in job["error"]


def test_places_begin_with_the_path_that_a_proxy_strips(open_api: Callable[..., Api]):
    api = open_api(root_path="/api/tabular")
    answer = api.client.post("/generate", json=ASKED)
    assert answer.headers["Location"].startswith("/api/tabular/jobs/")
    job = api.finished(answer.json()["id"])
    assert job["result"].startswith("/api/tabular/jobs/")
    assert api.client.get("/openapi.json").json()["servers"] == [{"url": "/api/tabular"}]
