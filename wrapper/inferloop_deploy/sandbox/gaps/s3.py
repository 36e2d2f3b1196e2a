"""Gaps in Amazon S3."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from .gap import Gap, Patches


def _conditions(patches: Patches) -> None:
    def make(get_permission: Callable[..., PermissionResult]) -> Callable[..., PermissionResult]:
        def without_conditional_denials(bucket: Any, action: str, resource: str) -> PermissionResult:
            if bucket.policy is None:
                return get_permission(bucket, action, resource)
            policy = json.loads(bucket.policy)
            statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
            kept = [one for one in statements if not (one["Effect"] == "Deny" and one.get("Condition"))]
            if not kept:
                return PermissionResult.NEUTRAL
            return IAMPolicy(json.dumps({**policy, "Statement": kept})).is_action_permitted(action, resource)

        return without_conditional_denials

    patches.replace(FakeBucket, "get_permission", make)


def _event_bridge(patches: Patches) -> None:
    def make(read: Callable[..., Any]) -> Callable[..., Any]:
        def get_bucket_notification(response: Any) -> Any:
            kept = response.backend.get_bucket_notification_configuration(response.bucket_name)
            status, headers, body = read(response)
            if kept is not None and kept.event_bridge is not None:
                text = body.decode() if isinstance(body, bytes) else body
                body = text.replace(
                    "</NotificationConfiguration>", "<EventBridgeConfiguration/></NotificationConfiguration>"
                )
                if body == text:
                    body = re.sub(
                        r"<NotificationConfiguration([^>]*)/>",
                        r"<NotificationConfiguration\1><EventBridgeConfiguration/></NotificationConfiguration>",
                        text,
                    )
                headers["content-length"] = str(len(body))
            return status, headers, body

        return get_bucket_notification

    patches.replace(S3Response, "get_bucket_notification", make)


def _lifecycle(patches: Patches) -> None:
    def keep(set_lifecycle: Callable[..., None]) -> Callable[..., None]:
        def set_and_keep(bucket: Any, rules: list[dict[str, Any]]) -> None:
            set_lifecycle(bucket, rules)
            bucket.sandbox_lifecycle = rules

        return set_and_keep

    def complete(read: Callable[..., Any]) -> Callable[..., Any]:
        def get_bucket_lifecycle(response: Any) -> Any:
            serialize = response.serialized

            def serialize_completed(answer: Any) -> Any:
                if not isinstance(answer.result, Exception):
                    asked = response.backend.get_bucket(response.bucket_name).sandbox_lifecycle
                    for told, rule in zip(answer.result["Rules"], asked, strict=True):
                        _complete_rule(told, rule)
                return serialize(answer)

            response.serialized = serialize_completed
            return read(response)

        return get_bucket_lifecycle

    patches.replace(FakeBucket, "set_lifecycle", keep)
    patches.replace(S3Response, "get_bucket_lifecycle", complete)


SIZES = ("ObjectSizeGreaterThan", "ObjectSizeLessThan")


def _complete_rule(told: dict[str, Any], asked: dict[str, Any]) -> None:
    """Add to a rule what moto left out of it."""
    versions = (asked.get("NoncurrentVersionExpiration") or {}).get("NewerNoncurrentVersions")
    if versions is not None:
        told["NoncurrentVersionExpiration"]["NewerNoncurrentVersions"] = versions
    wanted = asked.get("Filter") or {}
    for filter_told, filter_asked in (
        (told.get("Filter"), wanted),
        ((told.get("Filter") or {}).get("And"), wanted.get("And") or {}),
    ):
        if filter_told is not None:
            filter_told.update({name: filter_asked[name] for name in SIZES if name in filter_asked})


GAPS = (
    Gap(
        id="s3-conditional-denials",
        service="S3",
        stock="Enforces a bucket policy's denials without looking at their conditions: with TLS only, nobody gets in.",
        remedy="Leaves out denials that have a condition.",
        reason="Every bucket refuses requests without TLS or with the wrong key, and the state is an object in one.",
        hides="Whether a condition of a bucket policy refuses what it should.",
        install=_conditions,
    ),
    Gap(
        id="s3-event-bridge",
        service="S3",
        stock="Does not tell that a bucket sends its events to EventBridge.",
        remedy="Tells it.",
        reason="Every plan would switch it on again.",
        hides="Nothing.",
        install=_event_bridge,
    ),
    Gap(
        id="s3-lifecycle",
        service="S3",
        stock="Forgets how many newer versions a lifecycle rule keeps, and the object sizes that it looks for.",
        remedy="Tells them as they were set.",
        reason="The provider waits until what it set can be read, and gives up after three minutes.",
        hides="No object is moved or deleted.",
        install=_lifecycle,
    ),
)
