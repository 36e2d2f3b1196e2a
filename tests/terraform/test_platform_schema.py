"""The output `platform` of every root has one form, modules/base/platform.schema.json, and never holds a secret."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from terraform_tree import Tree

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "modules" / "base" / "platform.schema.json").read_text())
PLATFORM = jsonschema.Draft202012Validator(SCHEMA)


def faults(platform: Any) -> list[str]:
    """Return where a platform is not of the form, and why."""
    return [f"{'.'.join(map(str, error.path))}: {error.message}" for error in PLATFORM.iter_errors(platform)]


@pytest.fixture(scope="module")
def platforms(tree: Tree) -> dict[str, Any]:
    """The output of each run that providers/aws is tested with, by the run's name, as far as it is known."""
    tree.succeed("providers/aws", "init", "-input=false", "-backend=false", "-no-color")
    printed = tree.succeed("providers/aws", "test", "-json", "-verbose", "-filter=tests/everything.tftest.hcl")
    events = [json.loads(line) for line in printed.splitlines()]
    return {
        event["@testrun"]: event["test_state"]["outputs"]["platform"]["value"]
        for event in events
        if event["type"] == "test_state"
    }


@pytest.mark.terraform
def test_the_platform_of_aws_follows_the_schema(platforms: dict[str, Any]) -> None:
    platform = platforms["each_service_gets_what_its_file_asks_for"]

    assert faults(platform) == []
    assert all(platform[part] for part in SCHEMA["properties"] if part != "placeholder"), "every part shows something"


@pytest.mark.terraform
def test_the_platform_tells_where_secrets_are_and_not_what_they_are(platforms: dict[str, Any]) -> None:
    platform = platforms["each_service_gets_what_its_file_asks_for"]
    stores = [*platform["databases"].values(), *platform["caches"].values()]
    named = [store["secret"] for service in stores for store in service.values() if store["secret"] is not None]
    named += [secret for service in platform["secret_store"]["secrets"].values() for secret in service.values()]

    assert named
    assert all(secret.startswith("arn:aws:secretsmanager:") for secret in named)
    assert "password" not in json.dumps(platform).lower()


def change(*path: str, to: Any) -> Callable[[Any], None]:
    """Return a function that sets one value of a platform."""

    def apply(platform: Any) -> None:
        for step in path[:-1]:
            platform = platform[step]
        platform[path[-1]] = to

    return apply


@pytest.mark.terraform
@pytest.mark.parametrize(
    ("damage", "where"),
    [
        (change("password", to="hidden"), "Additional properties"),
        (change("cloud", to="mars"), "cloud"),
        (change("cluster", "endpoint", to="http://open"), "cluster.endpoint"),
        (change("databases", "tabular", "postgres", "password", to="x"), "databases.tabular.postgres"),
        (change("databases", "tabular", "postgres", "port", to="5432"), "databases.tabular.postgres.port"),
        (change("databases", "tabular", "postgres", "secret", to="arn"), "databases.tabular.postgres.secret"),
        (change("databases", "tabular", "old", "secret", to=None), "databases.tabular.old.secret"),
        (change("identities", "tabular", to={}), "identities.tabular"),
    ],
)
def test_what_is_not_of_the_form_is_refused(
    platforms: dict[str, Any], damage: Callable[[Any], None], where: str
) -> None:
    platform = copy.deepcopy(platforms["each_service_gets_what_its_file_asks_for"])
    damage(platform)

    assert any(where in fault for fault in faults(platform))


def test_each_part_of_the_schema_is_described_and_closed() -> None:
    def check(schema: dict[str, Any], path: str) -> None:
        if "properties" in schema:
            assert "additionalProperties" in schema, f"{path} is open"
        for name, part in schema.get("properties", {}).items():
            assert part.get("description", "").endswith("."), f"{path}.{name} is not described"
            check(part, f"{path}.{name}")
        for keyword in ("additionalProperties", "items"):
            if isinstance(schema.get(keyword), dict):
                check(schema[keyword], f"{path}.*")

    check(SCHEMA, "platform")
