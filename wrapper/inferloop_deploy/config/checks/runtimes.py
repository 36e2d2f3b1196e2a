"""What the runtimes beside Kubernetes cannot do: fargate, batch, and functions."""

from __future__ import annotations

from collections.abc import Iterator

from inferloop_deploy.config.checks.processes import effective_quantities
from inferloop_deploy.config.checks.rule import Finding, PlacedService, Process
from inferloop_deploy.config.quantity import cpu_millicores, memory_bytes, seconds
from inferloop_deploy.config.service import StorageDependency, Worker
from inferloop_deploy.config.source import Path

GI = 2**30
FARGATE_SIZES = {
    250: (1, 2),
    500: (1, 4),
    1000: (2, 8),
    2000: (4, 16),
    4000: (8, 30),
    8000: (16, 60),
    16000: (32, 120),
}
"""Least and most GiB of a Fargate task by its processor in thousandths of a core; 0.25 cores also come with 512 MiB.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
"""
MOST_FARGATE_HOSTS = 3
"""A rule of a load balancer takes five values, of which a path has two: itself and what is below it.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
"""
SHORTEST_BATCH = 60
"""Seconds: https://docs.aws.amazon.com/batch/latest/userguide/job_timeouts.html."""
RUNS_ON_BATCH = ("job", "cron")
RUNTIMES = {"fargate": ("api", "worker"), "batch": RUNS_ON_BATCH}
"""Types of processes that the runtimes beside Kubernetes run."""
OTHERS_GRACE = 30
"""Seconds that fargate and batch leave a container to stop in.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html (stopTimeout)
"""
MOST_BATCH_RETRIES = 9
"""AWS Batch makes at most 10 attempts: https://docs.aws.amazon.com/batch/latest/userguide/job_retries.html."""


def runtime_findings(placed: PlacedService) -> Iterator[Finding]:
    """Yield what a service asks of the runtimes of its processes that they cannot do."""
    view = placed.service
    for process in view.processes:
        placement, place = process.placement, placed.placement_path(process)
        runtime = placement.runtime
        if process.type == "function" or runtime == "kubernetes":
            if process.type == "function" and view.written(*place, "runtime"):
                yield view.at((*place, "runtime"), "a function runs as a function", hint="Remove runtime.")
            continue
        if process.type not in RUNTIMES[runtime]:
            yield _wrong_runtime(placed, process, runtime)
        for key in ("nodePool", "spread"):
            if view.written(*place, key):
                yield view.at((*place, key), f"no effect on runtime {runtime}, which has no nodes", hint="Remove it.")
        yield from _cluster_only(placed, process, runtime)
        yield from _fargate_process(placed, process) if runtime == "fargate" else _batch_process(placed, process)
    if view.spec.service.placement.runtime == "fargate":
        yield from _fargate(placed)
    yield from _file_systems(placed)


def _cluster_only(placed: PlacedService, process: Process, runtime: str) -> Iterator[Finding]:
    """Yield what only a cluster can do, with what stands in for it elsewhere."""
    view = placed.service
    if seconds(process.described.grace_period) != OTHERS_GRACE:
        hint = f"Finish within {OTHERS_GRACE}s and remove it, or use runtime kubernetes."
        yield view.at((*process.path, "gracePeriod"), f"runtime {runtime} gives {OTHERS_GRACE}s", hint=hint)
    instead = {
        "completions": "Let your pipeline submit a job for each part, or use runtime kubernetes.",
        "migrations": "Run them before the new version is applied, or use runtime kubernetes.",
        "canary": "Give the new version a service of its own, or use runtime kubernetes.",
    }
    for key, hint in instead.items():
        if view.written(*process.path, key):
            yield view.at((*process.path, key), f"runtime {runtime} does not do this", hint=hint)


def _wrong_runtime(placed: PlacedService, process: Process, runtime: str) -> Finding:
    view, own = placed.service, (*process.path, "placement")
    kinds = "api and worker" if runtime == "fargate" else "job and cron"
    if process.path[1] == "workers" and not view.written(*own):
        message = f"{runtime}, where the service runs, runs {kinds} only"
        return view.at(
            (*process.path, "name"),
            message,
            hint="Give the worker a placement of its own.",
            found=f"type {process.type}",
        )
    others = [f" or {other}" for other, types in RUNTIMES.items() if process.type in types]
    place = (*placed.placement_path(process), "runtime")
    return view.at(place, f"type {process.type} does not run there", f"runtime kubernetes{''.join(others)}")


def _fargate(placed: PlacedService) -> Iterator[Finding]:
    view = placed.service
    if view.spec.networking.service_mesh.enabled:
        place: Path = ("spec", "networking", "serviceMesh", "enabled")
        yield view.at(
            place, "the mesh does not reach runtime fargate", "runtime kubernetes", hint="Remove serviceMesh."
        )
    for key in ("cors", "auth", "requestHeaders"):
        if view.written("spec", "networking", "ingress", key):
            place = ("spec", "networking", "ingress", key)
            yield view.at(
                place,
                "no gateway stands before runtime fargate",
                "runtime kubernetes",
                hint="Let the service do it, or remove it.",
            )
    yield from _fargate_health(placed)
    if view.spec.networking.ingress.enabled:
        yield from _fargate_hosts(placed)


def _fargate_health(placed: PlacedService) -> Iterator[Finding]:
    """The load balancer asks for readiness.path on the port of the service, in its own time; nothing else asks."""
    view, path = placed.service, ("spec", "service", "health")
    service, health = view.spec.service, view.spec.service.health
    only, hint = "readiness.path alone", "Remove it, or use runtime kubernetes: the load balancer asks in its own time."
    for key, probe in (("liveness", health.liveness), ("startup", health.startup)):
        if probe is not None:
            yield view.at((*path, key), "no effect on runtime fargate", only, found=probe.path, hint=hint)
    if health.readiness is None:
        return
    for key in ("initialDelay", "period", "timeout", "failureThreshold"):
        if view.written(*path, "readiness", key):
            yield view.at((*path, "readiness", key), "no effect on runtime fargate", only, hint=hint)
    if health.readiness.port not in (None, service.port):
        hint = "Answer on the service's port and remove it, or use runtime kubernetes."
        place = (*path, "readiness", "port")
        yield view.at(place, "runtime fargate asks on the service's port", f"{service.port}", hint=hint)


def _fargate_hosts(placed: PlacedService) -> Iterator[Finding]:
    view, domain = placed.service, placed.environment.config.spec.dns.domain
    path: Path = ("spec", "networking", "ingress", "hosts")
    hosts = view.spec.networking.ingress.hosts
    if len(set(hosts)) > MOST_FARGATE_HOSTS:
        message = "more hosts than runtime fargate's load balancer takes for a path"
        yield view.at(path, message, f"at most {MOST_FARGATE_HOSTS}", found=f"{len(set(hosts))} hosts")
    for index, host in enumerate(hosts):
        if host != domain and not host.endswith(f".{domain}"):
            message = f"runtime fargate has no certificate for it in {placed.environment.label}"
            hint = f"Name such a host under environments.{placed.environment.folder}, or use runtime kubernetes."
            yield view.at((*path, index), message, f"{domain} or a name below it", hint=hint)


def _file_systems(placed: PlacedService) -> Iterator[Finding]:
    """Volumes are made for pods only, and every process of a service has all that the service depends on."""
    view = placed.service
    elsewhere: dict[str, Process] = {}
    for process in view.processes:
        where = "a function" if process.type == "function" else f"runtime {process.placement.runtime}"
        if where != "runtime kubernetes":
            elsewhere.setdefault(where, process)
    for path, item in view.dependencies:
        if isinstance(item, StorageDependency) and item.class_ == "file":
            for where, process in elsewhere.items():
                message = f"file systems are not mounted {'in' if where == 'a function' else 'on'} {where}"
                if isinstance(process.described, Worker):
                    message += f", where the worker {process.described.name} runs"
                expected = "another class" if where == "a function" else "runtime kubernetes, or another class"
                yield view.at((*path, "class"), message, expected)


def _fargate_process(placed: PlacedService, process: Process) -> Iterator[Finding]:
    view, path = placed.service, (*process.path, "resources")
    if process.resources.gpu.count:
        yield view.at((*path, "gpu"), "runtime fargate has no GPUs", "runtime kubernetes")
    quantities = effective_quantities(process.resources)
    yield from _fargate_scaling(placed, process)
    cpu, memory = quantities["cpu"][1] or "500m", quantities["memory"][1] or "1Gi"
    if not fits_fargate(cpu_millicores(cpu), memory_bytes(memory)):
        sizes = "; ".join(f"{cores / 1000:g} with {low}Gi to {high}Gi" for cores, (low, high) in FARGATE_SIZES.items())
        yield view.at(
            path, "no size of runtime fargate", f"cpu and memory of {sizes}", found=f"cpu {cpu}, memory {memory}"
        )


def _batch_process(placed: PlacedService, process: Process) -> Iterator[Finding]:
    view, described = placed.service, process.described
    if process.type not in RUNS_ON_BATCH:
        return
    if seconds(described.timeout) < SHORTEST_BATCH:
        place = (*process.path, "timeout")
        yield view.at(place, "too short for runtime batch", f"{SHORTEST_BATCH}s or more", hint="Raise the timeout.")
    if described.retries > MOST_BATCH_RETRIES:
        expected = f"at most {MOST_BATCH_RETRIES}"
        yield view.at((*process.path, "retries"), "too many for runtime batch", expected, hint="Lower the retries.")


def schedule_findings(placed: PlacedService) -> Iterator[Finding]:
    """Kubernetes reads days of the month and weekdays as crontab(5) does: either is enough; not every cloud does."""
    if placed.target.schedules_by_either_day:
        return
    for process in placed.service.processes:
        for place, expression in _schedules_of_the_cloud(process):
            days, weekdays = expression.split(" ")[2::2]
            if days != "*" and weekdays != "*":
                message = f"days of the month and weekdays together, of which {placed.target.name} takes one"
                yield placed.service.at(place, message, "* for one of the two")


def _schedules_of_the_cloud(process: Process) -> Iterator[tuple[Path, str]]:
    """Yield the schedules that the cloud itself keeps, each with its path."""
    schedule, runtime = process.described.schedule, process.placement.runtime
    if schedule is not None and ((runtime == "batch" and process.type == "cron") or process.type == "function"):
        yield (*process.path, "schedule"), schedule
    if runtime == "fargate" and process.autoscaling is not None:
        for index, window in enumerate(process.autoscaling.schedules):
            place = (*process.path, "autoscaling", "schedules", index)
            yield (*place, "start"), window.start
            yield (*place, "end"), window.end


def _fargate_scaling(placed: PlacedService, process: Process) -> Iterator[Finding]:
    scaling, path = process.autoscaling, (*process.path, "autoscaling")
    if scaling is None:
        return
    if scaling.queue_length is not None:
        hint = "Scale by cpu, memory or requestsPerSecond, or use runtime kubernetes."
        yield placed.service.at((*path, "queueLength"), "runtime fargate does not scale by a queue", hint=hint)
    if scaling.requests_per_second is not None and not placed.service.spec.networking.ingress.enabled:
        hint = "Scale by cpu or memory, or enable the ingress, where the requests are counted."
        yield placed.service.at(
            (*path, "requestsPerSecond"), "runtime fargate counts no requests without an ingress", hint=hint
        )


def fits_fargate(millicores: int, memory: int) -> bool:
    """Tell whether Fargate has a task of this size."""
    if (millicores, memory) == (250, GI // 2):
        return True
    low, high = FARGATE_SIZES.get(millicores, (0, -1))
    step = {8000: 4, 16000: 8}.get(millicores, 1)
    return memory % (step * GI) == 0 and low * GI <= memory <= high * GI
