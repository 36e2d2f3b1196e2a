"""Gaps in Amazon ECS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.utils import camelcase_to_underscores
from moto.ecs.responses import EC2ContainerServiceResponse

from .gap import Gap, Patches

KEPT = (
    "availabilityZoneRebalancing",
    "capacityProviderStrategy",
    "deploymentConfiguration",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
)
"""Arguments of CreateService that DescribeServices tells again."""


def _whole_services(patches: Patches) -> None:
    def make(create: Callable[..., Any]) -> Callable[..., Any]:
        def create_service(response: Any) -> Any:
            answer = create(response)
            cluster, name = response._get_param("cluster", "default"), response._get_param("serviceName")
            service = response.ecs_backend._get_service(cluster, name)
            for key in KEPT:
                value = response._get_param(key)
                if value is not None:
                    setattr(service, camelcase_to_underscores(key), value)
            if response._get_param("capacityProviderStrategy"):
                service.launch_type = None
            return answer

        return create_service

    patches.replace(EC2ContainerServiceResponse, "create_service", make)


GAPS = (
    Gap(
        id="ecs-services",
        service="ECS",
        stock="Forgets a service's capacity providers, managed tags, grace period and deployment settings.",
        remedy="Tells them as they were set.",
        reason="Every plan would replace the service.",
        hides="Whether tasks start and become healthy.",
        install=_whole_services,
    ),
)
