"""What changes in a Helm release, told by the values that change instead of by one long text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from inferloop_deploy.plan.changes import AttributeChange
from inferloop_deploy.plan.differences import differences

TYPE = "helm_release"
TOLD_BY_HELM = frozenset({"id", "manifest", "metadata", "resources", "status"})
"""What the provider reads back from Helm: it changes with every release, and says nothing that the values do not."""
RELEASES_MOVE: Mapping[str, frozenset[str]] = {TYPE: TOLD_BY_HELM}


def release_attributes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[AttributeChange]:
    """Yield what changes in a release: the places in its values that differ, then its other attributes."""
    old, new = _values(before.get("values")), _values(after.get("values"))
    if old is not None and new is not None:
        for path, one, other in differences(old, new):
            yield AttributeChange(path.removeprefix("."), one, other)
    elif before.get("values") != after.get("values"):
        yield AttributeChange("values", before.get("values"), after.get("values"))
    for name in sorted({*before, *after} - TOLD_BY_HELM - {"values"}):
        if before.get(name) != after.get(name):
            yield AttributeChange(name, before.get(name), after.get(name))


def _values(texts: Any) -> dict[str, Any] | None:
    """Return the values of a release as one object, or None where they are hidden, not known yet, or no YAML."""
    if not isinstance(texts, list):
        return None
    whole: dict[str, Any] = {}
    for text in texts:
        try:
            read = yaml.safe_load(text) if isinstance(text, str) else None
        except yaml.YAMLError:
            return None
        if not isinstance(read, dict):
            return None
        whole = _laid_over(whole, read)
    return whole


def _laid_over(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as Helm merges them: maps by key, anything else by the last."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = _laid_over(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged
