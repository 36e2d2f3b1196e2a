"""Rendering: a checked configuration as the tfvars that Terraform takes, and the way back from values to lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from inferloop_deploy.config.effective import EffectiveConfig
from inferloop_deploy.render.blocks import (
    Block,
    cluster_block,
    cluster_services_block,
    environment_block,
    service_block,
)
from inferloop_deploy.render.hcl import Value
from inferloop_deploy.render.layout import cluster_text, environment_text, services_text
from inferloop_deploy.render.source_map import SourceMap, places_of, to_json, values_of

SERVICES_FILE = "services.auto.tfvars"
ENVIRONMENT_FILE = "environment.auto.tfvars"
CLUSTER_FILE = "cluster.auto.tfvars"
SOURCE_MAP_FILE = "source-map.json"


@dataclass(frozen=True)
class Rendered:
    """The files of one environment on one cloud, by name, and what they hold."""

    files: Mapping[str, str]
    source_map: SourceMap
    variables: Mapping[str, Block]

    @property
    def values(self) -> dict[str, Value]:
        """Every value by its path in the tfvars."""
        return {path: value for name, block in self.variables.items() for path, value in values_of(name, block)}


def render(config: EffectiveConfig) -> Rendered:
    """Return the tfvars and the source map of a configuration's infrastructure, the first stage."""
    environment = environment_block(config.environment)
    variables = {
        "cluster_services": cluster_services_block(config.environment),
        "eks_config": cluster_block(config.environment),
        "environment": environment,
        "services": _services(config),
    }
    name = config.environment.config.metadata.name
    first = {variable: block for variable, block in variables.items() if variable != "services"}
    return _rendered(config, variables, {ENVIRONMENT_FILE: environment_text(name, config.cloud, first)})


def render_services(config: EffectiveConfig) -> Rendered:
    """Return the tfvars and the source map of what runs in a configuration's cluster, the second stage."""
    environment = environment_block(config.environment)
    cluster = cluster_services_block(config.environment)
    variables = {"cluster_services": cluster, "environment": environment, "services": _services(config)}
    name = config.environment.config.metadata.name
    files = {
        CLUSTER_FILE: cluster_text(name, config.cloud, cluster),
        ENVIRONMENT_FILE: environment_text(name, config.cloud, {"environment": environment}),
    }
    return _rendered(config, variables, files)


def _services(config: EffectiveConfig) -> Block:
    return Block({service: service_block(config.services[service]) for service in sorted(config.services)})


def _rendered(config: EffectiveConfig, variables: Mapping[str, Block], files: Mapping[str, str]) -> Rendered:
    name = config.environment.config.metadata.name
    services = variables["services"]
    places = {path: place for variable, block in variables.items() for path, place in places_of(variable, block)}
    source_map = SourceMap(name, config.cloud, tuple(services.entries), places)
    texts = {
        **files,
        SERVICES_FILE: services_text(name, config.cloud, services),
        SOURCE_MAP_FILE: to_json(source_map),
    }
    return Rendered(texts, source_map, variables)
