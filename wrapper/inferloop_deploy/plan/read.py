"""From terraform's JSON to the changes that people talk about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from inferloop_deploy.plan.addresses import read_address
from inferloop_deploy.plan.causes import Sources, causes_of, service_of
from inferloop_deploy.plan.changes import (
    ORDER,
    Action,
    AttributeChange,
    PlannedChange,
    ServiceChanges,
)
from inferloop_deploy.plan.digest import Normalised, digest_of, is_change, normalise, shown
from inferloop_deploy.plan.releases import TYPE as RELEASE
from inferloop_deploy.plan.releases import release_attributes


@dataclass(frozen=True)
class Plan:
    """A plan as its reviewer sees it."""

    environment: str
    cloud: str
    changes: tuple[PlannedChange, ...]
    outputs: tuple[str, ...]
    normalised: Normalised
    digest: str

    @property
    def empty(self) -> bool:
        """Whether nothing would change."""
        return not self.changes and not self.outputs

    @property
    def counts(self) -> dict[Action, int]:
        """How many resources each action is for; actions that there are."""
        counted = Counter(change.action for change in self.changes)
        return {action: counted[action] for action in ORDER if counted[action]}

    @property
    def destructive(self) -> tuple[PlannedChange, ...]:
        """What exists now and would go away."""
        return tuple(change for change in self.changes if change.destructive)

    @property
    def services(self) -> tuple[ServiceChanges, ...]:
        """The changes by service, the environment's own first."""
        ordered = sorted(self.changes, key=lambda change: change.service)
        return tuple(
            ServiceChanges(service, tuple(changes)) for service, changes in groupby(ordered, lambda one: one.service)
        )

    def as_json(self) -> dict[str, object]:
        """Return the plan as `--output json` prints it."""
        return {
            "environment": self.environment,
            "cloud": self.cloud,
            "digest": self.digest,
            "summary": dict(self.counts),
            "changes": [change.as_json() for change in self.changes],
            "outputs": list(self.outputs),
        }


REASONS = {
    "replace_because_tainted": "an earlier apply left it half made",
    "replace_because_cannot_update": "{attributes} cannot be changed in place",
    "replace_by_request": "a person asked for it",
    "replace_by_triggers": "something it depends on is replaced",
    "delete_because_no_resource_config": "the module does not make it any more",
    "delete_because_wrong_repetition": "the module makes it in another form",
    "delete_because_count_index": "the module makes fewer of them",
    "delete_because_each_key": "no configuration asks for it any more",
    "delete_because_no_module": "its module is not used any more",
    "delete_because_no_move_target": "it was moved to a place that does not exist",
}
"""Terraform's `action_reason`, in words."""


def read_plan(shown_plan: Mapping[str, Any], sources: Sources, holds_data: Mapping[str, str]) -> Plan:
    """Return a plan from what `terraform show -json` printed.

    `holds_data` tells by resource type what data goes when such a resource is destroyed.
    """
    source_map = sources.source_map
    normalised = normalise(shown_plan, source_map.environment, source_map.cloud)
    changes = [
        _change(entry, sources, holds_data) for entry in shown_plan.get("resource_changes", []) if is_change(entry)
    ]
    return Plan(
        source_map.environment,
        source_map.cloud,
        tuple(sorted(changes, key=lambda one: (ORDER.index(one.action), one.service, one.address))),
        tuple(normalised["output_changes"]),
        normalised,
        digest_of(normalised),
    )


def read_drift(
    shown_plan: Mapping[str, Any], sources: Sources, moves_by_itself: Mapping[str, frozenset[str]]
) -> tuple[PlannedChange, ...]:
    """Return what is different in the cloud from what the state says, from a plan made with `-refresh-only`.

    `moves_by_itself` names by resource type the attributes that the cloud changes without anybody's doing. A
    difference that nobody can see (terraform reports some where only its own bookkeeping changed) is none.
    """
    found = [_change(entry, sources, {}) for entry in shown_plan.get("resource_drift", []) if is_change(entry)]
    drifted = [
        replace(one, attributes=tuple(a for a in one.attributes if a.name not in moves_by_itself.get(one.type, ())))
        for one in found
    ]
    drifted = [one for one in drifted if one.attributes or one.action != "update"]
    return tuple(sorted(drifted, key=lambda one: (ORDER.index(one.action), one.service, one.address)))


def _change(entry: Mapping[str, Any], sources: Sources, holds_data: Mapping[str, str]) -> PlannedChange:
    inner = entry["change"]
    address = read_address(entry["address"])
    action = _action(entry)
    service = service_of(address, _tags(inner), sources.services)
    attributes = _attributes(inner, address.type) if action in ("update", "replace") else ()
    deciding = [one for one in attributes if one.forces_replacement] or attributes
    changed = {one.name: one.after for one in deciding}
    destructive = action in ("delete", "replace")
    return PlannedChange(
        address=entry["address"] + (f" (deposed {entry['deposed']})" if "deposed" in entry else ""),
        type=address.type,
        action=action,
        service=service,
        causes=() if action == "delete" else causes_of(address, service, changed, sources),
        attributes=attributes,
        reason=_reason(entry, attributes) if destructive else "",
        loses=holds_data.get(address.type, "") if destructive else "",
    )


def _action(entry: Mapping[str, Any]) -> Action:
    actions = entry["change"]["actions"]
    if "delete" in actions:
        return "replace" if "create" in actions else "delete"
    if "forget" in actions:
        return "forget"
    if "importing" in entry["change"]:
        return "import"
    if actions == ["no-op"]:
        return "move"
    return "create" if actions == ["create"] else "update"


def _tags(change: Mapping[str, Any]) -> Mapping[str, object]:
    for side in ("after", "before"):
        state = change.get(side)
        if isinstance(state, dict):
            for name in ("tags", "tags_all"):
                if isinstance(state.get(name), dict) and "Service" in state[name]:
                    found: dict[str, object] = state[name]
                    return found
    return {}


def _attributes(change: Mapping[str, Any], kind: str) -> tuple[AttributeChange, ...]:
    before, after = shown(change)
    if kind == RELEASE and change["actions"] == ["update"]:
        return tuple(release_attributes(before, after))
    forcing = {str(path[0]) for path in change.get("replace_paths") or [] if path}
    names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    replacing = "delete" in change["actions"]
    return tuple(
        AttributeChange(name, before.get(name), after.get(name), name in forcing)
        for name in names
        # The new object's own attributes are always unknown when one is replaced: they tell nothing.
        if not replacing or name in forcing or not _only_unknown(after.get(name))
    )


def _only_unknown(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("(known after")


def _reason(entry: Mapping[str, Any], attributes: tuple[AttributeChange, ...]) -> str:
    if "deposed" in entry:
        return "it is what an interrupted replacement left behind"
    words = REASONS.get(entry.get("action_reason", ""), "")
    forcing = [one.name for one in attributes if one.forces_replacement]
    return words.format(attributes=", ".join(forcing) or "what it is") if words else ""
