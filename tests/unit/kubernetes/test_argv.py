"""Command lines of kubectl and helm, as tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from inferloop_deploy.kubernetes.argv import Helm, Kubectl

KUBECTL = Kubectl(Path("/bin/kubectl"), Path("/k"))
HELM = Helm(Path("/bin/helm"), Path("/k"))
LOGS = {"process": None, "follow": False, "since": None, "lines": None}
BASE = "logs --namespace=inferloop --selector=app.kubernetes.io/name=tabular"
REST = "--all-containers --prefix --ignore-errors"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (KUBECTL.get(["a", "b"]), "get a,b --all-namespaces --output=json --request-timeout=15s"),
        (
            KUBECTL.get(["jobs"], namespace="n", selector="x=y"),
            "get jobs --namespace=n --selector=x=y --output=json --request-timeout=15s",
        ),
        (KUBECTL.raw("/apis/keda.sh/v1alpha1"), "get --raw=/apis/keda.sh/v1alpha1 --request-timeout=15s"),
        (KUBECTL.scale("deployment", "tabular", "n", 3), "scale deployment/tabular --namespace=n --replicas=3"),
        (KUBECTL.logs("tabular", "inferloop", **LOGS), f"{BASE} {REST} --tail=-1"),  # type: ignore[arg-type]
        (
            KUBECTL.logs("tabular", "inferloop", process="jobs", follow=True, since="1h", lines=20),
            f"{BASE},app.kubernetes.io/component=jobs {REST} --since=1h --tail=20 --follow --max-log-requests=50",
        ),
        (KUBECTL.port_forward("tabular", "n", 8080, 80), "port-forward service/tabular --namespace=n 8080:80"),
    ],
)
def test_kubectl_is_called_for_this_cluster_alone(line: list[str], expected: str) -> None:
    assert line == ["/bin/kubectl", "--kubeconfig=/k", *expected.split()]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (HELM.releases(), "list --all-namespaces --all --max=0 --output=json"),
        (HELM.history("tabular", "n"), "history tabular --namespace=n --max=256 --output=json"),
        (HELM.rollback("tabular", "n", 3, "5m"), "rollback tabular 3 --namespace=n --wait --timeout=5m"),
        (HELM.uninstall("tabular", "n", "5m"), "uninstall tabular --namespace=n --wait --timeout=5m"),
    ],
)
def test_helm_is_called_for_this_cluster_alone(line: list[str], expected: str) -> None:
    assert line == ["/bin/helm", *expected.split(), "--kubeconfig=/k"]


def test_a_chart_is_rendered_without_a_cluster() -> None:
    line = Helm(Path("/bin/helm")).template(
        "tabular", Path("/chart"), Path("/values.yaml"), "n", kubernetes="1.34", apis=["keda.sh/v1alpha1/ScaledObject"]
    )
    assert line == [
        "/bin/helm", "template", "tabular", "/chart", "--namespace=n", "--values=/values.yaml", "--kube-version=1.34",
        "--api-versions=keda.sh/v1alpha1/ScaledObject",
    ]  # fmt: skip
