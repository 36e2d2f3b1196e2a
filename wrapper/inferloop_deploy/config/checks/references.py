"""Checks that what a service speaks of is there: dependencies, outputs, secrets, other services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from inferloop_deploy.config.checks.rule import Check, Finding, ServiceView, Together
from inferloop_deploy.config.outputs import kind_of, outputs_of, references
from inferloop_deploy.config.service import FunctionDependency, ServiceDependency, StorageDependency
from inferloop_deploy.config.source import Path
from inferloop_deploy.names import nearest_name


def _meant(name: str, known: list[str]) -> str | None:
    near = nearest_name(name, known)
    return None if near is None else f"Did you mean {near}?"


def _one_of(known: list[str], none: str) -> str:
    return f"one of {', '.join(sorted(known))}" if known else none


def _references(view: ServiceView) -> Iterator[Finding]:
    known = list(view.dependency)
    for path, variable in view.variables:
        for reference in references(variable.value or ""):
            place = (*path, "value")
            if reference.dependency is None or reference.output is None:
                yield view.at(
                    place, "a reference of an unknown form", "${dependencies.NAME.OUTPUT}", found=reference.text
                )
                continue
            dependency = view.dependency.get(reference.dependency)
            if dependency is None:
                if view.whole("spec", "dependencies"):
                    expected = _one_of(known, "a dependency of the service, which has none")
                    hint = _meant(reference.dependency, known)
                    yield view.at(place, "a dependency that does not exist", expected, found=reference.text, hint=hint)
                continue
            outputs = list(outputs_of(dependency))
            if reference.output not in outputs:
                hint = _meant(reference.output, outputs)
                message = f"an output that {dependency.name} ({kind_of(dependency)}) does not have"
                yield view.at(place, message, _one_of(outputs, ""), found=reference.text, hint=hint)


def _env_sources(view: ServiceView) -> Iterator[Finding]:
    for path, variable in view.variables:
        if variable.value is not None and variable.secret is not None:
            yield view.at(
                (*path, "secret"), "a value and a secret for the same variable", "one of the two", found="both"
            )
        elif variable.value is None and variable.secret is None:
            yield view.at(path, "a variable without a value", "value or secret", found="neither")


def _secrets(view: ServiceView) -> Iterator[Finding]:
    if not view.whole("spec", "secrets"):
        return
    known = [secret.name for secret in view.spec.secrets]
    asked: list[tuple[Path, str]] = [
        ((*path, "secret", "name"), variable.secret.name)
        for path, variable in view.variables
        if variable.secret is not None
    ]
    auth = view.spec.networking.ingress.auth
    if auth is not None and auth.secret is not None:
        asked.append((("spec", "networking", "ingress", "auth", "secret"), auth.secret))
    for path, name in asked:
        if name not in known:
            expected = _one_of(known, "a secret listed under spec.secrets, which has none")
            yield view.at(path, "a secret that is not listed", expected, found=f'"{name}"', hint=_meant(name, known))


def _dependencies(view: ServiceView) -> Iterator[Finding]:
    if not view.whole("spec", "dependencies"):
        return
    asked: list[tuple[Path, str | None, tuple[str, ...]]] = [
        (("spec", "service", "source"), view.spec.service.source, ("queue", "storage")),
        (("spec", "networking", "ingress", "cdn"), view.spec.networking.ingress.cdn, ("storage",)),
    ]
    asked += [
        ((*path, "source"), item.source, ("queue", "storage"))
        for path, item in view.dependencies
        if isinstance(item, FunctionDependency)
    ]
    asked += [
        ((*process.path, "autoscaling", "queue"), process.autoscaling.queue, ("queue",))
        for process in view.processes
        if process.autoscaling is not None
    ]
    for path, name, types in asked:
        if name is None:
            continue
        fitting = [item.name for item in view.spec.dependencies if kind_of(item) in types]
        if types == ("storage",) and name in fitting:
            yield from _own_bucket(view, path, name)
        if name not in fitting:
            kinds = " or ".join(types)
            there = view.dependency.get(name)
            message = "a dependency that does not exist" if there is None else f"a dependency of type {kind_of(there)}"
            expected = _one_of(fitting, f"a dependency of type {kinds}, of which the service has none")
            yield view.at(path, message, expected, found=f'"{name}"', hint=_meant(name, fitting))


def _own_bucket(view: ServiceView, path: Path, name: str) -> Iterator[Finding]:
    item = view.dependency[name]
    if isinstance(item, StorageDependency) and (item.shared or item.existing is not None):
        kind = "shared" if item.shared else "brought"
        yield view.at(path, f"storage that is {kind}", "storage of the service's own", found=f'"{name}"')


def _same_name(together: Together) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for folder, view in together.services.items():
        name = view.config.metadata.name
        other = first.setdefault(name, folder)
        if other != folder:
            yield view.at(("metadata", "name"), f"services/{other} has this name already", "a name of its own")


def _services(together: Together) -> Iterator[Finding]:
    known = sorted(together.names)
    for view in together.services.values():
        for path, item in view.dependencies:
            if not isinstance(item, ServiceDependency):
                continue
            name = item.service or item.name
            if name not in together.names:
                place = (*path, "service" if item.service else "name")
                others = [other for other in known if other != view.folder]
                yield view.at(
                    place,
                    "a service that does not exist",
                    _one_of(others, "another service"),
                    hint=_meant(name, others),
                )


def _needed(view: ServiceView) -> list[str]:
    return [item.service or item.name for item in view.spec.dependencies if isinstance(item, ServiceDependency)]


def cycles(needed: Mapping[str, list[str]]) -> list[list[str]]:
    """Return each cycle of a graph once, starting at its first name in the alphabet and ending there again.

    Takes time in proportion to the edges: every name is gone through once.
    """
    found: list[list[str]] = []
    done: set[str] = set()
    for start in sorted(needed):
        trail: list[str] = []
        waiting: list[tuple[str, Iterator[str]]] = []
        if start not in done:
            trail.append(start)
            waiting.append((start, iter(sorted(needed[start]))))
        while waiting:
            name, rest = waiting[-1]
            following = next((other for other in rest if other in needed), None)
            if following is None:
                waiting.pop()
                trail.pop()
                done.add(name)
            elif following in trail:
                cycle = trail[trail.index(following) :]
                first = cycle.index(min(cycle))
                found.append([*cycle[first:], *cycle[:first], min(cycle)])
            elif following not in done:
                trail.append(following)
                waiting.append((following, iter(sorted(needed[following]))))
    return found


def _cycles(together: Together) -> Iterator[Finding]:
    for cycle in cycles({name: _needed(view) for name, view in together.services.items()}):
        view = together.services[cycle[0]]
        path = next(
            path
            for path, item in view.dependencies
            if isinstance(item, ServiceDependency) and (item.service or item.name) == cycle[1]
        )
        yield view.at(path, "services that depend on each other in a circle", found=" -> ".join(cycle))


SERVICE_CHECKS = (
    Check[ServiceView](
        "reference",
        "Every ${...} in a variable names an output of one of the service's dependencies.",
        "Write ${dependencies.NAME.OUTPUT} with a dependency of this service and one of its outputs.",
        run=_references,
    ),
    Check[ServiceView](
        "env-source",
        "A variable has either a plain value or a secret.",
        "Keep value for what everybody may read, secret for the rest.",
        run=_env_sources,
    ),
    Check[ServiceView](
        "secret-reference",
        "A secret that a variable or the gateway takes is listed under spec.secrets.",
        "Add `- {name: NAME}` under spec.secrets.",
        run=_secrets,
    ),
    Check[ServiceView](
        "dependency-reference",
        "The queue or storage that a function, autoscaling or the CDN names is a dependency of the service.",
        "Add the dependency under spec.dependencies, or name one that is there.",
        run=_dependencies,
    ),
)
TOGETHER_CHECKS = (
    Check[Together](
        "service-name", "No two services have the same name.", "Change one, and the name of its folder.", run=_same_name
    ),
    Check[Together](
        "service-reference",
        "A dependency of type service names a service of the project.",
        "Name a folder of services/.",
        run=_services,
    ),
    Check[Together](
        "cycle",
        "Services do not depend on each other in a circle.",
        "Remove one of these dependencies, or put a queue between two of the services.",
        run=_cycles,
    ),
)
