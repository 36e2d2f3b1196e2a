"""What a project means on one environment and cloud: every layer merged, checked, and each value with its origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Generic, TypeVar

from pydantic import BaseModel

from inferloop_deploy.config.check import fit
from inferloop_deploy.config.checks import (
    check_between_environments,
    check_environment,
    check_placed,
    check_service,
    check_together,
)
from inferloop_deploy.config.checks.environments import Neighbours
from inferloop_deploy.config.checks.form import form_problems
from inferloop_deploy.config.checks.rule import EnvironmentView, PlacedService, ServiceView, Together
from inferloop_deploy.config.environment import Environment
from inferloop_deploy.config.fields import named_lists
from inferloop_deploy.config.load import EnvironmentFiles, Project, ServiceFile
from inferloop_deploy.config.merge import merge_all
from inferloop_deploy.config.parse import OVERRIDES
from inferloop_deploy.config.service import ServiceConfig
from inferloop_deploy.config.source import BUILT_IN, Origin, Path, Table, find, origins, without
from inferloop_deploy.config.targets import TARGETS
from inferloop_deploy.errors import InvalidConfiguration, Problem, UsageError, in_order, without_echoes
from inferloop_deploy.names import meant

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Effective(Generic[M]):
    """A configuration with every layer merged, and the tree that tells where each value was written."""

    config: M
    tree: Table

    @cached_property
    def origins(self) -> dict[Path, Origin]:
        """Where everything that somebody wrote was written, by path; what is not here is a built-in default."""
        return origins(self.tree)

    def origin(self, path: Path) -> Origin:
        """Return where a value was written; steps are keys, indexes, or the names of list items."""
        node = find(self.tree, path)
        return BUILT_IN if node is None else node.origin


EffectiveService = Effective[ServiceConfig]
EffectiveEnvironment = Effective[Environment]


@dataclass(frozen=True)
class EffectiveConfig:
    """Everything that is to exist in one environment on one cloud."""

    cloud: str
    environment: EffectiveEnvironment
    services: Mapping[str, EffectiveService]
    warnings: tuple[Problem, ...] = ()


def effective(project: Project, env: str, cloud: str) -> EffectiveConfig:
    """Return what a project means on an environment and cloud.

    Raises UsageError where there is no such environment or cloud, InvalidConfiguration with every error there is.
    """
    config, found = resolve(project, env, cloud)
    everything = [*form_problems(project), *found, *between_environments(project, cloud)]
    problems = in_order(without_echoes(everything))
    if config is None or any(problem.severity == "error" for problem in problems):
        raise InvalidConfiguration(problems)
    return replace(config, warnings=tuple(problems))


def files_of(project: Project, env: str, cloud: str) -> EnvironmentFiles:
    """Return the files of an environment that has the cloud, or raise UsageError with the names there are."""
    files = project.environments.get(env)
    if files is None:
        raise UsageError(f'There is no environment "{env}".', meant(env, list(project.environments), "Environments"))
    if cloud not in files.clouds or cloud not in TARGETS:
        raise UsageError(
            f'Environment "{env}" has no cloud "{cloud}": environments/{env}/{cloud}.yaml is not there.',
            meant(cloud, list(files.clouds), "Clouds"),
        )
    return files


def resolve(
    project: Project, env: str, cloud: str, reader: Reader | None = None
) -> tuple[EffectiveConfig | None, list[Problem]]:
    """Return what a project means on an environment and cloud, and all that is wrong with it.

    The configuration is None where the environment cannot be read as one.
    """
    files = files_of(project, env, cloud)
    environment_tree = environment_tree_of(files, cloud)
    problems: list[Problem] = []
    environment: EnvironmentView | None = None
    fitted = None
    if environment_tree is not None:
        fitted = fit(environment_tree, Environment)
        problems += fitted.problems
        if fitted.model is not None:
            names = frozenset(project.services)
            environment = EnvironmentView(env, fitted.model, fitted.tree, TARGETS[cloud], names)
            problems += check_environment(environment)
    views, found = (reader or Reader()).read(project, env, environment_tree)
    problems += found
    if environment is not None:
        problems += [problem for view in views.values() for problem in check_placed(PlacedService(view, environment))]
    problems += check_together(Together(views, frozenset(project.services), environment))
    if fitted is None or fitted.model is None or environment_tree is None:
        return None, problems
    services = {name: Effective(view.config, view.tree) for name, view in views.items()}
    return EffectiveConfig(cloud, Effective(fitted.model, environment_tree), services), problems


class Reader:
    """Reads services as models and checks each by itself, once for each tree that the layers make.

    A service that nothing overrides is the same tree in every environment.
    """

    def __init__(self) -> None:
        self._read: dict[int, tuple[Table, ServiceView | None, list[Problem]]] = {}

    def read(
        self, project: Project, env: str | None, environment: Table | None
    ) -> tuple[dict[str, ServiceView], list[Problem]]:
        """Return every service that can be read as one, and what is wrong with each by itself.

        Without an environment, services are taken as they stand, without defaults under them and overrides over them.
        """
        problems: list[Problem] = []
        views: dict[str, ServiceView] = {}
        for service in project.services.values():
            tree = service_tree_of(service, environment, env)
            if tree is None:
                continue
            if id(tree) not in self._read:
                self._read[id(tree)] = (tree, *_read(service, tree))
            _, view, found = self._read[id(tree)]
            problems += found
            if view is not None:
                views[service.name] = view
        return views, problems


def _read(service: ServiceFile, tree: Table) -> tuple[ServiceView | None, list[Problem]]:
    fitted = fit(tree, ServiceConfig)
    if fitted.model is None:
        return None, list(fitted.problems)
    view = ServiceView(service.name, fitted.model, fitted.tree, fitted.pruned, service.in_project)
    return view, [*fitted.problems, *check_service(view)]


def environment_layers(files: EnvironmentFiles, cloud: str) -> list[Table]:
    """Return environment.yaml and the cloud's file, those that can be read."""
    return [tree for tree in (files.source.tree, files.clouds[cloud].tree) if tree is not None]


def environment_tree_of(files: EnvironmentFiles, cloud: str) -> Table | None:
    """Return environment.yaml with the cloud's file laid over it, or None where one of them cannot be read."""
    layers = environment_layers(files, cloud)
    named = named_lists(Environment) | named_lists(ServiceConfig)
    return merge_all(layers, named) if len(layers) == LAYERS_OF_AN_ENVIRONMENT else None


LAYERS_OF_AN_ENVIRONMENT = 2


def service_layers(service: ServiceFile, environment: Table | None, env: str | None) -> list[Table]:
    """Return the environment's defaults for services, the service itself and its override for the environment."""
    written, base = service.source.tree, service.base
    if written is None or base is None:
        return []
    layers = [base]
    defaults = None if environment is None else find(environment, ("spec", "serviceDefaults"))
    if isinstance(defaults, Table):
        layers.insert(0, Table({"spec": defaults}, defaults.origin))
    override = None if env is None else find(written, (OVERRIDES, env))
    if isinstance(override, Table):
        # What is missing altogether is missing in the file, not in each of its overrides.
        layers.append(replace(_overridable(override), origin=base.origin, key=base.key))
    return layers


def _overridable(override: Table) -> Table:
    """Return what an override may say; anything else in it is reported where the file itself is checked."""
    metadata = override.entries.get("metadata")
    kept = {key: child for key, child in override.entries.items() if key in ("metadata", "spec")}
    if isinstance(metadata, Table):
        kept["metadata"] = without(metadata, "name")
    return replace(override, entries=kept)


def service_tree_of(service: ServiceFile, environment: Table | None, env: str | None) -> Table | None:
    """Return a service's tree with all its layers, or None where it cannot be read."""
    layers = service_layers(service, environment, env)
    return merge_all(layers, named_lists(ServiceConfig)) if layers else None


def only(config: EffectiveConfig, service: str) -> EffectiveService:
    """Return one service of a configuration, or raise UsageError with the names there are."""
    if service not in config.services:
        raise UsageError(f'There is no service "{service}".', meant(service, list(config.services), "Services"))
    return config.services[service]


def between_environments(project: Project, cloud: str) -> list[Problem]:
    """Return what is wrong between the environments on a cloud."""
    trees: dict[str, Table] = {}
    for env, files in project.environments.items():
        tree = environment_tree_of(files, cloud) if cloud in files.clouds else None
        if tree is not None:
            trees[env] = tree
    return [problem for env in trees for problem in check_between_environments(Neighbours(env, cloud, trees))]
