"""Gaps in AWS Batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.batch.models import BatchBackend
from moto.batch.responses import BatchResponse
from moto.iam.exceptions import NotFoundException

from .gap import Gap, Patches

ROLE = "AWSServiceRoleForBatch"


def _service_linked_role(patches: Patches) -> None:
    def make(create: Callable[..., Any]) -> Callable[..., Any]:
        def with_a_role(
            backend: Any, compute_environment_name: str, _type: str, state: str, compute_resources: Any,
            service_role: str | None, *rest: Any, **named: Any,
        ) -> Any:  # fmt: skip
            role = service_role or _role_of(backend)
            return create(backend, compute_environment_name, _type, state, compute_resources, role, *rest, **named)

        return with_a_role

    patches.replace(BatchBackend, "create_compute_environment", make)


def _role_of(backend: Any) -> str:
    """Return the ARN of the role that AWS Batch makes for itself in an account."""
    try:
        role = backend.iam_backend.get_role(ROLE)
    except NotFoundException:
        role = backend.iam_backend.create_role(
            role_name=ROLE,
            assume_role_policy_document="{}",
            path="/aws-service-role/batch.amazonaws.com/",
            permissions_boundary=None,
            description="Made by AWS Batch for itself",
            tags=[],
            max_session_duration="3600",
        )
    return str(role.arn)


def _update_policy(patches: Patches) -> None:
    def keep(update: Callable[..., str]) -> Callable[..., str]:
        def updatecomputeenvironment(response: Any) -> str:
            policy = response._get_param("updatePolicy")
            if policy is not None:
                name = response._get_param("computeEnvironment")
                response.batch_backend.get_compute_environment(name).sandbox_update_policy = policy
            return update(response)

        return updatecomputeenvironment

    def tell(describe: Callable[..., list[dict[str, Any]]]) -> Callable[..., list[dict[str, Any]]]:
        def describe_compute_environments(backend: Any, environments: list[str] | None = None) -> list[dict[str, Any]]:
            found = describe(backend, environments)
            for one in found:
                policy = getattr(
                    backend._compute_environments[one["computeEnvironmentArn"]], "sandbox_update_policy", None
                )
                if policy is not None:
                    one["updatePolicy"] = policy
            return found

        return describe_compute_environments

    patches.replace(BatchResponse, "updatecomputeenvironment", keep)
    patches.replace(BatchBackend, "describe_compute_environments", tell)


GAPS = (
    Gap(
        id="batch-service-linked-role",
        service="Batch",
        stock="Refuses a compute environment that names no service role.",
        remedy="Gives it the role that AWS Batch makes for itself.",
        reason="AWS recommends the service-linked role, and updates of an environment in place need it.",
        hides="Nothing.",
        install=_service_linked_role,
    ),
    Gap(
        id="batch-update-policy",
        service="Batch",
        stock="Forgets how a compute environment is updated.",
        remedy="Tells it as it was set.",
        reason="Every plan would set it again.",
        hides="Nothing.",
        install=_update_policy,
    ),
)
