"""The file that a new service starts from: short, commented, and valid in every environment as it stands."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template
from typing import Literal, get_args

ServiceType = Literal["api", "worker", "job", "cron", "function"]
TYPES: tuple[str, ...] = get_args(ServiceType)

MODELINE = "# yaml-language-server: $$schema=../../schemas/service-config.schema.json"

_HEAD = f"""{MODELINE}
# What $name needs. Editors complete and check this file; `inferloop-deploy explain PATH` tells what a field means.
apiVersion: v1
kind: ServiceConfig
metadata:
  name: $name
  team: my-team
spec:
  service:
    type: $type
    image: {{tag: "0.1.0"}}
"""

_BODIES: Mapping[str, str] = {
    "api": """\
    resources:
      requests: {cpu: 250m, memory: 512Mi}
      limits: {cpu: "1", memory: 512Mi}
    autoscaling: {min: 1, max: 3, cpu: 70}
    health:
      readiness: {path: /readyz}
      liveness: {path: /healthz}
  # What the service uses; each output can be a variable, for instance
  #   env: [{name: DATABASE_HOST, value: "$${dependencies.database.host}"}]
  dependencies: []
  #  - {name: database, type: database, shared: true}
  networking:
    ingress: {enabled: true, path: /api/$name, rateLimit: 600}
""",
    "worker": """\
    env:
      - {name: QUEUE_URL, value: "$${dependencies.jobs.url}"}
    resources: {cpu: 500m, memory: 1Gi}
    autoscaling: {min: 0, max: 5, queueLength: 10}
  dependencies:
    - {name: jobs, type: queue, visibility: 5m}
""",
    "job": """\
    resources: {cpu: 500m, memory: 1Gi}
    timeout: 1h
""",
    "cron": """\
    schedule: "0 3 * * *"
    timeZone: Etc/UTC
    resources: {cpu: 500m, memory: 1Gi}
    timeout: 1h
""",
    "function": """\
    source: events
    resources: {memory: 512Mi}
    timeout: 1m
  dependencies:
    - {name: events, type: queue, visibility: 5m}
""",
}

_TAIL = """\
# What is different in single environments:
# environments:
#   prod:
#     spec:
#       monitoring: {logs: {retention: 365d}}
"""


def scaffold(name: str, kind: str) -> str:
    """Return the text of a new service's deployment-config.yaml."""
    return Template(_HEAD + _BODIES[kind] + _TAIL).substitute(name=name, type=kind)
