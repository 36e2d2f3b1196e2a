"""Gaps in Amazon SQS."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.sqs.models import Queue

from .gap import Gap, Patches


def _kept_attributes(patches: Patches) -> None:
    def make(set_attributes: Callable[..., None]) -> Callable[..., None]:
        def keep_the_policy(queue: Any, attributes: dict[str, Any], now: float | None = None) -> None:
            policy = getattr(queue, "policy", None)
            set_attributes(queue, attributes, now)
            if "Policy" not in attributes:
                queue.policy = policy

        return keep_the_policy

    patches.replace(Queue, "_set_attributes", make)


def _redrive_policies(patches: Patches) -> None:
    def make(attributes: Any) -> Any:
        def with_redrive_policies(queue: Any) -> dict[str, Any]:
            if not hasattr(queue, "redrive_allow_policy"):
                queue.redrive_allow_policy = None
            result: dict[str, Any] = attributes.fget(queue)
            result.pop("RedriveAllowPolicy", None)
            if queue.redrive_policy:
                result["RedrivePolicy"] = json.dumps(queue.redrive_policy, separators=(",", ":"))
            if queue.redrive_allow_policy:
                result["RedriveAllowPolicy"] = queue.redrive_allow_policy
            return result

        return property(with_redrive_policies)

    patches.replace(Queue, "attributes", make)
    # The names that GetQueueAttributes accepts; the attribute itself is told above, where it is set.
    patches.replace(Queue, "KMS_ATTRIBUTES", lambda names: [*names, "RedriveAllowPolicy"])


GAPS = (
    Gap(
        id="sqs-policy-kept",
        service="SQS",
        stock="Forgets a queue's policy when any other attribute is set.",
        remedy="Keeps it until it is set anew.",
        reason="Policy and redrive permission are set one after the other; the provider waits for both.",
        hides="Nothing.",
        install=_kept_attributes,
    ),
    Gap(
        id="sqs-redrive-policies",
        service="SQS",
        stock="Does not tell a dead-letter queue's redrive permission, and spells a redrive policy with blanks.",
        remedy="Tells both as they were set.",
        reason="The provider waits until what it set can be read, and sees a change in every other spelling.",
        hides="Nothing.",
        install=_redrive_policies,
    ),
)
