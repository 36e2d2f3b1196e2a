"""What a project means on one environment and cloud: every layer merged, checked, and each value with its origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from pydantic import BaseModel

from inferloop_deploy.config.check import check_schema, nearest_name
from inferloop_deploy.config.environment import Environment
from inferloop_deploy.config.fields import named_lists
from inferloop_deploy.config.load import EnvironmentFiles, Project, ServiceFile
from inferloop_deploy.config.merge import merge_all
from inferloop_deploy.config.service import ServiceConfig
from inferloop_deploy.config.source import BUILT_IN, Origin, Path, Table, find, origins, without
from inferloop_deploy.errors import InvalidConfiguration, Problem, UsageError

M = TypeVar("M", bound=BaseModel)

OVERRIDES = "environments"
"""The block of a service's file that holds what is different in single environments."""


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
    config, problems = resolve(project, env, cloud)
    problems = [*project.problems, *problems]
    if config is None or any(problem.severity == "error" for problem in problems):
        raise InvalidConfiguration(problems)
    return config


def files_of(project: Project, env: str, cloud: str) -> EnvironmentFiles:
    """Return the files of an environment that has the cloud, or raise UsageError with the names there are."""
    files = project.environments.get(env)
    if files is None:
        raise UsageError(f'There is no environment "{env}".', _choice(env, list(project.environments), "Environments"))
    if cloud not in files.clouds:
        raise UsageError(
            f'Environment "{env}" has no cloud "{cloud}": environments/{env}/{cloud}.yaml is not there.',
            _choice(cloud, list(files.clouds), "Clouds"),
        )
    return files


def _choice(name: str, known: list[str], what: str) -> str:
    near = nearest_name(name, known)
    question = "" if near is None else f"Did you mean {near}? "
    return f"{question}{what}: {', '.join(known) or 'none'}."


def resolve(project: Project, env: str, cloud: str) -> tuple[EffectiveConfig | None, list[Problem]]:
    """Return the configuration, without which nothing can be made where it is None, and what is wrong with it."""
    files = files_of(project, env, cloud)
    environment_tree = environment_tree_of(files, cloud)
    if environment_tree is None:
        return None, []
    checked_environment = check_schema(environment_tree, Environment)
    problems = list(checked_environment.problems)
    services: dict[str, EffectiveService] = {}
    for service in project.services.values():
        tree = service_tree_of(service, environment_tree, env)
        if tree is None:
            continue
        checked = check_schema(tree, ServiceConfig)
        problems += checked.problems
        if checked.model is not None:
            services[service.name] = Effective(checked.model, tree)
    if checked_environment.model is None:
        return None, problems
    environment = Effective(checked_environment.model, environment_tree)
    return EffectiveConfig(cloud, environment, services), problems


def environment_tree_of(files: EnvironmentFiles, cloud: str) -> Table | None:
    """Return environment.yaml with the cloud's file laid over it, or None where one of them cannot be read."""
    layers = [files.source.tree, files.clouds[cloud].tree]
    if any(layer is None for layer in layers):
        return None
    return merge_all(
        (layer for layer in layers if layer is not None), named_lists(Environment) | named_lists(ServiceConfig)
    )


def service_tree_of(service: ServiceFile, environment: Table, env: str) -> Table | None:
    """Return a service's tree with the environment's defaults under it and its override for the environment over it."""
    written = service.source.tree
    if written is None:
        return None
    layers = [without(written, OVERRIDES)]
    defaults = find(environment, ("spec", "serviceDefaults"))
    if isinstance(defaults, Table):
        layers.insert(0, Table({"spec": defaults}, defaults.origin))
    override = find(written, (OVERRIDES, env))
    if isinstance(override, Table):
        layers.append(override)
    return merge_all(layers, named_lists(ServiceConfig))
