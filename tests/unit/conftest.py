"""What the unit tests share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

ENVIRONMENT = """\
apiVersion: v1
kind: Environment
metadata:
  name: dev
  owner: platform@example.com
  costCenter: cc-1
spec:
  dns:
    domain: dev.example.com
  deletionProtection: false
  network:
    cidr: 10.20.0.0/16
    zones: [us-east-1a, us-east-1b]
  cluster:
    nodePools:
      - name: general
        machineTypes: [m7i.large]
      - name: gpu
        machineTypes: [g4dn.xlarge]
        min: 0
        gpu: {type: nvidia-t4}
"""

CLOUD = """\
apiVersion: v1
kind: Environment
spec:
  region: us-east-1
  sizes:
    database: {small: db.t4g.medium, medium: db.m7g.large}
    cache: {small: cache.t4g.small}
"""

SERVICE = """\
apiVersion: v1
kind: ServiceConfig
metadata:
  name: tabular
  team: data
spec:
  service:
    replicas: 2
    args: [serve]
  dependencies:
    - name: postgres
      type: database
      shared: true
    - name: datasets
      type: storage
      lifecycle: {expireAfter: 90d}
    - name: jobs
      type: queue
      visibility: 10m
  networking:
    ingress:
      enabled: true
      path: /api/tabular
      rateLimit: 1000
"""


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[..., Path]:
    """Write a small project, and return its root; files by path replace those that it has or come to them."""

    def make(files: Mapping[str, str] | None = None, folder: str = "project") -> Path:
        root = tmp_path / folder
        written = {
            "environments/dev/environment.yaml": ENVIRONMENT,
            "environments/dev/aws.yaml": CLOUD,
            "services/tabular/deployment-config.yaml": SERVICE,
            **(files or {}),
        }
        for name, text in written.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return root

    return make
