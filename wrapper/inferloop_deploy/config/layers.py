"""The layers that a configuration is made of, before they are laid over each other."""

from __future__ import annotations

from inferloop_deploy.config.effective import environment_layers, environment_tree_of, files_of, service_layers
from inferloop_deploy.config.load import Project
from inferloop_deploy.config.source import Table
from inferloop_deploy.errors import InvalidConfiguration, UsageError
from inferloop_deploy.names import meant


def layers_of(project: Project, env: str, cloud: str, service: str | None) -> list[Table]:
    """Return the layers of a service in an environment, or of the environment itself, the weakest first.

    Raises UsageError where one of them does not exist, InvalidConfiguration where a file cannot be read.
    """
    files = files_of(project, env, cloud)
    if service is None:
        return environment_layers(files, cloud)
    if service not in project.services:
        raise UsageError(f'There is no service "{service}".', meant(service, list(project.services), "Services"))
    if project.services[service].source.tree is None:
        raise InvalidConfiguration(project.services[service].source.problems)
    return service_layers(project.services[service], environment_tree_of(files, cloud), env)
