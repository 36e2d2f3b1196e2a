"""An Indexed Job makes the same parts; its manifest is one that Kubernetes takes; what goes wrong in the cluster is said."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pyarrow as pa
import pyarrow.csv as pacsv
import pytest
import yaml
from batch_api import BatchApi, Pod
from typer.testing import CliRunner

from inferloop_synthetic.cli.app import build_app
from inferloop_synthetic.errors import ModelFileError
from inferloop_synthetic.executors import Executor, ExecutorError, find_executor
from inferloop_synthetic.executors.in_process import InProcess
from inferloop_synthetic.executors.kubernetes_api import KubernetesApi
from inferloop_synthetic.executors.manifests import job_name, with_executor
from inferloop_synthetic.pipeline.bundle import BUNDLE, fetch, publish
from inferloop_synthetic.pipeline.destination import LocalDestination
from inferloop_synthetic.pipeline.finish import verify
from inferloop_synthetic.pipeline.make import Cancelled
from inferloop_synthetic.pipeline.parts import PartReceipt, plan_parts
from inferloop_synthetic.pipeline.prepare import Prepared, prepare
from inferloop_synthetic.pipeline.run import make_all
from inferloop_synthetic.pipeline.spec import read_spec

SCHEMAS = Path(__file__).parent / "schemas"


@pytest.fixture(scope="module")
def prepared(orders: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A model of orders, to be drawn from in three parts."""
    folder = tmp_path_factory.mktemp("prepared")
    pacsv.write_csv(orders, folder / "orders.csv")
    tree = {"source": str(folder / "orders.csv"), "rows": 2500, "part_rows": 1000, "seed": 5, "validate": True}
    return prepare(read_spec(tree), folder / "work")


def on(api: BatchApi, **options: object) -> Executor:
    return find_executor(f"kubernetes:image=registry.example/worker:1,api={api.url},poll_s=0.05", options)


def run(prepared: Prepared, folder: Path, executor: Executor) -> list[PartReceipt]:
    destination = LocalDestination(folder)
    return executor.run(
        prepared, plan_parts(prepared.spec), destination, on_part=lambda receipt: None, cancelled=lambda: False
    )


def test_pods_make_the_same_parts_even_when_one_is_killed(prepared: Prepared, tmp_path: Path) -> None:
    killed: list[int] = []

    def kill_first(index: int, attempt: int, pod: Pod) -> None:
        if index == 1 and attempt == 0:
            pod.kill()
            killed.append(index)

    expected = run(prepared, tmp_path / "here", InProcess())
    with BatchApi(on_pod=kill_first) as api:
        receipts = run(prepared, tmp_path / "there", on(api, workers=2))
        assert not api.jobs
    assert killed == [1]
    assert api.most_at_once == 2
    assert receipts == expected
    for path in (tmp_path / "here").glob("part-*"):
        assert (tmp_path / "there" / path.name).read_bytes() == path.read_bytes()


def test_a_part_with_wrong_input_fails_the_job_at_once_and_says_which(prepared: Prepared, tmp_path: Path) -> None:
    attempts: list[int] = []

    def damage(index: int, attempt: int, pod: Pod) -> None:
        attempts.append(index)

    with BatchApi(on_pod=damage) as api:
        (tmp_path / "_job").mkdir()
        executor = on(api, workers=1)
        destination = LocalDestination(tmp_path)

        class Altered(LocalDestination):
            """Loses a byte of the bundle on its way."""

            def write(self, name: str, chunks: object) -> tuple[int, str]:
                data = b"".join(chunks)  # type: ignore[arg-type,call-overload]
                return destination.write(name, [data[:-40] if name == BUNDLE else data])

        with pytest.raises(
            ExecutorError, match=r"job parts-[0-9a-f]{12} failed \(parts 0,1,2\): indexes failed; see `kubectl"
        ):
            executor.run(
                prepared, plan_parts(prepared.spec), Altered(tmp_path), on_part=lambda r: None, cancelled=lambda: False
            )
        assert not api.jobs
    assert sorted(attempts) == [0, 1, 2]


def test_a_coordinator_that_starts_again_finds_its_job(prepared: Prepared, tmp_path: Path) -> None:
    with BatchApi() as api:
        executor = on(api, workers=2)
        job = executor.manifest(prepared, 3, str(tmp_path))  # type: ignore[attr-defined]
        publish(prepared, LocalDestination(tmp_path))
        api.create(json.loads(json.dumps(job)))
        assert [r.index for r in run(prepared, tmp_path, executor)] == [0, 1, 2]
        assert len(api.created) == 1
        assert not api.jobs


def test_a_job_that_failed_before_is_started_anew(prepared: Prepared, tmp_path: Path) -> None:
    with BatchApi() as api:
        executor = on(api, workers=2)
        job = executor.manifest(prepared, 3, str(tmp_path))  # type: ignore[attr-defined]
        failed = {"conditions": [{"type": "Failed", "status": "True", "message": "too old"}]}
        api.jobs[job["metadata"]["name"]] = {**job, "status": failed}
        assert len(run(prepared, tmp_path, executor)) == 3
        assert len(api.created) == 1


def test_cancelling_deletes_the_job(prepared: Prepared, tmp_path: Path) -> None:
    with BatchApi(pods=False) as api:
        asked: list[int] = []
        with pytest.raises(Cancelled):
            on(api).run(
                prepared, plan_parts(prepared.spec), LocalDestination(tmp_path), on_part=lambda r: None,
                cancelled=lambda: len(asked) > 1 or asked.append(1) is not None,
            )  # fmt: skip
        assert len(api.created) == 1
        assert not api.jobs


def test_parts_that_are_there_need_no_job(prepared: Prepared, tmp_path: Path) -> None:
    run(prepared, tmp_path, InProcess())
    with BatchApi(pods=False) as api:
        assert len(run(prepared, tmp_path, on(api))) == 3
        assert not api.calls


def test_a_job_that_ends_without_its_parts_says_that_the_place_is_not_shared(
    prepared: Prepared, tmp_path: Path
) -> None:
    with BatchApi(pods=False) as api:
        executor = on(api)
        job = executor.manifest(prepared, 3, str(tmp_path))  # type: ignore[attr-defined]
        destination = LocalDestination(tmp_path)

        def complete(self: object = None) -> bool:
            for kept in api.jobs.values():
                kept["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}
            return False

        with pytest.raises(ExecutorError, match=f"job {job['metadata']['name']} is complete, but not all parts"):
            executor.run(prepared, plan_parts(prepared.spec), destination, on_part=lambda r: None, cancelled=complete)


def test_the_manifest_is_one_that_kubernetes_takes(prepared: Prepared) -> None:
    executor = find_executor(
        "kubernetes:image=i:1,claim=shared,secret=keys,service_account=parts,namespace=data,retries=5"
    )
    job = executor.manifest(prepared, 3, "s3://bucket/result")  # type: ignore[attr-defined]
    jsonschema.validate(job, json.loads((SCHEMAS / "job.json").read_text()))
    spec = job["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 3, 3)
    assert spec["backoffLimitPerIndex"] == 5
    main = spec["template"]["spec"]["containers"][0]
    assert main["command"] == [
        "inferloop-synthetic", "part", "--index", "$(JOB_COMPLETION_INDEX)", "--of", "s3://bucket/result",
    ]  # fmt: skip
    assert main["securityContext"]["readOnlyRootFilesystem"] is True
    assert main["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert main["envFrom"] == [{"secretRef": {"name": "keys"}}]
    mounts = {mount["mountPath"] for mount in main["volumeMounts"]}
    assert mounts == {"/tmp", "/results"}


def test_the_schema_of_the_test_refuses_what_kubernetes_does_not_know(prepared: Prepared) -> None:
    job = find_executor("kubernetes:image=i:1").manifest(prepared, 3, "s3://b/r")  # type: ignore[attr-defined]
    job["spec"]["template"]["spec"]["containers"][0]["comand"] = ["part"]
    with pytest.raises(jsonschema.ValidationError, match="comand"):
        jsonschema.validate(job, json.loads((SCHEMAS / "job.json").read_text()))


def test_a_ray_job_is_one_that_kuberay_takes() -> None:
    words = ["ray-job", "--image", "i:1", "--ray-version", "2.50.0", "--workers", "3", "--secret", "keys", "--"]
    words += ["generate", "s3://in/my table.csv", "--executor", "processes", "-o", "s3://out/t/"]
    done = CliRunner().invoke(build_app(), words)
    assert done.exit_code == 0, done.output
    job = yaml.safe_load(done.stdout)
    jsonschema.validate(job, json.loads((SCHEMAS / "rayjob.json").read_text()))
    assert job["spec"]["entrypoint"] == (
        "inferloop-synthetic generate 's3://in/my table.csv' -o s3://out/t/ --executor ray:address=auto"
    )
    workers = job["spec"]["rayClusterSpec"]["workerGroupSpecs"][0]
    assert (workers["replicas"], workers["minReplicas"], workers["maxReplicas"]) == (3, 3, 3)
    assert "command" not in workers["template"]["spec"]["containers"][0]


def test_the_bundle_holds_no_real_rows_and_no_credentials(prepared: Prepared, tmp_path: Path) -> None:
    destination = LocalDestination(tmp_path)
    publish(prepared, destination)
    back = fetch(destination, tmp_path / "other")
    assert back.digest == prepared.digest
    assert sorted(path.name for path in (tmp_path / "other").rglob("*")) == ["model", "prepared.json"]


def test_a_place_where_nothing_was_prepared_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="nothing was prepared"):
        fetch(LocalDestination(tmp_path), tmp_path / "other")


def test_the_token_of_the_pod_is_read_at_every_call(tmp_path: Path) -> None:
    token = tmp_path / "token"
    with BatchApi(pods=False) as api:
        client = KubernetesApi(api.url, token)
        for text in ("first", "second"):
            token.write_text(text + "\n")
            with pytest.raises(ExecutorError, match="404"):
                client.job("default", "none")
        assert [call[2] for call in api.calls] == ["Bearer first", "Bearer second"]


def test_outside_a_cluster_the_error_says_how_to_reach_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(ExecutorError, match="kubectl proxy"):
        KubernetesApi.find(None)


def test_an_api_server_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ExecutorError, match="cannot be reached"):
        KubernetesApi.find("http://127.0.0.1:1").job("default", "none")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["generate", "a", "--executor", "x", "-o", "b"], ["generate", "a", "-o", "b", "--executor", "ray"]),
        (["generate", "--executor=x"], ["generate", "--executor", "ray"]),
        (["generate"], ["generate", "--executor", "ray"]),
    ],
)
def test_the_executor_of_a_command_is_replaced(words: list[str], expected: list[str]) -> None:
    assert with_executor(words, "ray") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My Table_1", "my-table-1-0123456789ab"),
        ("--", "generation-0123456789ab"),
        ("x" * 90, "x" * 35 + "-0123456789ab"),
    ],
)
def test_names_are_ones_that_kubernetes_takes(text: str, expected: str) -> None:
    assert job_name(text, "0123456789abcdef") == expected


def test_the_whole_way_ends_in_a_manifest_and_leaves_no_bundle(tmp_path: Path) -> None:
    schema = {"columns": [{"name": "id", "kind": "identifier"}]}
    small = prepare(read_spec({"schema": schema, "rows": 20, "part_rows": 10}), tmp_path / "work")
    with BatchApi() as api:
        manifest = make_all(small, LocalDestination(tmp_path / "out"), on(api, workers=2))
    verify(manifest, LocalDestination(tmp_path / "out"))
    assert manifest.rows == 20
    assert not (tmp_path / "out" / BUNDLE).exists()
