"""Gaps in Application Auto Scaling."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse

from .gap import Gap, Patches


def _tags(response: Any) -> dict[str, dict[str, str]]:
    tags: dict[str, dict[str, str]] = response.applicationautoscaling_backend.__dict__.setdefault("sandbox_tags", {})
    return tags


class Tags:
    """Calls about tags."""

    def list_tags_for_resource(self: Any) -> str:
        return json.dumps({"Tags": _tags(self).get(self._get_param("ResourceARN"), {})})

    def tag_resource(self: Any) -> str:
        _tags(self).setdefault(self._get_param("ResourceARN"), {}).update(self._get_param("Tags"))
        return "{}"

    def untag_resource(self: Any) -> str:
        for key in self._get_param("TagKeys"):
            _tags(self).get(self._get_param("ResourceARN"), {}).pop(key, None)
        return "{}"


def _add(patches: Patches) -> None:
    def make(register: Callable[..., str]) -> Callable[..., str]:
        def register_scalable_target(response: Any) -> str:
            answer = register(response)
            if response._get_param("Tags"):
                _tags(response)[json.loads(answer)["ScalableTargetARN"]] = dict(response._get_param("Tags"))
            return answer

        return register_scalable_target

    patches.methods(ApplicationAutoScalingResponse, Tags)
    patches.replace(ApplicationAutoScalingResponse, "register_scalable_target", make)


GAPS = (
    Gap(
        id="autoscaling-tags",
        service="Application Auto Scaling",
        stock="Has no tags.",
        remedy="Keeps those of scalable targets.",
        reason="The provider reads them after every change.",
        hides="Nothing.",
        install=_add,
    ),
)
