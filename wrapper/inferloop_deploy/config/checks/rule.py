"""What a check is, and what it looks at.

A check is data: an id that never changes, a sentence, a way to put it right, and a function that looks at one service,
one environment, a service in its environment, or everything together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from inferloop_deploy.config.check import describe
from inferloop_deploy.config.environment import Environment, NodePool
from inferloop_deploy.config.service import (
    Autoscaling,
    Dependency,
    EnvVar,
    Placement,
    Resources,
    Service,
    ServiceConfig,
    Spec,
    Worker,
)
from inferloop_deploy.config.source import Node, Path, Table, find, is_null, nearest, spell
from inferloop_deploy.config.targets import Target
from inferloop_deploy.errors import Problem, Severity

V = TypeVar("V")

PAGE = "docs/reference/checks.md"
"""The page that describes every check; it is generated."""


@dataclass(frozen=True)
class Rule:
    """A thing that is looked for: a stable id, a sentence, how bad it is, and how to put it right."""

    id: str
    sentence: str
    fix: str
    severity: Severity = "error"

    @property
    def link(self) -> str:
        """Return where the check is described."""
        return f"{PAGE}#{self.id}"


@dataclass(frozen=True)
class Check(Rule, Generic[V]):
    """A rule with the function that finds where it is broken."""

    run: Callable[[V], Iterable[Finding]] = lambda _: ()

    def problems(self, view: V, whole: Callable[..., bool] = lambda *_: True) -> Iterator[Problem]:
        """Yield every place where the rule is broken; nothing of what is not `whole`, as parts were left out."""
        for finding in self.run(view):
            if whole(*finding.path):
                yield finding.problem(self)


@dataclass(frozen=True)
class Finding:
    """One place where a rule is broken; the value there is what was found, unless `found` says something else."""

    tree: Table
    path: Path
    message: str
    expected: str | None = None
    hint: str | None = None
    found: str | None = None

    def problem(self, rule: Rule) -> Problem:
        """Return the problem to report, at the place where the value or the nearest thing above it was written."""
        node = find(self.tree, self.path)
        place = nearest(self.tree, self.path).origin
        found = self.found if self.found is not None or not isinstance(node, Node) else describe(node, self.path)
        return Problem(
            place.file, place.line, place.column, spell(self.path, self.tree), self.message,
            found, self.expected, self.hint or rule.fix, rule.id, rule.severity,
        )  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What each of some pods asks for, with the path where that is described and how many there can be."""

    path: Path
    resources: Resources
    pods: int


@dataclass(frozen=True)
class Process:
    """The service's own process, or one of its workers, with the path where it is described."""

    path: Path
    described: Service | Worker
    placement: Placement

    @property
    def type(self) -> str:
        """Return api, worker, job, cron or function."""
        return self.described.type

    @property
    def resources(self) -> Resources:
        """Return what each replica asks for."""
        return self.described.resources

    @property
    def autoscaling(self) -> Autoscaling | None:
        """Return how it scales."""
        return self.described.autoscaling

    @property
    def env(self) -> list[EnvVar]:
        """Return its environment variables."""
        return self.described.env

    @property
    def least_replicas(self) -> int:
        """Return how many replicas run at the quietest time."""
        return self.described.replicas if self.autoscaling is None else self.autoscaling.min

    @property
    def most_replicas(self) -> int:
        """Return how many pods there are at the busiest time; a job is as many as run at once."""
        if isinstance(self.described, Worker) and self.type == "job":
            return self.described.parallelism or 1
        if self.type in ("job", "cron", "ray"):
            return 1
        return self.described.replicas if self.autoscaling is None else self.autoscaling.max

    @property
    def asked(self) -> list[Asked]:
        """Return what its pods ask for; the workers of a Ray job ask for something else than its head."""
        own = Asked((*self.path, "resources"), self.resources, self.most_replicas)
        ray = self.described.ray if isinstance(self.described, Worker) else None
        return [own] if ray is None else [own, Asked((*self.path, "ray", "resources"), ray.resources, ray.workers)]


class _View:
    """A merged configuration, with the tree that it was read from."""

    tree: Table

    def at(
        self,
        path: Path,
        message: str,
        expected: str | None = None,
        *,
        hint: str | None = None,
        found: str | None = None,
    ) -> Finding:
        """Return a finding at a path of this configuration."""
        return Finding(self.tree, path, message, expected, hint, found)

    def written(self, *path: str | int) -> bool:
        """Tell whether somebody wrote a value at a path; a default is not written, nor is null."""
        node = find(self.tree, path)
        return node is not None and not is_null(node)


@dataclass(frozen=True)
class ServiceView(_View):
    """One service with every layer merged; `pruned` are paths that did not fit the schema and are left out."""

    folder: str
    config: ServiceConfig
    tree: Table
    pruned: frozenset[Path] = frozenset()
    in_project: bool = True

    @property
    def spec(self) -> Spec:
        """Return what the service needs."""
        return self.config.spec

    def whole(self, *path: str | int) -> bool:
        """Tell whether nothing at or below a path had to be left out."""
        return not any(gone[: len(path)] == path for gone in self.pruned)

    @cached_property
    def dependencies(self) -> list[tuple[Path, Dependency]]:
        """Return the dependencies with their paths."""
        return [(("spec", "dependencies", index), item) for index, item in enumerate(self.spec.dependencies)]

    @cached_property
    def dependency(self) -> Mapping[str, Dependency]:
        """Return the dependencies by name."""
        return {item.name: item for item in self.spec.dependencies}

    @cached_property
    def processes(self) -> list[Process]:
        """Return the service's own process and its workers."""
        service = self.spec.service
        workers = [
            Process(("spec", "workers", index), worker, worker.placement or service.placement)
            for index, worker in enumerate(self.spec.workers)
        ]
        return [Process(("spec", "service"), service, service.placement), *workers]

    @cached_property
    def variables(self) -> list[tuple[Path, EnvVar]]:
        """Return the environment variables of the processes and of the migrations with their paths."""
        migrations = self.spec.service.migrations
        lists = [(process.path, process.env) for process in self.processes]
        lists += [] if migrations is None else [(("spec", "service", "migrations"), migrations.env)]
        return [((*path, "env", index), variable) for path, env in lists for index, variable in enumerate(env)]


@dataclass(frozen=True)
class EnvironmentView(_View):
    """One environment on one cloud; `services` are the names of all services there are."""

    folder: str
    config: Environment
    tree: Table
    target: Target
    services: frozenset[str]

    @property
    def label(self) -> str:
        """Return the environment and its cloud, as messages name them."""
        return f"{self.folder} on {self.target.name}"

    @property
    def pools(self) -> list[NodePool]:
        """Return the node pools."""
        return self.config.spec.cluster.node_pools


@dataclass(frozen=True)
class PlacedService:
    """A service in an environment."""

    service: ServiceView
    environment: EnvironmentView

    @property
    def target(self) -> Target:
        """Return the cloud."""
        return self.environment.target

    def placement_path(self, process: Process) -> Path:
        """Return where a process's placement was written: its own, or else the service's."""
        own: Path = (*process.path, "placement")
        return own if self.service.written(*own) else ("spec", "service", "placement")


@dataclass(frozen=True)
class Together:
    """All services of an environment; the environment is None where it cannot be read as one."""

    services: Mapping[str, ServiceView]
    names: frozenset[str]
    environment: EnvironmentView | None
