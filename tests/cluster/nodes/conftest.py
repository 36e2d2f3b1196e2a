"""The generator's own image on a real node, released with what Terraform computes, with a real database outside of the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import containers
import pytest
import servers
from node_release import CALLER, PEPPER, SERVICE, Release, compute
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
def releases(node: RealNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Release]]:
    """What services share, a service on a database of its own in two replicas, and another that calls it; by name."""
    database = servers.start_postgres(
        settings={"listen_addresses": f"127.0.0.1,{ADDRESS}"}, access="host all all 0.0.0.0/0 scram-sha-256\n"
    )
    try:
        database.sql(f'CREATE DATABASE "{SERVICE}"')
        place = {"host": ADDRESS, "port": database.port, "database": SERVICE, "user": "postgres"}
        project, folder = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("releases")
        computed = compute(project, containers.IMAGE, {**place, "auth": "password", "secret": None})
        made = {name: Release(node, computed[name], folder) for name in ("platform-base", SERVICE, CALLER)}
        made["platform-base"].install()
        made[SERVICE].fetch_secrets({"api-keys": PEPPER, "database": database.password})
        for name in (SERVICE, CALLER):
            made[name].install()
        yield made
    finally:
        database.close()


@pytest.fixture(scope="module")
def release(releases: dict[str, Release]) -> Release:
    """The service."""
    return releases[SERVICE]


@pytest.fixture(scope="module")
def caller(releases: dict[str, Release]) -> Release:
    """The service that calls it."""
    return releases[CALLER]
