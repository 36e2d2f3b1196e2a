"""A Kubernetes control plane of real programs on loopback, with nodes that kwok stands in for."""

from .lifecycle import Cluster, ClusterFailed, ClusterFiles, given_cluster, start, stop, temporary_cluster
from .nodes import Node, Taint, nodes_of_pools

__all__ = [
    "Cluster",
    "ClusterFailed",
    "ClusterFiles",
    "Node",
    "Taint",
    "given_cluster",
    "nodes_of_pools",
    "start",
    "stop",
    "temporary_cluster",
]
