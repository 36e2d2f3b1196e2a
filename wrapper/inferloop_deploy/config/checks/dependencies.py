"""Checks of single dependencies and secrets: what fits together, and what the kind of dependency knows."""

from __future__ import annotations

from collections.abc import Iterator

from inferloop_deploy.config.checks.rule import Check, Finding, ServiceView
from inferloop_deploy.config.outputs import kind_of
from inferloop_deploy.config.quantity import days_of, memory_bytes, seconds
from inferloop_deploy.config.service import (
    CacheDependency,
    DatabaseDependency,
    FunctionDependency,
    QueueDependency,
    StorageDependency,
)
from inferloop_deploy.config.source import Path

DAY = 86400
MI = 2**20
LEAST_FUNCTION_MEMORY, MOST_FUNCTION_MEMORY = 128 * MI, 10240 * MI
LONGEST_FUNCTION = 15 * 60
MOST_FUNCTION_RETRIES = 2
LONGEST_BACKUP = 35
RAREST_ROTATION = 1000
LONGEST_VISIBILITY = 12 * 3600
SHORTEST_RETENTION, LONGEST_RETENTION = 60, 14 * DAY
LEAST_DISK, MOST_DISK = 20 * 2**30, 64 * 2**40
LEAST_INFREQUENT = 30
"""Days before which no object moves to infrequent access, and for which it stays there; class infrequent moves then."""


def _lifecycle(view: ServiceView) -> Iterator[Finding]:
    for path, item in view.dependencies:
        if not isinstance(item, StorageDependency):
            continue
        place, ages = (*path, "lifecycle"), item.lifecycle
        days = {
            key: days_of(value)
            for key, value in (
                ("infrequentAfter", ages.infrequent_after),
                ("archiveAfter", ages.archive_after),
                ("expireAfter", ages.expire_after),
            )
            if value is not None
        }
        if item.class_ == "file":
            if "expireAfter" in days:
                hint = "Let the service delete its files, or use class standard."
                yield view.at((*place, "expireAfter"), "a file system does not delete files by age", hint=hint)
            infrequent, archive = days.get("infrequentAfter"), days.get("archiveAfter")
            if infrequent is not None and archive is not None and archive <= infrequent:
                yield view.at((*place, "archiveAfter"), "too early after infrequentAfter", f"more than {infrequent}d")
            continue
        yield from _order(view, place, days, item.class_)
        if item.class_ in ("infrequent", "archive") and "infrequentAfter" in days:
            yield view.at(
                (*place, "infrequentAfter"), f"no effect on objects of class {item.class_}", "class: standard"
            )
        if item.class_ == "archive" and "archiveAfter" in days:
            yield view.at(
                (*place, "archiveAfter"), "no effect on objects of class archive", "class: standard or infrequent"
            )


def _order(view: ServiceView, place: Path, days: dict[str, int], storage_class: str) -> Iterator[Finding]:
    infrequent, archive, expire = (days.get(key) for key in ("infrequentAfter", "archiveAfter", "expireAfter"))
    before = "infrequentAfter"
    if infrequent is not None and infrequent < LEAST_INFREQUENT:
        yield view.at((*place, "infrequentAfter"), "too early for infrequent access", f"{LEAST_INFREQUENT}d or more")
    if infrequent is None and storage_class == "infrequent":
        infrequent, before = LEAST_INFREQUENT, f"class infrequent, which objects have from {LEAST_INFREQUENT}d on"
    if infrequent is not None and archive is not None and archive < infrequent + LEAST_INFREQUENT:
        expected = f"{infrequent + LEAST_INFREQUENT}d or more"
        yield view.at((*place, "archiveAfter"), f"too early after {before}", expected)
    for earlier, moved in ((before, infrequent), ("archiveAfter", archive)):
        if moved is not None and expire is not None and expire <= moved:
            yield view.at((*place, "expireAfter"), f"deleted before {earlier}", f"more than {moved}d")


def _databases(view: ServiceView) -> Iterator[Finding]:
    for path, item in view.dependencies:
        if not isinstance(item, DatabaseDependency):
            continue
        if days_of(item.backup_retention) > LONGEST_BACKUP:
            hint = "The cloud keeps backups of a database no longer; use the environment's spec.backup for older ones."
            yield view.at((*path, "backupRetention"), "not accepted", f"1d to {LONGEST_BACKUP}d", hint=hint)
        if item.engine == "dynamodb":
            for key in ("version", "size", "storage", "replicas"):
                if view.written(*path, key):
                    yield view.at(
                        (*path, key), "no effect on engine dynamodb, which scales by itself", hint="Remove it."
                    )
            continue
        if item.table is not None:
            yield view.at((*path, "table"), f"no effect on engine {item.engine}", "engine: dynamodb")
        if item.engine == "postgres" and item.replicas > 0:
            hint = "Write engine: aurora-postgresql, or remove replicas: where RDS keeps the password it makes none."
            yield view.at((*path, "replicas"), "engine postgres has no read replicas", hint=hint)
        if not item.shared and not LEAST_DISK <= memory_bytes(item.storage) <= MOST_DISK:
            yield view.at((*path, "storage"), "not accepted", "20Gi to 64Ti", hint="Choose a size within the limits.")
        if item.engine == "aurora-postgresql" and view.written(*path, "storage"):
            yield view.at(
                (*path, "storage"),
                "no effect on engine aurora-postgresql, whose disk grows by itself",
                hint="Remove it.",
            )


def _shared(view: ServiceView) -> Iterator[Finding]:
    for path, item in view.dependencies:
        if isinstance(item, DatabaseDependency | CacheDependency) and item.shared and item.existing is not None:
            hint = (
                f"Remove shared, or bring the environment's under spec.shared.{item.type}.existing of environment.yaml."
            )
            yield view.at((*path, "existing"), "shared and existing", "one of the two", hint=hint, found="both")


def _one_shared(view: ServiceView) -> Iterator[Finding]:
    """A service has one database and one role, called after it, on what is shared."""
    first: dict[str, str] = {}
    for path, item in view.dependencies:
        if isinstance(item, DatabaseDependency | CacheDependency) and item.shared and kind_of(item) != "table":
            other = first.setdefault(item.type, item.name)
            if other != item.name:
                message = f"{other} is the service's share of the environment's {item.type} already"
                yield view.at((*path, "shared"), message, "shared: false", hint="Remove shared, or use the other one.")


def _existing(view: ServiceView) -> Iterator[Finding]:
    for path, item in view.dependencies:
        existing = getattr(item, "existing", None)
        place = (*path, "existing")
        if existing is None:
            continue
        if isinstance(item, DatabaseDependency):
            needed = ["table"] if item.engine == "dynamodb" else ["host", "database", "secret"]
            yield from _fields(view, place, needed, ["host", "port", "database", "secret", "table"])
        elif isinstance(item, StorageDependency):
            needed = ["fileSystem"] if item.class_ == "file" else ["bucket"]
            also = ["securityGroup"] if item.class_ == "file" else ["encryptionKey"]
            yield from _fields(view, place, needed, ["bucket", "encryptionKey", "fileSystem", "securityGroup"], also)


def _fields(
    view: ServiceView, place: Path, needed: list[str], known: list[str], also: list[str] | None = None
) -> Iterator[Finding]:
    missing = [key for key in needed if not view.written(*place, key)]
    if missing:
        yield view.at(place, f"{', '.join(missing)} missing", ", ".join(needed))
    allowed = {*needed, *(also or []), *(["port"] if "host" in needed else [])}
    for key in known:
        if key not in allowed and view.written(*place, key):
            yield view.at((*place, key), "no effect on this kind of dependency", ", ".join(sorted(allowed)))


def _queues(view: ServiceView) -> Iterator[Finding]:
    for path, item in view.dependencies:
        if not isinstance(item, QueueDependency):
            continue
        if seconds(item.visibility) > LONGEST_VISIBILITY:
            yield view.at((*path, "visibility"), "not accepted", "at most 12h")
        if not SHORTEST_RETENTION <= seconds(item.retention) <= LONGEST_RETENTION:
            yield view.at((*path, "retention"), "not accepted", "1m to 14d")


def _functions(view: ServiceView) -> Iterator[Finding]:
    for path, item in view.dependencies:
        if not isinstance(item, FunctionDependency) or item.existing is not None:
            continue
        if item.source is None:
            yield view.at(
                path, "a function that nothing starts", "source: a queue or storage dependency", found="no source"
            )
        if not LEAST_FUNCTION_MEMORY <= memory_bytes(item.memory) <= MOST_FUNCTION_MEMORY:
            yield view.at((*path, "memory"), "not accepted", "128Mi to 10240Mi")
        if seconds(item.timeout) > LONGEST_FUNCTION:
            hint = "Longer work belongs into a worker that reads a queue."
            yield view.at((*path, "timeout"), "not accepted", "at most 15m", hint=hint)
        yield from _visibility(view, (*path, "timeout"), item.source, item.timeout)
    service = view.spec.service
    if service.type == "function":
        yield from _service_function(view)
        yield from _visibility(view, ("spec", "service", "timeout"), service.source, service.timeout)


def _visibility(view: ServiceView, place: Path, source: str | None, timeout: str) -> Iterator[Finding]:
    """A message must stay hidden for as long as the function may work on it, or it is worked on twice."""
    queue = view.dependency.get(source or "")
    if isinstance(queue, QueueDependency) and queue.existing is None and seconds(timeout) > seconds(queue.visibility):
        expected = f"at most the visibility of {queue.name}, {queue.visibility}"
        hint = f"Raise visibility of {queue.name}, or lower the timeout."
        yield view.at(place, "longer than the queue hides a message", expected, hint=hint, found=timeout)


def _service_function(view: ServiceView) -> Iterator[Finding]:
    service = view.spec.service
    path = ("spec", "service")
    if seconds(service.timeout) > LONGEST_FUNCTION:
        yield view.at((*path, "timeout"), "not accepted", "at most 15m", hint="Use type job or worker for longer work.")
    if service.retries > MOST_FUNCTION_RETRIES:
        hint = "A function that must be tried more often takes its work from a queue, with deadLetters.maxReceives."
        yield view.at((*path, "retries"), "not accepted", f"0 to {MOST_FUNCTION_RETRIES}", hint=hint)
    memory = service.resources.limits.memory or service.resources.memory
    if memory is not None and not LEAST_FUNCTION_MEMORY <= memory_bytes(memory) <= MOST_FUNCTION_MEMORY:
        yield view.at((*path, "resources"), "memory not accepted", "128Mi to 10240Mi", found=memory)
    if service.resources.gpu.count:
        yield view.at((*path, "resources", "gpu"), "a function has no GPU", found="GPUs", hint="Use type worker.")


def _rotation(view: ServiceView) -> Iterator[Finding]:
    for index, secret in enumerate(view.spec.secrets):
        path: Path = ("spec", "secrets", index)
        if secret.rotation is not None and days_of(secret.rotation) > RAREST_ROTATION:
            yield view.at((*path, "rotation"), "not accepted", f"1d to {RAREST_ROTATION}d")
        if secret.rotation is not None and secret.rotation_function is None:
            yield view.at((*path, "rotation"), "rotation without a function that rotates", "rotationFunction beside it")
        if secret.rotation_function is not None and secret.rotation is None:
            yield view.at(
                (*path, "rotationFunction"), "a function that is never called", "rotation beside it, such as 30d"
            )
        if secret.existing is not None and secret.rotation is not None:
            yield view.at(
                (*path, "rotation"), "no effect on a secret that exists", hint="Its owner rotates it; remove rotation."
            )


SERVICE_CHECKS = (
    Check[ServiceView](
        "lifecycle",
        "A lifecycle moves objects step by step, by age or by class: infrequent access after 30 days or more, the "
        "archive 30 days later.",
        "Raise the later age, or remove the step between.",
        run=_lifecycle,
    ),
    Check[ServiceView](
        "database",
        "A database has only what its engine knows, within the engine's limits.",
        "Remove what has no effect, or change the engine.",
        run=_databases,
    ),
    Check[ServiceView](
        "shared", "What is shared is neither brought nor a table.", "Remove shared or the other.", run=_shared
    ),
    Check[ServiceView](
        "one-shared",
        "A service has one shared database and one shared cache at most.",
        "Remove shared, or use the other one.",
        run=_one_shared,
    ),
    Check[ServiceView](
        "existing",
        "The identity of something that exists has the fields of its kind.",
        "Write the fields that are expected, and no others.",
        run=_existing,
    ),
    Check[ServiceView](
        "queue-limits",
        "A queue hides messages for at most 12 hours and keeps them for 1 minute to 14 days.",
        "Choose a duration within the limits.",
        run=_queues,
    ),
    Check[ServiceView](
        "function-limits",
        "A function has a source, 128Mi to 10240Mi of memory, at most 2 retries, and ends within 15 minutes and its "
        "queue's visibility.",
        "Choose values within the limits.",
        run=_functions,
    ),
    Check[ServiceView](
        "rotation",
        "A secret that is rotated names how often and by which function.",
        "Write rotation and rotationFunction together.",
        run=_rotation,
    ),
)
