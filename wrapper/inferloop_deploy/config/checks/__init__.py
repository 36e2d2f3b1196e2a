"""Every check there is, and running them."""

from __future__ import annotations

from inferloop_deploy.config.checks import (
    cluster,
    dependencies,
    environments,
    networking,
    placement,
    processes,
    references,
    releases,
    sharing,
)
from inferloop_deploy.config.checks.form import FORM_RULES
from inferloop_deploy.config.checks.rule import EnvironmentView, PlacedService, Rule, ServiceView, Together
from inferloop_deploy.errors import Problem

SERVICE_CHECKS = (
    *processes.SERVICE_CHECKS,
    *references.SERVICE_CHECKS,
    *dependencies.SERVICE_CHECKS,
    *networking.SERVICE_CHECKS,
    *releases.SERVICE_CHECKS,
)
PLACED_CHECKS = (*placement.PLACED_CHECKS, *cluster.PLACED_CHECKS)
TOGETHER_CHECKS = (
    *references.TOGETHER_CHECKS,
    *sharing.TOGETHER_CHECKS,
    *networking.TOGETHER_CHECKS,
    *placement.TOGETHER_CHECKS,
    *cluster.TOGETHER_CHECKS,
)
ENVIRONMENT_CHECKS = (*environments.ENVIRONMENT_CHECKS, *cluster.ENVIRONMENT_CHECKS)

RULES: tuple[Rule, ...] = (
    *FORM_RULES,
    *SERVICE_CHECKS,
    *PLACED_CHECKS,
    *TOGETHER_CHECKS,
    *ENVIRONMENT_CHECKS,
    environments.BETWEEN_ENVIRONMENTS,
)
"""Every rule, in the order of the page that describes them."""


def check_service(view: ServiceView) -> list[Problem]:
    """Return what is wrong with a service by itself."""
    return [problem for check in SERVICE_CHECKS for problem in check.problems(view, view.whole)]


def check_placed(placed: PlacedService) -> list[Problem]:
    """Return what is wrong with a service in an environment."""
    whole = placed.service.whole
    return [problem for check in PLACED_CHECKS for problem in check.problems(placed, whole)]


def check_environment(view: EnvironmentView) -> list[Problem]:
    """Return what is wrong with an environment by itself."""
    return [problem for check in ENVIRONMENT_CHECKS for problem in check.problems(view)]


def check_between_environments(among: environments.Neighbours) -> list[Problem]:
    """Return what is wrong between an environment and the others on the same cloud."""
    return list(environments.BETWEEN_ENVIRONMENTS.problems(among))


def check_together(together: Together) -> list[Problem]:
    """Return what is wrong between services."""
    return [problem for check in TOGETHER_CHECKS for problem in check.problems(together)]
