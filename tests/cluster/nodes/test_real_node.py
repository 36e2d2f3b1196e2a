"""The generator's image runs on a real node, is reached through its Service, and loses no request while pods come and go."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

import pytest
import yaml
from charts import CHART
from node_release import CALLERS, NAMESPACE, SERVICE, Release

CLIENTS = 4
REFUSED_SECONDS = 5
"""How long a connection that a policy is against is waited for; others are there in milliseconds."""


@dataclass
class Load:
    """What clients saw that asked all the time, each with a new connection for each request."""

    answered: int = 0
    failed: list[str] = field(default_factory=list)


@contextmanager
def load(address: str) -> Iterator[Load]:
    """Ask the API again and again while the block runs."""
    seen, ended, lock = Load(), threading.Event(), threading.Lock()

    def ask() -> None:
        while not ended.is_set():
            try:
                with urllib.request.urlopen(f"http://{address}/ready", timeout=30) as response:
                    problem = None if response.status == HTTPStatus.OK else str(response.status)
            except (OSError, urllib.error.URLError) as error:
                problem = str(error)
            with lock:
                seen.answered += problem is None
                seen.failed += [] if problem is None else [problem]

    clients = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield seen
    finally:
        ended.set()
        for client in clients:
            client.join()


def test_the_api_answers_through_the_service_and_helm_test_generates_ten_rows(release: Release) -> None:
    with urllib.request.urlopen(f"http://{release.address()}/ready", timeout=30) as response:
        assert json.load(response)["status"] == "ready"

    said = release.helm("test", SERVICE, "--logs", "--timeout=5m")

    assert "Phase:          Succeeded" in said
    assert "10 rows were generated" in said


def test_pods_run_as_nobody_with_a_root_that_cannot_be_written(release: Release) -> None:
    code = "import os; print(os.getuid()); open('/opt/inferloop/here', 'w')"

    outcome = release.node.cluster.kubectl(
        [f"--namespace={NAMESPACE}", "exec", release.pods()[0], "--", "python", "-c", code], check=False
    )

    assert outcome.stdout == "10001\n"
    assert "Read-only file system" in outcome.stderr


@pytest.fixture(scope="module")
def others(release: Release) -> Iterator[dict[str, str]]:
    """Addresses of pods that are no part of the release, by the namespace of each; they listen to everybody."""
    names = (CALLERS, "strangers")
    image = release.values["image"]
    for name in names:
        release.node.cluster.kubectl(["create", "namespace", name])
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "other", "namespace": name},
            "spec": {
                "automountServiceAccountToken": False,
                "terminationGracePeriodSeconds": 1,
                "containers": [
                    {
                        "name": "other",
                        "image": f"{image['repository']}:{image['tag']}",
                        "command": ["python", "-m", "http.server", "8000", "--directory=/tmp"],
                    }
                ],
            },
        }
        release.node.cluster.kubectl(["create", "--filename=-"], json.dumps(pod))
    for name in names:
        release.node.cluster.kubectl(
            ["wait", "pod/other", f"--namespace={name}", "--for=condition=Ready", "--timeout=3m"]
        )
    yield {name: address(release, name, "other") for name in names}
    release.node.cluster.kubectl(["delete", "namespace", *names])


def address(release: Release, namespace: str, pod: str) -> str:
    """Return the address of a pod."""
    path = "--output=jsonpath={.status.podIP}"
    return release.node.cluster.kubectl(["get", "pod", pod, f"--namespace={namespace}", path]).stdout


def reached(release: Release, namespace: str, pod: str, place: str, port: int = 8000) -> bool:
    """Tell whether a pod gets a connection; nothing comes back where a policy is against it."""
    code = f"import socket; socket.create_connection(('{place}', {port}), {REFUSED_SECONDS})"
    outcome = release.node.cluster.kubectl(
        ["exec", f"--namespace={namespace}", pod, "--", "python", "-c", code], check=False
    )
    assert outcome.returncode == 0 or "TimeoutError" in outcome.stderr, outcome.stderr
    return outcome.returncode == 0


def test_only_who_is_declared_reaches_the_service(release: Release, others: dict[str, str]) -> None:
    pod = address(release, NAMESPACE, release.pods()[0])

    assert reached(release, CALLERS, "other", pod)
    assert reached(release, CALLERS, "other", release.address(), 80)
    assert not reached(release, "strangers", "other", pod)
    assert not reached(release, "strangers", "other", release.address(), 80)
    # It is the service that is closed, and nothing on the way of those pods.
    assert reached(release, "strangers", "other", others[CALLERS])


def test_the_service_reaches_nothing_that_it_has_not_declared(release: Release, others: dict[str, str]) -> None:
    assert not reached(release, NAMESPACE, release.pods()[0], others["strangers"])


def test_logs_of_a_pod_are_read_through_the_cluster(release: Release) -> None:
    lines = release.kubectl("logs", release.pods()[0]).splitlines()

    assert any(json.loads(line)["service"] for line in lines if line.startswith("{"))


def test_a_pod_that_is_evicted_costs_no_request(release: Release) -> None:
    before = release.pods()
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": before[0], "namespace": NAMESPACE},
    }

    with load(release.address()) as seen:
        path = f"/api/v1/namespaces/{NAMESPACE}/pods/{before[0]}/eviction"
        release.node.cluster.kubectl(["create", "--raw", path, "--filename=-"], json.dumps(eviction))
        release.kubectl("wait", "--for=delete", f"pod/{before[0]}", "--timeout=120s")
        release.kubectl("rollout", "status", f"deployment/{SERVICE}", "--timeout=300s")

    assert before[0] not in release.pods()
    assert len(release.pods()) == 2
    assert seen.failed == []
    assert seen.answered > CLIENTS


def test_the_disruption_budget_keeps_the_last_pod(release: Release) -> None:
    budget = yaml.safe_load(release.kubectl("get", "poddisruptionbudget", SERVICE, "--output=yaml"))["status"]

    assert (budget["currentHealthy"], budget["desiredHealthy"], budget["disruptionsAllowed"]) == (2, 1, 1)


def test_an_upgrade_under_load_costs_no_request_and_can_be_rolled_back(release: Release) -> None:
    before = release.pods()

    with load(release.address()) as seen:
        values = release.file(GUARDIAN_LOG_LEVEL="warning")
        release.helm("upgrade", SERVICE, str(CHART), f"--values={values}", "--wait", "--timeout=5m", "--atomic")
        after = release.pods()
        release.helm("rollback", SERVICE, "1", "--wait", "--timeout=5m")

    assert set(before).isdisjoint(after)
    assert seen.failed == []
    assert seen.answered > CLIENTS


def test_an_image_that_is_not_there_leaves_the_old_version_running(release: Release) -> None:
    values = yaml.safe_load(release.file().read_text())
    values["image"]["tag"] = "missing"
    path = release.folder / "missing.yaml"
    path.write_text(yaml.safe_dump(values))
    command = [f"--namespace={NAMESPACE}", "upgrade", SERVICE, str(CHART), f"--values={path}"]

    with load(release.address()) as seen:
        outcome = release.node.cluster.helm([*command, "--atomic", "--timeout=20s"], check=False)

    assert outcome.returncode
    assert "rolled back" in outcome.stderr
    assert seen.failed == []
    assert len(release.pods()) == 2
