"""The generator's image runs on a real node, is reached through its Service, and loses no request while pods come and go."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import pytest
import yaml
from node_release import CALLER, CALLERS, NAMESPACE, SERVICE, Release

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

    said = release.helm("test", SERVICE, "--logs", "--timeout=5m").stdout

    assert "Phase:          Succeeded" in said
    assert "10 rows were generated" in said


def test_pods_run_as_nobody_with_a_root_that_cannot_be_written(release: Release) -> None:
    code = "import os; print(os.getuid()); open('/opt/inferloop/here', 'w')"

    outcome = release.kubectl("exec", next(iter(release.pods())), "--", "python", "-c", code, check=False)

    assert outcome.stdout == "10001\n"
    assert "Read-only file system" in outcome.stderr


RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "runAsUser": 10001,
    "seccompProfile": {"type": "RuntimeDefault"},
}
NEIGHBOUR, STRANGER = "neighbour", CALLER
"""Two pods of no release. The stranger has the name of the service that may call, in a namespace of its own."""


def pod(name: str, image: str, **more: object) -> dict[str, Any]:
    """Return a pod that listens to everybody; it runs where only restricted pods of known images do."""
    labels = {"name": name, "instance": name, "part-of": "tests"}
    container = {
        "name": "main",
        "image": image,
        "command": ["python", "-m", "http.server", "8000", "--directory=/tmp"],
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": RESTRICTED,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {f"app.kubernetes.io/{key}": value for key, value in labels.items()}},
        "spec": {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "containers": [container | more],
        },
    }


@pytest.fixture(scope="module")
def others(caller: Release) -> Iterator[dict[str, str]]:
    """Addresses of pods that may call anybody, as far as their own namespace goes, by their namespace."""
    kubectl = caller.node.cluster.kubectl
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": NEIGHBOUR},
        "spec": {
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": NEIGHBOUR}},
            "policyTypes": ["Egress"],
            "egress": [{}],
        },
    }
    kubectl(["create", "namespace", "strangers"])
    made = {CALLERS: [pod(NEIGHBOUR, caller.image), policy], "strangers": [pod(STRANGER, caller.image)]}
    for namespace, objects in made.items():
        kubectl(["create", f"--namespace={namespace}", "--filename=-"], yaml.safe_dump_all(objects))
    addresses = {}
    for namespace, (one, *_) in made.items():
        name, place = one["metadata"]["name"], f"--namespace={namespace}"
        kubectl(["wait", f"pod/{name}", place, "--for=condition=Ready", "--timeout=3m"])
        addresses[namespace] = kubectl(["get", "pod", name, place, "--output=jsonpath={.status.podIP}"]).stdout
    yield addresses
    for namespace, objects in made.items():
        kubectl(["delete", f"--namespace={namespace}", "--filename=-"], yaml.safe_dump_all(objects))


def reached(release: Release, namespace: str, name: str, place: str, port: int = 8000) -> bool:
    """Tell whether a pod gets a connection; nothing comes back where a policy is against it."""
    code = f"import socket; socket.create_connection(('{place}', {port}), {REFUSED_SECONDS})"
    outcome = release.node.cluster.kubectl(
        ["exec", f"--namespace={namespace}", name, "--", "python", "-c", code], check=False
    )
    assert outcome.returncode == 0 or "TimeoutError" in outcome.stderr, outcome.stderr
    return outcome.returncode == 0


def test_a_service_that_declares_it_reaches_the_service_by_its_name(release: Release, caller: Release) -> None:
    name = next(iter(caller.pods()))

    assert reached(caller, CALLERS, name, f"{SERVICE}.{NAMESPACE}.svc.cluster.local", 80)
    assert reached(caller, CALLERS, name, next(iter(release.pods().values())))


def test_nobody_else_reaches_the_service(release: Release, others: dict[str, str]) -> None:
    addresses = [(next(iter(release.pods().values())), 8000), (release.address(), 80)]
    strangers = [(CALLERS, NEIGHBOUR), ("strangers", STRANGER)]

    with ThreadPoolExecutor() as at_once:
        tried = [at_once.submit(reached, release, *one, *place) for one in strangers for place in addresses]
        assert not any(one.result() for one in tried)

    # It is the service that is closed, and nothing on the way of those pods.
    assert all(reached(release, *one, others["strangers"]) for one in strangers)


def test_a_service_reaches_nothing_that_it_has_not_declared(
    release: Release, caller: Release, others: dict[str, str]
) -> None:
    with ThreadPoolExecutor() as at_once:
        tried = [
            at_once.submit(reached, one, one.computed.namespace, next(iter(one.pods())), others["strangers"])
            for one in (release, caller)
        ]
        assert not any(one.result() for one in tried)


def test_the_platform_lets_no_other_pods_run_beside_the_service(release: Release) -> None:
    refusals = {
        "violates PodSecurity": pod("root", release.image, securityContext={}),
        "come from elsewhere": pod("foreign", "registry.example.com/other:1"),
    }
    for words, one in refusals.items():
        outcome = release.kubectl("create", "--filename=-", text=json.dumps(one), check=False)
        assert outcome.returncode == 1
        assert words in outcome.stderr


def test_logs_of_a_pod_are_read_through_the_cluster(release: Release) -> None:
    lines = release.kubectl("logs", next(iter(release.pods()))).stdout.splitlines()

    assert any(json.loads(line)["service"] for line in lines if line.startswith("{"))


def test_a_pod_that_is_evicted_costs_no_request(release: Release) -> None:
    gone, _ = release.pods()
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": gone, "namespace": NAMESPACE}}

    with load(release.address()) as seen:
        path = f"/api/v1/namespaces/{NAMESPACE}/pods/{gone}/eviction"
        release.kubectl("create", "--raw", path, "--filename=-", text=json.dumps(eviction))
        release.kubectl("wait", "--for=delete", f"pod/{gone}", "--timeout=120s")
        release.kubectl("rollout", "status", f"deployment/{SERVICE}", "--timeout=300s")

    assert gone not in release.pods()
    assert len(release.pods()) == 2
    assert seen.failed == []
    assert seen.answered > CLIENTS


def test_the_disruption_budget_keeps_the_last_pod(release: Release) -> None:
    told = release.kubectl("get", "poddisruptionbudget", SERVICE, "--output=yaml").stdout
    budget = yaml.safe_load(told)["status"]

    assert (budget["currentHealthy"], budget["desiredHealthy"], budget["disruptionsAllowed"]) == (2, 1, 1)


def test_an_upgrade_under_load_costs_no_request_and_can_be_rolled_back(release: Release) -> None:
    before = set(release.pods())

    with load(release.address()) as seen:
        words = release.words(release.changed(GUARDIAN_LOG_LEVEL="warning"))
        release.helm("upgrade", SERVICE, *words, "--wait", "--timeout=5m", "--atomic")
        after = set(release.pods())
        release.helm("rollback", SERVICE, "1", "--wait", "--timeout=5m")

    assert before.isdisjoint(after)
    assert seen.failed == []
    assert seen.answered > CLIENTS


def test_an_image_that_is_not_there_leaves_the_old_version_running(release: Release) -> None:
    values = release.values
    values["image"]["tag"] = "missing"

    with load(release.address()) as seen:
        outcome = release.helm("upgrade", SERVICE, *release.words(values), "--atomic", "--timeout=20s", check=False)

    assert outcome.returncode
    assert "rolled back" in outcome.stderr
    assert seen.failed == []
    assert len(release.pods()) == 2
