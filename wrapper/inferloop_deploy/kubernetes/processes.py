"""The processes of services that run in the cluster, as the files describe them: what may be scaled, and by whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from inferloop_deploy.config.effective import EffectiveConfig
from inferloop_deploy.config.service import ServiceConfig
from inferloop_deploy.errors import UsageError
from inferloop_deploy.names import meant

SERVICE_PORT = 80
"""Port of the Service of every service that listens."""
MAIN = "main"
"""Name of the process that is the service itself."""
IN_CLUSTER = "kubernetes"
KINDS: Mapping[str, str] = {"api": "deployment", "worker": "deployment", "stateful": "statefulset"}
"""By type of process: the kind of object that holds its replicas; others run to their end."""


@dataclass(frozen=True)
class Process:
    """One process of a service in the cluster."""

    service: str
    name: str
    namespace: str
    type: str
    replicas: int
    autoscaled: bool
    path: str
    """Where its fields stand in the service's file."""

    @property
    def object_name(self) -> str:
        """Return how its objects are called."""
        return self.service if self.name == MAIN else f"{self.service}-{self.name}"


def processes_of(config: ServiceConfig) -> tuple[Process, ...]:
    """Return the processes of a service that run in the cluster, the service itself first."""
    name, namespace = config.metadata.name, config.metadata.namespace
    service = config.spec.service
    found = []
    if service.type != "function" and service.placement.runtime == IN_CLUSTER:
        found.append(
            Process(
                name, MAIN, namespace, service.type, service.replicas, service.autoscaling is not None, "spec.service"
            )
        )
    for worker in config.spec.workers:
        if (worker.placement or service.placement).runtime == IN_CLUSTER:
            path = f"spec.workers[{worker.name}]"
            scaled = worker.autoscaling is not None
            found.append(Process(name, worker.name, namespace, worker.type, worker.replicas, scaled, path))
    return tuple(found)


def released(config: EffectiveConfig) -> dict[str, tuple[Process, ...]]:
    """Return the services that are released into the cluster, with their processes there."""
    found = {name: processes_of(service.config) for name, service in sorted(config.services.items())}
    return {name: processes for name, processes in found.items() if processes}


def released_service(config: EffectiveConfig, name: str) -> tuple[Process, ...]:
    """Return the processes of a service in the cluster; raises UsageError where it is not there."""
    services = released(config)
    if name not in config.services:
        raise UsageError(f'There is no service "{name}".', meant(name, sorted(config.services), "Services"))
    if name not in services:
        raise UsageError(
            f"Nothing of {name} runs in the cluster: its runtime is "
            f"{config.services[name].config.spec.service.placement.runtime}.",
            f"Services in the cluster: {', '.join(services) or 'none'}.",
        )
    return services[name]


def process_of(processes: tuple[Process, ...], name: str) -> Process:
    """Return a process of a service by its name; raises UsageError with the names there are."""
    found = {process.name: process for process in processes}
    if name not in found:
        raise UsageError(
            f'{processes[0].service} has no process "{name}" in the cluster.', meant(name, list(found), "Processes")
        )
    return found[name]


class NotScalable(UsageError):
    """Something else owns the number of replicas."""


def check_scalable(process: Process, *, night: bool) -> str:
    """Return the kind of object that holds a process's replicas; raises NotScalable with what to do instead.

    `night` tells that everything is scaled down at night, by an autoscaler that therefore owns the number.
    """
    kind = KINDS.get(process.type)
    if kind is None:
        raise NotScalable(
            f"{process.object_name} is a {process.type}: it runs to its end, and has no replicas.",
            "A job in parts has completions and parallelism in the service's file: spec.workers.",
        )
    if process.autoscaled:
        raise NotScalable(
            f"{process.object_name} is scaled by its autoscaler, which would undo it at once.",
            f"Change min and max of {process.path}.autoscaling in the service's file, and deploy that.",
        )
    if night and kind == "deployment":
        raise NotScalable(
            f"{process.object_name} is scaled down at night, by an autoscaler that would undo it at once.",
            f"Change {process.path}.replicas of the service, or spec.clusterServices.night of the environment.",
        )
    return kind
