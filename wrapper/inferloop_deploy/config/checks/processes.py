"""Checks of the processes: type, schedule, scaling, resources, image, variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from inferloop_deploy.config.checks.rule import Check, Finding, Process, ServiceView
from inferloop_deploy.config.cron import cron_problem
from inferloop_deploy.config.quantity import cpu_millicores, memory_bytes
from inferloop_deploy.config.service import (
    FunctionDependency,
    Image,
    Migrations,
    QueueDependency,
    Resources,
    Service,
    Worker,
)
from inferloop_deploy.config.source import Path

RUNS_TO_ITS_END = ("job", "cron", "ray")
CHART_NAMES = frozenset({"canary", "headless", "main", "migrations", "test"})
"""Names that the chart of services gives to what it makes beside the workers."""


def _name(view: ServiceView) -> Iterator[Finding]:
    if view.in_project and view.config.metadata.name != view.folder:
        yield view.at(("metadata", "name"), "not the name of its folder", f'"{view.folder}"')


def _schedules(view: ServiceView) -> Iterator[Finding]:
    for process in view.processes:
        path, described = process.path, process.described
        if process.type == "cron" and described.schedule is None:
            yield view.at(path, "type cron without a schedule", 'schedule, such as "0 3 * * *"', found="none")
        if described.schedule is not None and process.type not in ("cron", "function"):
            hint = "Write type: cron, or remove the schedule."
            yield view.at((*path, "schedule"), f"a schedule has no effect on type {process.type}", hint=hint)


def _cron_expressions(view: ServiceView) -> Iterator[Finding]:
    for process in view.processes:
        expressions = [((*process.path, "schedule"), process.described.schedule)]
        if process.autoscaling is not None:
            for index, window in enumerate(process.autoscaling.schedules):
                place = (*process.path, "autoscaling", "schedules", index)
                expressions += [((*place, "start"), window.start), ((*place, "end"), window.end)]
        for place, expression in expressions:
            problem = None if expression is None else cron_problem(expression)
            if problem is not None:
                yield view.at(place, problem.message, problem.expected)


@cache
def is_time_zone(name: str) -> bool:
    """Tell whether the time zone database knows a name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _time_zones(view: ServiceView) -> Iterator[Finding]:
    for process in view.processes:
        zones = [((*process.path, "timeZone"), process.described.time_zone)]
        if process.autoscaling is not None:
            zones += [
                ((*process.path, "autoscaling", "schedules", index, "timeZone"), window.time_zone)
                for index, window in enumerate(process.autoscaling.schedules)
            ]
        for place, zone in zones:
            if not is_time_zone(zone):
                yield view.at(place, "a time zone that does not exist", "an IANA name such as Europe/Berlin or Etc/UTC")


def _scaling_range(view: ServiceView) -> Iterator[Finding]:
    for process in view.processes:
        scaling = process.autoscaling
        if scaling is None:
            continue
        path = (*process.path, "autoscaling")
        if scaling.min > scaling.max:
            place = (*path, "min" if view.written(*path, "min") else "max")
            found = f"min {scaling.min}, max {scaling.max}"
            yield view.at(place, "min is greater than max", "min <= max", found=found)
        for index, window in enumerate(scaling.schedules):
            if window.replicas > scaling.max:
                place = (*path, "schedules", index, "replicas")
                yield view.at(place, "more replicas than max", f"at most {scaling.max}")


def _scaling_target(view: ServiceView) -> Iterator[Finding]:
    for process in view.processes:
        scaling = process.autoscaling
        if scaling is None:
            continue
        path = (*process.path, "autoscaling")
        targets = (scaling.cpu, scaling.memory, scaling.requests_per_second, scaling.queue_length)
        if all(target is None for target in targets) and not scaling.schedules:
            yield view.at(
                path,
                "nothing to scale by",
                "cpu, memory, requestsPerSecond, queueLength or schedules",
                found="none of them",
            )
        if scaling.min == 0 and scaling.queue_length is None:
            hint = "Write min: 1, or scale by queueLength: only messages can wake a service that has no replica."
            yield view.at((*path, "min"), "no replica and nothing that starts one", hint=hint)
        if scaling.requests_per_second is not None and process.type != "api":
            yield view.at(
                (*path, "requestsPerSecond"), f"type {process.type} gets no requests", "cpu, memory or queueLength"
            )
        elif scaling.requests_per_second is not None and not view.spec.monitoring.metrics.enabled:
            hint = "Remove metrics: {enabled: false}, or scale by cpu or memory."
            yield view.at((*path, "requestsPerSecond"), "requests are counted by the metrics, which are off", hint=hint)


def _queue_length(view: ServiceView) -> Iterator[Finding]:
    queues = [item.name for item in view.spec.dependencies if isinstance(item, QueueDependency)]
    for process in view.processes:
        scaling = process.autoscaling
        if scaling is None or not view.whole("spec", "dependencies"):
            continue
        path = (*process.path, "autoscaling")
        if scaling.queue_length is None:
            if scaling.queue is not None:
                yield view.at((*path, "queue"), "a queue without queueLength has no effect", "queueLength beside it")
        elif not queues:
            hint = "Add a dependency of type queue, or scale by cpu."
            yield view.at((*path, "queueLength"), "queueLength without a queue", hint=hint)
        elif len(queues) > 1 and scaling.queue is None:
            yield view.at(
                (*path, "queueLength"), "which queue?", f"queue: one of {', '.join(queues)}", found="several queues"
            )


def _runs_to_its_end(view: ServiceView) -> Iterator[Finding]:
    for process in view.processes:
        if process.type not in (*RUNS_TO_ITS_END, "function"):
            for key in ("timeout", "retries"):
                if view.written(*process.path, key):
                    kinds = "type job, cron or function" if process.path[1] == "service" else "type job, cron or ray"
                    yield view.at((*process.path, key), f"no effect on type {process.type}", kinds)
            continue
        if process.type == "function" and view.written(*process.path, "gracePeriod"):
            yield view.at((*process.path, "gracePeriod"), "no effect on type function", hint="Remove it.")
        for key in ("autoscaling", "replicas", "disruptionBudget", "health"):
            if view.written(*process.path, key):
                hint = f"Remove it, or use type api or worker; type {process.type} runs when there is work."
                yield view.at((*process.path, key), f"no effect on type {process.type}", hint=hint)


def effective_quantities(resources: Resources) -> dict[str, tuple[str | None, str | None]]:
    """Return request and limit of cpu and memory, as the short form and the long one say together."""
    return {
        "cpu": (resources.requests.cpu or resources.cpu, resources.limits.cpu or resources.cpu),
        "memory": (resources.requests.memory or resources.memory, resources.limits.memory or resources.memory),
    }


def _requests(view: ServiceView) -> Iterator[Finding]:
    for path, resources in _resources(view):
        for key, (request, limit) in effective_quantities(resources).items():
            number = cpu_millicores if key == "cpu" else memory_bytes
            if request is not None and limit is not None and number(request) > number(limit):
                place = next(place for place in _places(path, key) if view.written(*place))
                found = f"request {request}, limit {limit}"
                yield view.at(place, f"the {key} request is greater than the limit", "request <= limit", found=found)


def _places(path: Path, key: str) -> Iterator[Path]:
    yield (*path, "requests", key)
    yield (*path, "limits", key)
    yield (*path, key)


def _resources(view: ServiceView) -> Iterator[tuple[Path, Resources]]:
    yield from ((asked.path, asked.resources) for process in view.processes for asked in process.asked)


def _no_effect_resources(view: ServiceView) -> Iterator[Finding]:
    for path, resources in _resources(view):
        for key in ("cpu", "memory"):
            if all(view.written(*place) for place in _places(path, key)):
                hint = f"Remove it, or remove requests.{key} or limits.{key}."
                yield view.at((*path, key), "no effect beside a request and a limit", hint=hint)
        gpu = resources.gpu
        if gpu.type is not None and not view.written(*path, "gpu", "count"):
            yield view.at((*path, "gpu", "type"), "a GPU type without a GPU", "count: 1 or more beside it")


def _disruption(view: ServiceView) -> Iterator[Finding]:
    budget = view.spec.service.disruption_budget
    if budget is None:
        return
    path = ("spec", "service", "disruptionBudget")
    if (budget.min_available is None) == (budget.max_unavailable is None):
        found = "neither" if budget.min_available is None else "both"
        yield view.at(path, "a disruption budget says one thing", "minAvailable or maxUnavailable", found=found)
    replicas = view.processes[0].least_replicas
    kept = budget.min_available
    if kept is not None and kept.isdigit() and int(kept) > replicas:
        yield view.at((*path, "minAvailable"), "more than the replicas there are", f"less than {replicas}")


def _drains(view: ServiceView) -> Iterator[Finding]:
    budget = view.spec.service.disruption_budget
    if budget is None:
        return
    path = ("spec", "service", "disruptionBudget")
    kept, away = budget.min_available, budget.max_unavailable
    replicas = view.processes[0].least_replicas
    if kept == "100%" or (kept is not None and kept.isdigit() and int(kept) == replicas):
        yield view.at(
            (*path, "minAvailable"), "no replica may go, so nodes cannot be emptied", "less than the replicas there are"
        )
    if away in ("0", "0%"):
        yield view.at((*path, "maxUnavailable"), "no replica may go, so nodes cannot be emptied", "1 or more")


def _image(view: ServiceView) -> Iterator[Finding]:
    images: list[tuple[Path, Image]] = [(("spec", "service", "image"), view.spec.service.image)]
    images += [((*path, "image"), item.image) for path, item in view.dependencies if item.type == "function"]
    canary = view.spec.service.canary
    if canary is not None:
        images.append((("spec", "service", "canary", "image"), Image(tag=canary.image.tag, digest=canary.image.digest)))
    for path, image in images:
        if image.tag is not None and image.digest is not None:
            yield view.at((*path, "digest"), "a tag and a digest", "one of the two", found="both")
        if image.repository is not None and image.tag is None and image.digest is None:
            yield view.at((*path, "repository"), "a repository without tag or digest", "tag or digest beside it")


_SECRET_NAME = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?|(?:API|ACCESS|PRIVATE|SECRET|SIGNING)_?KEY)$"
)
_SECRET_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}|[a-z]+://[^\s/:@]+:[^\s/@$]+@"
)


def _plain_secrets(view: ServiceView) -> Iterator[Finding]:
    texts = [((*path, "value"), variable.name, variable.value) for path, variable in view.variables if variable.value]
    run: list[tuple[Path, Service | Worker | Migrations]] = [(one.path, one.described) for one in view.processes]
    if view.spec.service.migrations is not None:
        run.append((("spec", "service", "migrations"), view.spec.service.migrations))
    for place, described in run:
        for key, words in (("command", described.command), ("args", described.args)):
            texts += [((*place, key, index), "", word) for index, word in enumerate(words)]
    for path, name, value in texts:
        if (_SECRET_NAME.search(name.upper()) and "${" not in value) or _SECRET_VALUE.search(value):
            yield view.at(
                path, "this looks like a secret", "secret: {name: NAME}", found="a value that is not shown here"
            )


def _function(view: ServiceView) -> Iterator[Finding]:
    service = view.spec.service
    if service.type != "function":
        if service.source is not None:
            yield view.at(("spec", "service", "source"), f"no effect on type {service.type}", "type function")
        return
    for index, worker in enumerate(view.spec.workers):
        message = "a worker beside a function, whose image starts no other process"
        yield view.at(("spec", "workers", index, "name"), message, hint=f"Make {worker.name} a service of its own.")
    if service.source is not None and service.schedule is not None:
        yield view.at(
            ("spec", "service", "schedule"), "a schedule beside an event source", "one of the two", found="both"
        )
    if service.source is None and service.schedule is None:
        expected = "source: a queue or storage dependency, or schedule"
        yield view.at(("spec", "service", "type"), "a function that nothing starts", expected)


def _process_names(view: ServiceView) -> Iterator[Finding]:
    for index, worker in enumerate(view.spec.workers):
        if worker.name == view.config.metadata.name:
            yield view.at(("spec", "workers", index, "name"), "the service's own name", "another name")
        if worker.name in CHART_NAMES:
            taken = ", ".join(sorted(CHART_NAMES))
            yield view.at(
                ("spec", "workers", index, "name"), f"one of the names that are taken: {taken}", "another name"
            )


MOST_LABELS = 30
"""Labels of a service; with those of the platform they stay below the 50 tags that AWS takes."""
RESERVED_LABELS = frozenset(
    {"costcenter", "dataclassification", "environment", "managedby", "name", "owner", "project", "service", "team"}
)
"""Tags that the platform writes, in lower case: some clouds compare the keys of tags without regard to case."""


def reserved(labels: Iterable[str]) -> Iterator[str]:
    """Yield the labels whose keys the platform itself writes."""
    yield from (label for label in labels if label.lower() in RESERVED_LABELS)


def _labels(view: ServiceView) -> Iterator[Finding]:
    if len(view.config.metadata.labels) > MOST_LABELS:
        found = f"{len(view.config.metadata.labels)} labels"
        yield view.at(
            ("metadata", "labels"),
            "too many to become tags",
            f"at most {MOST_LABELS}",
            found=found,
            hint="Remove some.",
        )
    for label in reserved(view.config.metadata.labels):
        hint = "Remove it; metadata has name, team, owner and costCenter, data has classification."
        yield view.at(("metadata", "labels", label), "a label that the platform writes itself", hint=hint)


def _image_needed(view: ServiceView) -> Iterator[Finding]:
    """Where no deployment follows, the infrastructure starts the container itself and must know which one."""
    image = view.spec.service.image
    if image.tag is not None or image.digest is not None:
        return
    starts = [
        process for process in view.processes if process.type == "function" or process.placement.runtime != "kubernetes"
    ]
    functions = [
        path
        for path, item in view.dependencies
        if isinstance(item, FunctionDependency)
        and item.existing is None
        and item.image.tag is None
        and item.image.digest is None
    ]
    paths = [process.path for process in starts] + functions
    if paths:
        what = "a function" if starts and starts[0].type == "function" else "what runs outside Kubernetes"
        yield view.at(
            paths[0],
            f"{'a function' if not starts else what} needs to know its image",
            "spec.service.image with a tag or a digest",
            found="none",
        )


SERVICE_CHECKS = (
    Check[ServiceView](
        "folder-name",
        "A service has the name of its folder.",
        "Change metadata.name, or rename the folder.",
        run=_name,
    ),
    Check[ServiceView](
        "worker-name",
        "A worker has a name of its own.",
        "Name the worker after what it does.",
        run=_process_names,
    ),
    Check[ServiceView](
        "schedule", "Type cron has a schedule, and what runs all the time has none.", "Add schedule.", run=_schedules
    ),
    Check[ServiceView](
        "cron-expression",
        "A cron expression has five fields, each within its range.",
        "The fields are minute, hour, day of month, month, day of week.",
        run=_cron_expressions,
    ),
    Check[ServiceView](
        "time-zone", "A time zone is one of the IANA database.", "Look for the city nearest to you.", run=_time_zones
    ),
    Check[ServiceView](
        "scaling-range",
        "Autoscaling's min is not greater than its max, and its schedules stay under max.",
        "Raise max or lower min.",
        run=_scaling_range,
    ),
    Check[ServiceView](
        "scaling-target",
        "Autoscaling has something to scale by, and something that wakes it from zero.",
        "Add a target, for instance cpu: 70.",
        run=_scaling_target,
    ),
    Check[ServiceView](
        "queue-length", "queueLength has one queue to look at.", "Name the queue beside queueLength.", run=_queue_length
    ),
    Check[ServiceView](
        "process-type",
        "A field has an effect on the type of process it stands with.",
        "Remove it, or change the type.",
        run=_runs_to_its_end,
    ),
    Check[ServiceView](
        "requests-limits",
        "A request is not greater than its limit.",
        "Raise the limit or lower the request.",
        run=_requests,
    ),
    Check[ServiceView](
        "resources-no-effect",
        "Everything under resources has an effect.",
        "Remove what has none.",
        run=_no_effect_resources,
    ),
    Check[ServiceView](
        "disruption-budget",
        "A disruption budget says either minAvailable or maxUnavailable, and no more than the replicas there are.",
        "Lower minAvailable, or raise replicas or autoscaling.min.",
        run=_disruption,
    ),
    Check[ServiceView](
        "drain",
        "A disruption budget lets at least one replica go.",
        "Upgrades of the nodes wait for ever otherwise.",
        severity="warning",
        run=_drains,
    ),
    Check[ServiceView](
        "image", "An image has a tag or a digest, not both.", "Keep the digest: it never changes.", run=_image
    ),
    Check[ServiceView](
        "image-needed",
        "Functions, and what runs on fargate or batch, have an image with a tag or a digest.",
        "Write spec.service.image: {tag: ...}.",
        run=_image_needed,
    ),
    Check[ServiceView](
        "reserved-label",
        "Labels are at most 30, and none has the name of a tag that the platform writes.",
        "Choose another name.",
        run=_labels,
    ),
    Check[ServiceView](
        "plain-secret",
        "No secret stands in a file.",
        "List it under spec.secrets, put its value into the secret store, and take it from there.",
        run=_plain_secrets,
    ),
    Check[ServiceView](
        "function-start",
        "A service of type function has an event source or a schedule.",
        "Name the queue or storage whose events start it, or give a schedule.",
        run=_function,
    ),
)
__all__ = ["SERVICE_CHECKS", "Process", "effective_quantities", "is_time_zone"]
