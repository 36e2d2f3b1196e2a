"""The control plane that the tests of this folder share: one in a run, with definitions and nodes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inferloop_deploy.sandbox.cluster import Cluster, given_cluster, temporary_cluster

ROOT = Path(__file__).resolve().parents[2]
GIVEN = "INFERLOOP_KUBECONFIG"
"""Names the kubeconfig of a cluster, such as one of kind's, on which the tests then run; it needs the definitions."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what needs the control plane on one worker, so that there is one in a run."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and "cluster" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.cluster)
            # What is shipped takes longer to compute than a control plane to start: that is on the worker that has it.
            if not item.path.is_relative_to(here / "shipped"):
                item.add_marker(pytest.mark.xdist_group("cluster"))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A control plane with the definitions of crds.toml and a node in each of three zones, or the cluster given."""
    given = os.environ.get(GIVEN)
    if given:
        yield given_cluster(Path(given), tmp_path_factory.mktemp("clients"), ROOT)
        return
    with temporary_cluster(tmp_path_factory.mktemp("cluster"), ROOT) as running:
        yield running


@pytest.fixture
def namespace(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the test's own; gone afterwards, with all that is in it."""
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name.lower())[:50].strip("-")
    cluster.kubectl(["create", "namespace", name])
    yield name
    cluster.kubectl(["delete", "namespace", name, "--wait=false"])


@pytest.fixture
def applied(cluster: Cluster) -> Callable[[str], str]:
    """Apply manifests on the server's side, with every unknown field refused; returns what kubectl says."""

    def apply(manifests: str) -> str:
        command = ["apply", "--server-side", "--field-manager=tests", "--validate=strict", "--filename=-"]
        return cluster.kubectl(command, manifests).stdout

    return apply
