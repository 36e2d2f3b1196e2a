"""The local control plane of an environment in the sandbox, with the nodes that its pools would have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inferloop_deploy.sandbox.cluster import Cluster, ClusterFiles, nodes_of_pools, start
from inferloop_deploy.sandbox.definitions import add_open_definitions

FOLDERS = "cluster-*"
"""Folders of control planes, below that of the sandbox."""


def cluster_files(root: Path, environment: str) -> ClusterFiles:
    """Return the folder of an environment's control plane: each has its own, as each has its own cluster in a cloud."""
    return ClusterFiles(root / "build" / "sandbox" / FOLDERS.replace("*", environment), root)


def all_cluster_files(root: Path) -> list[ClusterFiles]:
    """Return the folders of all control planes that were started for a project."""
    return [ClusterFiles(folder, root) for folder in sorted((root / "build" / "sandbox").glob(FOLDERS))]


def started_cluster(files: ClusterFiles) -> tuple[Cluster, bool]:
    """Return a control plane without nodes, and whether it had to be started."""
    found = files.running()
    return (start(files, ()), True) if found is None else (found, False)


def furnish(cluster: Cluster, platform: Mapping[str, Any]) -> None:
    """Give a control plane what it does not have yet: the nodes of a platform's pools, and kinds."""
    nodes = nodes_of_pools(platform["cluster"]["node_pools"])
    there = set(cluster.kubectl(["get", "nodes", "--output=name"]).stdout.split())
    cluster.add_nodes([node for node in nodes if f"node/{node.name}" not in there])
    add_open_definitions(cluster)


def version_of(cluster: Cluster) -> str:
    """Return the minor version of a control plane, such as `1.34`."""
    told = json.loads(cluster.kubectl(["get", "--raw=/version"]).stdout)
    return f"{told['major']}.{told['minor']}"
