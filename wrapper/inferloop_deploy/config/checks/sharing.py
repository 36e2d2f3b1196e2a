"""Checks of what several services name: one shared thing is the same for all, and no two things get the same name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from inferloop_deploy.config.checks.rule import Check, Finding, ServiceView, Together
from inferloop_deploy.config.outputs import kind_of
from inferloop_deploy.config.service import (
    CacheDependency,
    DatabaseDependency,
    Dependency,
    QueueDependency,
    StorageDependency,
)
from inferloop_deploy.config.source import Path

SharedItem = tuple[ServiceView, Path, Dependency]


def _shared_by_name(together: Together) -> dict[tuple[str, str], list[SharedItem]]:
    """Return what services share by its name, by type and name; databases and caches are the environment's."""
    groups: dict[tuple[str, str], list[SharedItem]] = defaultdict(list)
    for view in together.services.values():
        for path, item in view.dependencies:
            if is_shared_by_name(item):
                groups[item.type, item.name].append((view, path, item))
    return groups


def is_shared_by_name(item: Dependency) -> bool:
    """Tell whether a dependency is one for all services that give it this name."""
    if getattr(item, "existing", None) is not None or not getattr(item, "shared", False):
        return False
    return kind_of(item) in ("storage", "file", "queue", "table")


def _settings(item: Dependency) -> dict[str, object]:
    """Return what all services must say alike of something they share."""
    match item:
        case StorageDependency():
            return {"class": item.class_}
        case QueueDependency():
            return {
                "fifo": item.fifo,
                "visibility": item.visibility,
                "retention": item.retention,
                "deadLetters": item.dead_letters,
            }
        case DatabaseDependency():
            return {"engine": item.engine, "table": item.table, "backupRetention": item.backup_retention}
        case _:
            return {}


def _agreement(together: Together) -> Iterator[Finding]:
    for items in _shared_by_name(together).values():
        first_view, _, first = items[0]
        theirs = _settings(first)
        for view, path, item in items[1:]:
            different = [key for key, value in _settings(item).items() if value != theirs.get(key)]
            if different:
                place = next(((*path, key) for key in different if view.written(*path, key)), path)
                message = f"{first_view.folder} says something else about the shared {item.type} {item.name}"
                yield view.at(place, message, f"the same {', '.join(different)}")


def _prefixes(together: Together) -> Iterator[Finding]:
    """Each service has a prefix of its own; sorted, a prefix stands before those that lie below it."""
    for (_, name), items in _shared_by_name(together).items():
        places = sorted(
            (
                (f"{(item.path or view.folder).strip('/')}/", view, path)
                for view, path, item in items
                if isinstance(item, StorageDependency)
            ),
            key=lambda entry: (entry[0], entry[1].folder),
        )
        above: tuple[str, ServiceView] | None = None
        for prefix, view, path in places:
            if above is not None and prefix.startswith(above[0]):
                place = (*path, "path") if view.written(*path, "path") else (*path, "name")
                message = f"{above[1].folder} has /{above[0].rstrip('/')} in the shared storage {name}"
                yield view.at(place, message, "a path of its own", found=f'"/{prefix.rstrip("/")}"')
            else:
                above = (prefix, view)


def _derived_names(together: Together) -> Iterator[Finding]:
    first: dict[tuple[str, str], str] = {}
    for view in together.services.values():
        for path, kind, name, thing in _named(view):
            other = first.setdefault((kind, name), thing)
            if other != thing:
                yield view.at((*path, "name"), f"it would have the same name as {other}: {name}", "another name")


def _named(view: ServiceView) -> Iterator[tuple[Path, str, str, str]]:
    """Yield what gets a name of its own: where it stands, its kind, its name, and how to speak of it."""
    own = view.folder
    yield ("metadata",), "process", own, f"the service {own}"
    for index, worker in enumerate(view.spec.workers):
        yield ("spec", "workers", index), "process", f"{own}-{worker.name}", f"{worker.name} of {own}"
    for index, secret in enumerate(view.spec.secrets):
        yield ("spec", "secrets", index), "secret", f"{own}-{secret.name}", f"{secret.name} of {own}"
    for path, item in view.dependencies:
        if item.type == "service" or getattr(item, "existing", None) is not None:
            continue
        if isinstance(item, DatabaseDependency | CacheDependency) and item.shared and kind_of(item) != "table":
            continue  # the environment's
        if is_shared_by_name(item):
            yield path, kind_of(item), item.name, f"shared {item.name}"
        else:
            yield path, kind_of(item), f"{own}-{item.name}", f"{item.name} of {own}"


TOGETHER_CHECKS = (
    Check[Together](
        "shared-agreement",
        "Services that share a bucket, a queue or a table by its name say the same about it.",
        "Make them the same, or give one of the two another name.",
        run=_agreement,
    ),
    Check[Together](
        "shared-prefix",
        "In shared storage, no service's path lies below another's.",
        "Give each service a path of its own.",
        run=_prefixes,
    ),
    Check[Together]("derived-name", "No two things get the same name.", "Rename one of the two.", run=_derived_names),
)
