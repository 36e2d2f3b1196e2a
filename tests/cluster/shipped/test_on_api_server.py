"""A real API server takes every object of every shipped release, with the platform's policies and quotas in force.

The nodes are kwok's, as many as the environment's pools may have: that a pod is ready there says that it was
let in and found its place, and nothing about the program in it.
"""

from __future__ import annotations

import json
from typing import Any

from shipped_clusters import Deployed
from shipped_objects import apply, kind_of, unproven_kinds


def named(deployed: Deployed, kinds: str) -> dict[str, Any]:
    """Return the objects of these kinds by `Kind/name`."""
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in deployed.get(kinds)}


def test_every_object_is_taken(deployed: Deployed) -> None:
    everything = [one for release in deployed.releases for one in release.objects()]
    left_out = {kind_of(one) for one in everything} - {kind_of(one) for one in deployed.sent}

    assert len(deployed.taken) == len(deployed.sent) > 100
    assert left_out <= set(unproven_kinds())
    # Admission warns of what it would refuse later.
    assert "would violate" not in deployed.said
    assert "deprecated" not in deployed.said


def test_applying_again_changes_nothing(deployed: Deployed) -> None:
    """Or whoever applies them for good, such as Argo CD, would go on doing so."""
    mine = [one for one in deployed.sent if one["metadata"].get("namespace") in deployed.namespaces]
    kinds = ",".join(sorted({f"{kind}.{group}".lower() for group, kind in map(kind_of, mine) if group}))

    def generations() -> dict[str, int]:
        return {name: one["metadata"].get("generation", 0) for name, one in named(deployed, kinds).items()}

    before = generations()
    apply(deployed.cluster, [one for one in mine if one["kind"] != "Pod"])
    assert generations() == before
    assert set(before.values()) <= {0, 1}


def test_every_pod_is_ready_on_a_node_of_the_pools(deployed: Deployed) -> None:
    found = deployed.get("deployments")
    wanted = [one for one in deployed.sent if one["kind"] == "Deployment"]

    assert len(found) == len(wanted) > 0
    for one in found:
        assert one["status"]["readyReplicas"] == one["spec"]["replicas"], one["metadata"]["name"]


def test_a_pod_with_a_gpu_gets_one_and_no_other_pod_is_on_its_node(deployed: Deployed) -> None:
    pods = deployed.get("pods")
    nodes = json.loads(deployed.cluster.kubectl(["get", "nodes", "--output=json"]).stdout)["items"]
    with_gpu = {one["metadata"]["name"] for one in nodes if "nvidia.com/gpu" in one["status"]["capacity"]}

    def asks(pod: dict[str, Any]) -> bool:
        return any("nvidia.com/gpu" in one["resources"].get("limits", {}) for one in pod["spec"]["containers"])

    assert with_gpu
    assert {pod["spec"]["nodeName"] in with_gpu for pod in pods if asks(pod)} <= {True}
    assert {pod["spec"]["nodeName"] in with_gpu for pod in pods if not asks(pod)} == {False}


def test_what_scales_finds_what_it_scales(deployed: Deployed) -> None:
    """The HPA controller says so itself; there is no KEDA here, so its objects are looked at alone."""
    deployments = {one["metadata"]["name"] for one in deployed.get("deployments")}
    scaled = deployed.get("scaledobjects.keda.sh")
    scalers = deployed.get("horizontalpodautoscalers")

    assert scaled or scalers
    assert {one["spec"]["scaleTargetRef"]["name"] for one in [*scaled, *scalers]} <= deployments
    for one in scalers:
        name = one["metadata"]["name"]
        wait = ["wait", f"horizontalpodautoscaler/{name}", "--for=condition=AbleToScale", "--timeout=60s"]
        deployed.cluster.kubectl([*wait, f"--namespace={one['metadata']['namespace']}"])


def test_disruption_budgets_count_the_pods_that_they_are_for(deployed: Deployed) -> None:
    wanted = [one["metadata"]["name"] for one in deployed.sent if one["kind"] == "PodDisruptionBudget"]
    found = deployed.get("poddisruptionbudgets")

    assert sorted(one["metadata"]["name"] for one in found) == sorted(wanted)
    assert {
        one["metadata"]["name"]: one["status"]["expectedPods"] for one in found if not one["status"]["expectedPods"]
    } == {}
    assert {
        one["metadata"]["name"] for one in found if one["status"]["currentHealthy"] != one["status"]["expectedPods"]
    } == set()


def test_services_lead_to_pods_that_are_ready(deployed: Deployed) -> None:
    slices = deployed.get("endpointslices.discovery.k8s.io")
    led = {
        one["metadata"]["labels"]["kubernetes.io/service-name"]
        for one in slices
        if any(endpoint["conditions"]["ready"] for endpoint in one["endpoints"] or [])
    }

    assert led == {one["metadata"]["name"] for one in deployed.get("services")} != set()


def test_the_quota_counts_what_runs_and_is_not_full(deployed: Deployed) -> None:
    [quota] = deployed.get("resourcequotas")
    pods = [one for one in deployed.get("pods") if one["status"]["phase"] == "Running"]

    assert int(quota["status"]["used"]["pods"]) == len(pods) > 0
    assert len(pods) < int(quota["status"]["hard"]["pods"])


FORBIDDEN = (
    "get secrets", "list secrets", "list pods", "create pods", "create pods/exec", "create pods/portforward", "list configmaps",
    "update deployments.apps", "create jobs.batch", "create serviceaccounts/token", "create rolebindings.rbac.authorization.k8s.io",
    "list nodes", "list namespaces", "impersonate users",
)  # fmt: skip


def test_accounts_of_services_may_do_nothing(deployed: Deployed) -> None:
    """What `kubectl auth can-i` asks, all at once; what anybody may do, such as asking this, is not on the list."""
    accounts = [one["metadata"] for one in deployed.get("serviceaccounts")]
    asked = [(account["name"], question) for account in accounts for question in FORBIDDEN]
    reviews = [review(account, question) for account in accounts for question in FORBIDDEN]
    said = deployed.cluster.kubectl(
        ["create", "--output=jsonpath={.status.allowed}{'\\n'}", "--filename=-"],
        "\n---\n".join(map(json.dumps, reviews)),
    )
    answers = said.stdout.split()

    assert {account["name"] for account in accounts} >= {
        release.name for release in deployed.releases if release.of_service
    }
    assert len(answers) == len(asked)
    assert [each for each, allowed in zip(asked, answers, strict=True) if allowed != "false"] == []


def test_the_question_itself_can_be_answered_with_yes(deployed: Deployed) -> None:
    """Or the table above would say no whatever roles there are."""
    admin = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview"}
    spec = {
        "user": "anybody",
        "groups": ["system:masters"],
        "resourceAttributes": {"verb": "list", "resource": "secrets"},
    }
    said = deployed.cluster.kubectl(["create", "--output=json", "--filename=-"], json.dumps(admin | {"spec": spec}))

    assert json.loads(said.stdout)["status"]["allowed"] is True


def review(account: dict[str, Any], question: str) -> dict[str, Any]:
    """Return what `kubectl auth can-i` asks the API server for an account in its own namespace."""
    verb, what = question.split()
    name, _, part = what.partition("/")
    resource, _, group = name.partition(".")
    namespace = account["namespace"]
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]
    attributes = {"verb": verb, "resource": resource, "subresource": part, "group": group, "namespace": namespace}
    spec = {
        "user": f"system:serviceaccount:{namespace}:{account['name']}",
        "groups": groups,
        "resourceAttributes": attributes,
    }
    return {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
