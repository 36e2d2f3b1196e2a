"""What kubectl and helm answer, read into values."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inferloop_deploy.kubernetes.answers import (
    Kind,
    kind_of,
    kinds_in,
    last_deployed,
    missing_kinds,
    read_releases,
    read_waiting_secrets,
    read_workloads,
)


def item(kind: str, spec: dict[str, Any], status: dict[str, Any], **labels: str) -> dict[str, Any]:
    names = {"app.kubernetes.io/name": "tabular", "app.kubernetes.io/component": "main", **labels}
    meta = {"name": "tabular", "namespace": "n", "labels": names, "creationTimestamp": "2026-11-21T10:00:00Z"}
    return {"kind": kind, "metadata": meta, "spec": spec, "status": status}


def listed(*items: dict[str, Any]) -> str:
    return json.dumps({"items": list(items)})


POD = {"spec": {"containers": [{"image": "host/tabular:1"}]}}


@pytest.mark.parametrize(
    ("kind", "spec", "status", "desired", "ready", "complete"),
    [
        ("Deployment", {"replicas": 3, "template": POD}, {"readyReplicas": 2}, 3, 2, False),
        ("Deployment", {"replicas": 0, "template": POD}, {}, 0, 0, True),
        ("StatefulSet", {"template": POD}, {"readyReplicas": 1}, 1, 1, True),
        ("Job", {"completions": 4, "template": POD}, {"succeeded": 4}, 4, 4, True),
        ("Job", {"template": POD}, {"active": 1}, 1, 0, False),
        ("CronJob", {"jobTemplate": {"spec": {"template": POD}}}, {"active": [{}, {}]}, None, 2, True),
    ],
)
def test_a_workload_tells_how_many_of_its_pods_are_there(
    kind: str, spec: dict[str, Any], status: dict[str, Any], desired: int | None, ready: int, complete: bool
) -> None:
    (found,) = read_workloads(listed(item(kind, spec, status)))
    assert (found.desired, found.ready, found.complete) == (desired, ready, complete)
    assert found.images == ("host/tabular:1",)
    assert found.as_json()["created"] == "2026-11-21T10:00:00+00:00"


def test_releases_are_by_namespace_and_name_and_tell_whether_they_are_stuck() -> None:
    rows = [
        {
            "name": n,
            "namespace": s,
            "revision": "3",
            "status": status,
            "chart": "inferloop-service-0.1.0",
            "updated": "u",
        }
        for n, s, status in (("b", "n", "pending-upgrade"), ("a", "n", "deployed"), ("z", "m", "uninstalling"))
    ]
    found = read_releases(json.dumps(rows))
    assert [(one.namespace, one.name, one.stuck) for one in found] == [
        ("m", "z", True),
        ("n", "a", False),
        ("n", "b", True),
    ]
    assert found[1].as_json()["revision"] == 3


def test_no_releases_are_an_empty_list_however_helm_writes_it() -> None:
    assert read_releases("") == read_releases("[]") == ()


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["superseded", "superseded", "pending-upgrade"], 2),
        (["pending-install"], None),
        (["deployed", "failed", "pending-rollback"], 1),
    ],
)
def test_the_last_good_revision_is_the_newest_that_was_there_whole(statuses: list[str], expected: int | None) -> None:
    history = [{"revision": number, "status": status} for number, status in enumerate(statuses, 1)]
    assert last_deployed(json.dumps(history)) == expected


def test_secrets_that_their_store_did_not_give_are_told_with_the_reason() -> None:
    def secret(name: str, *conditions: dict[str, str]) -> dict[str, Any]:
        meta = {"name": name, "namespace": "n", "labels": {"app.kubernetes.io/name": "tabular"}}
        return {"metadata": meta, "status": {"conditions": list(conditions)}}

    text = listed(
        secret("there", {"type": "Ready", "status": "True"}),
        secret(
            "missing", {"type": "Ready", "status": "False", "reason": "SecretSyncedError", "message": "no such key"}
        ),
        secret("new"),
    )
    found = read_waiting_secrets(text)
    assert [str(one) for one in found] == [
        "secret missing in namespace n: no such key",
        "secret new in namespace n: nobody looked yet",
    ]
    assert found[0].service == "tabular"


def test_kinds_that_a_cluster_does_not_have_are_named_once() -> None:
    monitor = Kind("monitoring.coreos.com", "v1", "ServiceMonitor")
    wanted = [monitor, monitor, Kind("apps", "v1", "Deployment"), Kind("", "v1", "Service"), Kind("x.io", "v1", "Y")]
    there = {
        "/apis/apps/v1": kinds_in('{"resources": [{"kind": "Deployment"}]}'),
        "/api/v1": frozenset({"Service"}),
        "/apis/monitoring.coreos.com/v1": frozenset({"PrometheusRule"}),
    }
    assert missing_kinds(wanted, there) == (monitor, Kind("x.io", "v1", "Y"))


@pytest.mark.parametrize(
    ("document", "path", "text"),
    [
        ({"apiVersion": "v1", "kind": "Service"}, "/api/v1", "v1/Service"),
        ({"apiVersion": "apps/v1", "kind": "Deployment"}, "/apis/apps/v1", "apps/v1/Deployment"),
    ],
)
def test_a_manifest_tells_its_kind(document: dict[str, str], path: str, text: str) -> None:
    assert (kind_of(document).path, kind_of(document).text) == (path, text)
