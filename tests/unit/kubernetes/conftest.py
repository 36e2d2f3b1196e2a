"""A cluster that is only said to be there."""

from __future__ import annotations

import pytest

from inferloop_deploy.kubernetes.kubeconfig import ClusterAccess


@pytest.fixture
def access() -> ClusterAccess:
    """Where a cluster on EKS is."""
    auth = {"kind": "aws-eks", "region": "us-east-1", "cluster": "inferloop-dev"}
    return ClusterAccess("inferloop-dev", "https://eks.example", "Q0E=", auth)
