"""Reading a state: what was applied, for which service.

The form is that of `terraform state pull`, version 4 (https://developer.hashicorp.com/terraform/cli/commands/state/pull).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inferloop_deploy.errors import InferloopError
from inferloop_deploy.plan.addresses import Address, read_address
from inferloop_deploy.plan.causes import service_of

VERSION = 4


@dataclass(frozen=True)
class AppliedResource:
    """One resource that exists as far as the state knows; `service` is empty for the environment's own."""

    address: Address
    service: str
    id: str


@dataclass(frozen=True)
class AppliedState:
    """What the state knows."""

    serial: int
    terraform: str
    resources: tuple[AppliedResource, ...]

    def by_service(self) -> dict[str, tuple[AppliedResource, ...]]:
        """Return the resources by service, the environment's own first."""
        services = sorted({resource.service for resource in self.resources})
        return {name: tuple(one for one in self.resources if one.service == name) for name in services}


def read_state(document: Mapping[str, Any], services: Iterable[str]) -> AppliedState:
    """Return what a state knows; raises InferloopError where it has a form that is not known."""
    if document.get("version") != VERSION:
        raise InferloopError(
            f"The state has version {document.get('version')}, and only {VERSION} is known.",
            "Use a newer inferloop-deploy.",
        )
    known = tuple(services)
    resources = tuple(sorted(_resources(document, known), key=lambda one: (one.service, one.address.text)))
    return AppliedState(int(document["serial"]), str(document["terraform_version"]), resources)


def _resources(document: Mapping[str, Any], services: tuple[str, ...]) -> Iterator[AppliedResource]:
    for resource in document.get("resources", []):
        if resource["mode"] != "managed":
            continue
        base = f"{resource['module']}." if "module" in resource else ""
        for instance in resource["instances"]:
            if "deposed" in instance:
                continue
            key = instance.get("index_key")
            index = "" if key is None else f"[{json.dumps(key, ensure_ascii=False)}]"
            address = read_address(f"{base}{resource['type']}.{resource['name']}{index}")
            attributes = instance.get("attributes") or {}
            tags = attributes.get("tags") or attributes.get("tags_all") or {}
            tags = tags if isinstance(tags, dict) else {}
            yield AppliedResource(address, service_of(address, tags, services), str(attributes.get("id", "")))
