"""What of a plan a reviewer agrees to, in a form that is the same whenever the plan would do the same.

Left out: the time, versions, what stays as it is, and attributes of existing things that the plan does not touch, so
that a plan made again an hour later has the same digest unless it would do something else. Sensitive values are
replaced before anything is written or compared.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from inferloop_deploy.plan.changes import SENSITIVE, UNKNOWN

FORMAT = 1

Normalised = dict[str, Any]


def normalise(plan: Mapping[str, Any], environment: str, cloud: str) -> Normalised:
    """Return what a plan changes, without secrets and without what changes by itself."""
    resources = [_resource(change) for change in plan.get("resource_changes", []) if is_change(change)]
    outputs = {
        name: {"actions": change["actions"], "after": shown(change)[1]}
        for name, change in sorted(plan.get("output_changes", {}).items())
        if change["actions"] != ["no-op"]
    }
    return {
        "format": FORMAT,
        "environment": environment,
        "cloud": cloud,
        "resource_changes": sorted(resources, key=lambda one: (one["address"], one.get("deposed", ""))),
        "output_changes": outputs,
    }


def digest_of(normalised: Normalised) -> str:
    """Return `sha256:` and the sum of a normalised plan."""
    text = json.dumps(normalised, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def is_change(change: Mapping[str, Any]) -> bool:
    """Tell whether an entry of `resource_changes` does something: more than reading, or staying as it is."""
    inner = change["change"]
    if inner["actions"] not in (["no-op"], ["read"]):
        return True
    return "previous_address" in change or "importing" in inner


def _resource(change: Mapping[str, Any]) -> dict[str, Any]:
    inner = change["change"]
    before, after = shown(inner)
    found: dict[str, Any] = {"address": change["address"], "actions": inner["actions"]}
    for name in ("deposed", "previous_address"):
        if name in change:
            found[name] = change[name]
    if "importing" in inner:
        found["importing"] = inner["importing"]
    if inner.get("replace_paths"):
        found["replace_paths"] = sorted(inner["replace_paths"], key=str)
    if inner["actions"] == ["update"]:
        touched = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
        found["before"] = {name: before.get(name) for name in touched}
        found["after"] = {name: after.get(name) for name in touched}
    elif "create" in inner["actions"]:
        found["after"] = after
    return found


def shown(change: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the states before and after a change with secrets replaced and unknown values marked."""
    before, after = change.get("before"), change.get("after")
    hidden_before = _hide(before, change.get("before_sensitive"), None)
    hidden_after = _hide(after, change.get("after_sensitive"), before)
    return (
        {} if hidden_before is None and isinstance(after, dict) else hidden_before,
        _mark_unknown(
            {} if hidden_after is None and isinstance(before, dict) else hidden_after, change.get("after_unknown")
        ),
    )


def _hide(value: Any, mask: Any, before: Any) -> Any:
    """Return a value with what the mask covers replaced; a secret that differs from `before` says so."""
    if mask is True:
        return SENSITIVE if before is None or before == value else f"{SENSITIVE[:-1]}, changes)"
    if isinstance(value, dict) and isinstance(mask, dict):
        return {
            key: _hide(item, mask.get(key), before.get(key) if isinstance(before, dict) else None)
            for key, item in value.items()
        }
    if isinstance(value, list) and isinstance(mask, list):
        masks = [*mask, *[None] * (len(value) - len(mask))]
        befores = before if isinstance(before, list) else []
        befores = [*befores, *[None] * (len(value) - len(befores))]
        return [_hide(*three) for three in zip(value, masks, befores, strict=False)]
    return value


def _mark_unknown(value: Any, mask: Any) -> Any:
    if mask is True:
        return UNKNOWN
    if isinstance(mask, dict) and (value is None or isinstance(value, dict)):
        known = value or {}
        marked = {key: _mark_unknown(known.get(key), inner) for key, inner in mask.items() if inner}
        return {**known, **marked} if marked else value
    if isinstance(mask, list) and isinstance(value, list):
        masks = [*mask, *[None] * (len(value) - len(mask))]
        return [_mark_unknown(item, inner) for item, inner in zip(value, masks, strict=False)]
    return value


def compare(reviewed: Normalised, current: Normalised) -> list[str]:
    """Return how a plan differs from the reviewed one, a line for each resource or output; empty where it does not."""
    return [
        *_compare("", _by_address(reviewed), _by_address(current)),
        *_compare("output ", reviewed.get("output_changes", {}), current.get("output_changes", {})),
    ]


def _by_address(normalised: Normalised) -> dict[str, Any]:
    return {
        change["address"] + (f" (deposed {change['deposed']})" if "deposed" in change else ""): change
        for change in normalised.get("resource_changes", [])
    }


def _compare(what: str, reviewed: Mapping[str, Any], current: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*reviewed, *current}):
        old, new = reviewed.get(name), current.get(name)
        if old == new:
            continue
        if new is None:
            yield f"{what}{name}: {_verb(reviewed[name])} in the reviewed plan, unchanged now"
        elif old is None:
            yield f"{what}{name}: {_verb(new)} now, was not in the reviewed plan"
        elif old["actions"] != new["actions"]:
            yield f"{what}{name}: {_verb(old)} in the reviewed plan, {_verb(new)} now"
        else:
            yield f"{what}{name}: {_verb(new)} with other values: {', '.join(_differing(old, new))}"


def _verb(change: Mapping[str, Any]) -> str:
    return " and ".join(change["actions"])


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    names = set()
    for side in ("before", "after"):
        one, other = old.get(side), new.get(side)
        if isinstance(one, dict) and isinstance(other, dict):
            names |= {name for name in {*one, *other} if one.get(name) != other.get(name)}
        elif one != other:
            names.add(side)
    return sorted(names) or sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
