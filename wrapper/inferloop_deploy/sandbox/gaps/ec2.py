"""Gaps in Amazon EC2."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from moto.ec2.models.launch_templates import LaunchTemplateBackend
from moto.ec2.models.security_groups import SecurityGroupRule

from .gap import Gap, Patches


def _launch_template_tags(patches: Patches) -> None:
    def make(create: Callable[..., Any]) -> Callable[..., Any]:
        def create_launch_template(
            backend: Any, name: str, description: str, template_data: dict[str, Any], tag_spec: Any
        ) -> Any:
            specifications = template_data.get("TagSpecifications", [])
            kept = [one for one in specifications if one["ResourceType"] != "launch-template"]
            return create(backend, name, description, template_data | {"TagSpecifications": kept}, tag_spec)

        return create_launch_template

    patches.replace(LaunchTemplateBackend, "create_launch_template", make)


def _rule_descriptions(patches: Patches) -> None:
    def make_initializer(initialize: Callable[..., None]) -> Callable[..., None]:
        known = inspect.signature(initialize)

        def __init__(rule: Any, *arguments: Any, **named: Any) -> None:
            initialize(rule, *arguments, **named)
            given = known.bind(rule, *arguments, **named).arguments
            peers = [given.get(name) or {} for name in ("source_group", "prefix_list_id")]
            rule.sandbox_description = next((peer["Description"] for peer in peers if "Description" in peer), None)

        return __init__

    def make(_: Any) -> Any:
        return property(lambda rule: rule.ip_range.get("Description") or rule.sandbox_description)

    patches.replace(SecurityGroupRule, "__init__", make_initializer)
    patches.replace(SecurityGroupRule, "description", make)


GAPS = (
    Gap(
        id="ec2-launch-template-tags",
        service="EC2",
        stock="Shows the template's own tags among those that the template gives to instances.",
        remedy="Keeps them apart.",
        reason="Every plan would remove them from the template, and roll the nodes that use it.",
        hides="Nothing.",
        install=_launch_template_tags,
    ),
    Gap(
        id="ec2-rule-descriptions",
        service="EC2",
        stock="Does not tell the description of a security group's rule that names another group or a prefix list.",
        remedy="Tells it.",
        reason="Every plan would set it again.",
        hides="Nothing.",
        install=_rule_descriptions,
    ),
)
