"""The shipped services run the generator: every variable is one of its settings, every command one of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inferloop_deploy.config.effective import effective
from inferloop_deploy.config.load import load_project
from inferloop_deploy.config.service import EnvVar, ServiceConfig
from inferloop_deploy.config.source import Path as YamlPath
from inferloop_synthetic.api.routes import operations
from inferloop_synthetic.cli.app import build_app
from inferloop_synthetic.settings import load_settings

ROOT = Path(__file__).resolve().parents[3]
SERVICES = ("syndoc", "tabular", "textnlp")
GIVEN = {"port": "5432", "prefix": "files"}
"""What stands for an output of a dependency; other outputs are names."""


@cache
def shipped(environment: str, name: str) -> ServiceConfig:
    """Return a shipped service as an environment makes it."""
    return effective(load_project(ROOT), environment, "aws").services[name].config


def processes(config: ServiceConfig) -> Iterator[tuple[YamlPath, list[str], list[EnvVar]]]:
    """Yield each process: where it is described, what it is started with, and its variables with the service's."""
    service = config.spec.service
    yield ("spec", "service"), [*service.command, *service.args] or ["serve"], service.env
    for worker in config.spec.workers:
        yield ("spec", "workers", worker.name), [*worker.command, *worker.args], [*service.env, *worker.env]


def environ(variables: list[EnvVar]) -> Mapping[str, str]:
    """Return variables as a container sees them, with something in place of what only a cloud knows."""
    return {"AWS_REGION": "eu-central-1"} | {
        one.name: "hidden"
        if one.value is None
        else re.sub(r"\$\{dependencies\.[a-z-]+\.([a-z]+)\}", lambda match: GIVEN.get(match[1], "name"), one.value)
        for one in variables
    }


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
@pytest.mark.parametrize("name", SERVICES)
def test_every_variable_is_a_setting_of_the_generator_with_a_value_that_it_takes(environment: str, name: str) -> None:
    for place, _, variables in processes(shipped(environment, name)):
        found = environ(variables)
        loaded = load_settings(found)

        assert loaded.warnings == (), place
        assert [one.name for one in variables if not one.name.startswith("GUARDIAN_")] == [], place
        assert loaded.settings.service == name


@pytest.mark.parametrize("name", SERVICES)
def test_the_port_and_the_probes_are_those_of_the_api(name: str) -> None:
    service = shipped("prod", name).spec.service
    probes = (service.health.liveness, service.health.readiness, service.health.startup)
    answered = {getattr(route, "path", "") for route in operations.router.routes}

    assert service.health.readiness is not None
    assert {probe.path for probe in probes if probe is not None} <= answered
    assert load_settings(environ(service.env)).settings.port == service.port


@pytest.mark.parametrize("name", SERVICES)
def test_every_process_is_started_with_a_command_that_the_generator_has(name: str) -> None:
    for place, words, _ in processes(shipped("prod", name)):
        outcome = CliRunner().invoke(build_app(), [*words, "--help"])

        assert outcome.exit_code == 0, (place, outcome.output)


@pytest.mark.parametrize("name", SERVICES)
def test_jobs_of_which_redis_tells_find_a_worker(name: str) -> None:
    config = shipped("prod", name)
    if load_settings(environ(config.spec.service.env)).settings.redis_host is None:
        assert load_settings(environ(config.spec.service.env)).settings.run_jobs
        return
    workers = [worker for worker in config.spec.workers if worker.args[:1] == ["worker"] and worker.type == "worker"]

    assert workers
    assert all((worker.autoscaling.min if worker.autoscaling else worker.replicas) > 0 for worker in workers)


@pytest.mark.parametrize("name", SERVICES)
def test_the_path_that_a_proxy_strips_is_that_of_the_ingress(name: str) -> None:
    config = shipped("prod", name)

    assert load_settings(environ(config.spec.service.env)).settings.root_path == config.spec.networking.ingress.path


def test_services_on_shared_servers_sign_in_with_their_identity_and_keep_to_their_prefix() -> None:
    for name in SERVICES:
        service = shipped("prod", name).spec.service
        found, settings = {one.name: one.value for one in service.env}, load_settings(environ(service.env)).settings

        assert settings.postgres_auth == "aws-iam"
        if settings.redis_host is not None:
            assert settings.redis_auth == "aws-iam"
            assert found["GUARDIAN_REDIS_PREFIX"] == "${dependencies.redis.prefix}"
            assert found["GUARDIAN_REDIS_CACHE_NAME"] == "${dependencies.redis.name}"
        assert [secret.name for secret in shipped("prod", name).spec.secrets] == ["api-keys"]
