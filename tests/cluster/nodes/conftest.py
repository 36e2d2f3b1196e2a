"""A release of the generator's own image on a real node, with a real database outside of the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import containers
import pytest
import servers
from charts import CHART, PRIORITIES
from node_release import CALLERS, NAMESPACE, SERVICE, Release
from real_node import ADDRESS, RealNode, real_node


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these on the worker of the container's tests: both build the image, and both fill the machine."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.cluster)
            item.add_marker(pytest.mark.xdist_group("container"))


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The API's image as an archive, built from this tree."""
    podman = containers.ready()
    folder = tmp_path_factory.mktemp("image")
    containers.build(podman, folder, "--tag", containers.IMAGE)
    archive = folder / "api.tar"
    podman.run("save", "--quiet", "--format=oci-archive", f"--output={archive}", containers.IMAGE)
    return archive


@pytest.fixture(scope="module")
def node(image: Path) -> Iterator[RealNode]:
    """A node that has the image; until it is gone the tests are in its network."""
    with real_node() as running:
        running.load(image)
        yield running


@pytest.fixture(scope="module")
def release(node: RealNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    """Two replicas of the API on a database of its own, in a namespace that takes restricted pods only."""
    database = servers.start_postgres(
        settings={"listen_addresses": f"127.0.0.1,{ADDRESS}"}, access="host all all 0.0.0.0/0 scram-sha-256\n"
    )
    try:
        database.sql(f'CREATE DATABASE "{SERVICE}"')
        repository, tag = containers.IMAGE.split(":")
        settings = {
            "GUARDIAN_POSTGRES_HOST": ADDRESS,
            "GUARDIAN_POSTGRES_PORT": str(database.port),
            "GUARDIAN_POSTGRES_DB": SERVICE,
            "GUARDIAN_POSTGRES_USER": "postgres",
            "GUARDIAN_POSTGRES_PASSWORD": database.password,
            "GUARDIAN_POSTGRES_SSLMODE": "disable",
        }
        probe = {"periodSeconds": 2, "timeoutSeconds": 5}
        main = {
            "kind": "Deployment",
            "replicas": 2,
            "port": 8000,
            "env": {name: {"value": value} for name, value in settings.items()},
            "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
            "probes": {
                "liveness": {"path": "/health", **probe, "failureThreshold": 30},
                "readiness": {"path": "/ready", **probe},
                "startup": {"path": "/health", **probe, "failureThreshold": 60},
            },
            "disruptionBudget": {"minAvailable": 1},
        }
        values = {
            "name": SERVICE,
            "image": {"repository": repository, "tag": tag},
            "processes": {"main": main},
            "network": {
                "ingressFrom": [{"namespace": CALLERS}],
                "egressTo": [
                    {"cidr": f"{ADDRESS}/32", "port": database.port, "name": "postgres"},
                    # Where names are told is no pod here.
                    {"cidr": f"{ADDRESS}/32", "port": 53, "protocol": "UDP", "name": "names"},
                ],
            },
            "test": {"enabled": True, "kind": "api", "readyPath": "/ready"},
        }
        node.cluster.kubectl(["create", "namespace", NAMESPACE])
        restricted = "pod-security.kubernetes.io/enforce=restricted"
        node.cluster.kubectl(["label", "namespace", NAMESPACE, restricted])
        node.cluster.kubectl(["apply", "--filename=-"], PRIORITIES)
        made = Release(node, values, tmp_path_factory.mktemp("release"))
        made.helm("install", SERVICE, str(CHART), f"--values={made.file()}", "--wait", "--timeout=5m", "--atomic")
        yield made
    finally:
        database.close()
