"""Policies in requests."""

from __future__ import annotations

import json
from typing import Any

import yaml

from inferloop_synthetic.api.problems import FieldProblem, invalid
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.policy import default_policy_text, parse_policy


def policy_text(given: object) -> str | None:
    """Return a request's policy as text, checked; `default` is the built-in one, None is none."""
    if given is None:
        return None
    if given == "default":
        return default_policy_text()
    if not isinstance(given, dict):
        raise invalid([FieldProblem(field="policy", message="is `default`, or an object as in a policy file")])
    text = json.dumps(given)
    try:
        parse_policy(text, "policy")
    except InputError as error:
        raise invalid(
            [FieldProblem(field="policy", message=str(error))], "The documentation lists what a policy may require."
        ) from None
    return text


def policy_tree(given: object) -> dict[str, Any] | None:
    """Return a request's policy as an object, checked."""
    text = policy_text(given)
    return None if text is None else dict(yaml.safe_load(text))
