"""A plan as its reviewer reads it: what goes away first, then service by service, each change with its line of YAML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from inferloop_deploy.plan import Action, AttributeChange, Cause, Plan, PlannedChange
from inferloop_deploy.plan.differences import differences
from inferloop_deploy.report.lines import Line, count
from inferloop_deploy.target import StageName

MARKS: dict[Action, tuple[str, str, str]] = {
    "create": ("+", "create", "green"),
    "update": ("~", "change", "yellow"),
    "replace": ("!", "REPLACE", "bold red"),
    "delete": ("-", "DESTROY", "bold red"),
    "forget": (".", "forget", "magenta"),
    "move": (">", "move", "cyan"),
    "import": ("=", "import", "cyan"),
}
"""By action: its mark, its verb and its style."""

LONGEST = 100
MOST_ATTRIBUTES = 8


def summary(plan: Plan) -> str:
    """Return the plan in one line: `3 to create, 1 to REPLACE`."""
    parts = [f"{number} to {MARKS[action][1]}" for action, number in plan.counts.items()]
    if plan.outputs:
        parts.append(f"{count(len(plan.outputs), 'output')} to change")
    return ", ".join(parts) or "no changes"


def what(plan: Plan, stage: StageName) -> str:
    """Return what a plan is about: the environment, or the services in it."""
    where = f"{plan.environment} on {plan.cloud}"
    return where if stage == "infrastructure" else f"the services in {where}"


def plan_lines(plan: Plan, stage: StageName = "infrastructure") -> Iterator[Line]:
    """Yield the lines of a plan."""
    yield Line(f"Plan for {what(plan, stage)}: {summary(plan)}.", "bold")
    if plan.destructive:
        yield Line()
        yield Line(f"GOES AWAY: {count(len(plan.destructive), 'resource')}", "bold red")
        yield from _change_lines(plan.destructive)
    for group in plan.services:
        kept = [change for change in group.changes if not change.destructive]
        if kept:
            yield Line()
            yield Line(heading(group.service, plan.environment), "bold")
            yield from _by_cause(kept)
    if not plan.empty:
        yield Line()
        yield Line(f"Digest {plan.digest}")


def _by_cause(changes: Sequence[PlannedChange]) -> Iterator[Line]:
    """Yield changes under the lines of YAML that they come from, in the order of those lines."""
    groups: dict[tuple[Cause, ...], list[PlannedChange]] = {}
    for change in changes:
        groups.setdefault(change.causes, []).append(change)
    for causes in sorted(groups, key=lambda one: [(cause.file, cause.line) for cause in one]):
        for cause in causes:
            yield Line(f"  {cause}", "cyan")
        for change in groups[causes]:
            yield from _change_lines([replace(change, causes=())], "    ")


def heading(service: str, environment: str) -> str:
    """Return how a group of resources is called."""
    return f"Service {service}" if service else f"Environment {environment} itself"


def _change_lines(changes: Sequence[PlannedChange], indent: str = "  ") -> Iterator[Line]:
    for change in changes:
        mark, verb, style = MARKS[change.action]
        yield Line(f"{indent}{mark} {verb} {change.address}", style)
        if change.loses:
            yield Line(f"{indent}    loses {change.loses}", "red")
        if change.reason:
            yield Line(f"{indent}    because {change.reason}")
        shown = change.attributes[:MOST_ATTRIBUTES]
        for attribute in shown:
            yield from (Line(f"{indent}    {text}") for text in _attribute_lines(attribute))
        if len(change.attributes) > len(shown):
            yield Line(f"{indent}    and {count(len(change.attributes) - len(shown), 'attribute')} more")
        for cause in change.causes:
            yield Line(f"{indent}    {cause}", "dim")


def _attribute_lines(attribute: AttributeChange) -> Iterator[str]:
    """Yield an attribute's change; of a large one the places within it that differ."""
    forces = " (cannot be changed in place)" if attribute.forces_replacement else ""
    before, after = attribute.before, attribute.after
    if isinstance(before, dict | list) and isinstance(after, dict | list) and len(_text(before)) > LONGEST:
        found = list(differences(before, after))
        for path, old, new in found[:MOST_ATTRIBUTES]:
            yield f"{attribute.name}{path}: {_short(old)} -> {_short(new)}{forces}"
        if len(found) > MOST_ATTRIBUTES:
            yield f"{attribute.name}: and {count(len(found) - MOST_ATTRIBUTES, 'place')} more"
        return
    yield f"{attribute.name}: {_short(before)} -> {_short(after)}{forces}"


def _short(value: Any) -> str:
    if isinstance(value, str) and value.startswith("("):
        return value
    text = "(none)" if value is None else _text(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def drift_lines(
    changes: Sequence[PlannedChange], environment: str, cloud: str, stage: StageName = "infrastructure"
) -> Iterator[Line]:
    """Yield what differs in the cloud, or in the cluster, from what was applied."""
    where = f"{environment} on {cloud}" if stage == "infrastructure" else f"the services in {environment} on {cloud}"
    if not changes:
        said = f"{where} is as it was applied." if stage == "infrastructure" else f"No drift: {where} are as released."
        yield Line(said, "bold")
        return
    verb = "differs" if len(changes) == 1 else "differ"
    yield Line(f"{count(len(changes), 'resource')} of {where} {verb} from what was applied.", "bold")
    for change in changes:
        gone = change.action == "delete"
        yield Line(f"  {'-' if gone else '~'} {'gone' if gone else 'changed'} {change.address}", "yellow")
        for attribute in change.attributes[:MOST_ATTRIBUTES]:
            yield from (Line(f"      {text}") for text in _attribute_lines(attribute))
        for cause in change.causes:
            yield Line(f"      {cause}", "dim")
    yield Line()
    yield Line("`inferloop-deploy plan` shows how an apply would put it back; nothing was changed.")


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
