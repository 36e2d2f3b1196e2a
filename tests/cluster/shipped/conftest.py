"""What the tests of the shipped releases share: the releases, and a control plane on which an environment's are applied."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shipped_clusters import Deployed, deploy
from shipped_objects import ENVIRONMENTS, Release, computed, releases
from shipped_releases import Releases
from terraform_tree import copy_of_the_source

from inferloop_deploy.sandbox.cluster import nodes_of_pools, temporary_cluster

ROOT = Path(__file__).resolve().parents[3]
MOST = 6
"""Nodes of a pool at most: nothing here adds any, so pools that begin empty have to have theirs from the start."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests on one worker, so that values and control planes are made once in a run."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.terraform)
            item.add_marker(pytest.mark.xdist_group("shipped"))
            if "deployed" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Releases]:
    """What Terraform computes for each environment."""
    return computed(copy_of_the_source(tmp_path_factory.mktemp("shipped"), tmp_path_factory.mktemp("plugins")))


@pytest.fixture(scope="session")
def shipped(found: dict[str, Releases]) -> dict[str, list[Release]]:
    """The releases of each environment."""
    return {name: releases(name, one) for name, one in found.items()}


@pytest.fixture(scope="session", params=ENVIRONMENTS)
def deployed(
    request: pytest.FixtureRequest,
    found: dict[str, Releases],
    shipped: dict[str, list[Release]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Deployed]:
    """An environment on a control plane of its own, with the nodes that its pools may have, six of each at most."""
    pools: dict[str, Any] = found[request.param].platform["cluster"]["node_pools"]
    grown = {name: {**pool, "min": min(MOST, pool["max"])} for name, pool in pools.items()}
    folder = tmp_path_factory.mktemp(request.param)
    with temporary_cluster(folder, ROOT, nodes=nodes_of_pools(grown)) as cluster:
        yield deploy(cluster, shipped[request.param])
