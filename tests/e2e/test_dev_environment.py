"""The main proof: the full dev environment, applied, planned again, looked at and destroyed, on the local sandbox.

It runs once for all tests of this file, in a copy of the platform, with the command line as a person uses it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import jsonschema
import pytest

from inferloop_deploy.errors import CHANGES

pytestmark = [pytest.mark.e2e, pytest.mark.terraform, pytest.mark.slow, pytest.mark.xdist_group("dev environment")]

DEV = ("--env", "dev", "--sandbox", "--stage", "infrastructure")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What it printed as JSON, of the one stage where it is about stages."""
        found = json.loads(self.out)
        return found["stages"][0] if "stages" in found else found


@dataclass
class Story:
    """What happened, command by command."""

    root: Path
    ended: dict[str, Ended] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    """The value of every secret there is, as it was put there after the apply."""

    def run(self, name: str, *arguments: str) -> Ended:
        """Run a command and keep how it ended under a name."""
        finished = subprocess.run(
            [
                sys.executable,
                "-c",
                "from inferloop_deploy.cli import main; main()",
                "--root",
                str(self.root),
                *arguments,
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        )
        self.ended[name] = Ended(finished.returncode, finished.stdout, finished.stderr)
        return self.ended[name]

    def put_secrets(self) -> None:
        """Give each secret a value, as people and rotation do."""
        port = json.loads((self.root / "build/sandbox/server.json").read_text())["port"]
        client = boto3.client(
            "secretsmanager",
            endpoint_url=f"http://127.0.0.1:{port}",
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
            region_name="us-east-1",
        )
        for secret in client.list_secrets(MaxResults=100)["SecretList"]:
            value = f"correct-horse-{len(self.secrets)}-battery-staple"
            client.put_secret_value(SecretId=secret["ARN"], SecretString=value)
            self.secrets.append(value)

    def __getitem__(self, name: str) -> Ended:
        if name not in self.ended:
            pytest.fail(
                f"it did not come to {name}, because the apply failed:\n{self.ended['apply'].err}", pytrace=False
            )
        return self.ended[name]


@pytest.fixture(scope="session")
def dev(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Apply, plan again, look, destroy and look again."""
    root = tmp_path_factory.mktemp("platform")
    for name in ("environments", "services", "providers", "modules"):
        shutil.copytree(
            repository / name, root / name, symlinks=True, ignore=shutil.ignore_patterns(".terraform", "tests")
        )
    story = Story(root)
    try:
        story.run("first plan", "plan", *DEV, "--output", "json")
        if story.run("apply", "apply", *DEV, "--yes", "--output", "json").code == 0:
            story.put_secrets()
            story.run("second plan", "plan", *DEV, "--output", "json")
            story.run("drift", "drift", *DEV, "--output", "json")
            story.run("status", "status", *DEV, "--output", "json")
            story.run("outputs", "output", *DEV, "--output", "json")
        story.run("destroy", "destroy", *DEV, "--yes", "--output", "json")
        story.run("status after", "status", *DEV, "--output", "json")
        yield story
    finally:
        story.run("stop", "sandbox", "stop")


def test_everything_is_applied(dev: Story) -> None:
    assert dev["first plan"].code == CHANGES, dev["first plan"].err
    assert dev["apply"].code == 0, dev["apply"].err
    assert dev["apply"].document["applied"] is True
    assert dev["apply"].document["plan"]["digest"] == dev["first plan"].document["digest"]


def test_the_second_plan_is_empty(dev: Story) -> None:
    plan = dev["second plan"]
    assert plan.code == 0, json.dumps(plan.document["changes"], indent=2)
    assert plan.document["changes"] == []
    assert plan.document["outputs"] == []


def test_nothing_drifts_by_itself(dev: Story) -> None:
    assert dev["drift"].code == 0, json.dumps(dev["drift"].document["drift"], indent=2)


def test_each_service_has_got_what_its_yaml_asks_for(dev: Story) -> None:
    planned = {change["address"]: change for change in dev["first plan"].document["changes"]}
    applied = {one["address"]: one["service"] for one in dev["status"].document["resources"]}
    assert set(applied) == set(planned)
    for service in ("tabular", "textnlp", "syndoc"):
        file = f"services/{service}/deployment-config.yaml"
        own = [planned[address] for address, owner in applied.items() if owner == service]
        assert len(own) > 10
        for change in own:
            assert [cause for cause in change["caused_by"] if cause["file"] == file], change["address"]


def test_everything_of_the_environment_leads_to_a_line(dev: Story) -> None:
    lost = [change["address"] for change in dev["first plan"].document["changes"] if not change["caused_by"]]
    assert lost == []


def test_the_output_platform_follows_its_schema(dev: Story, repository: Path) -> None:
    schema = json.loads((repository / "modules/base/platform.schema.json").read_text())
    platform = dev["outputs"].document["platform"]
    jsonschema.Draft202012Validator(schema).validate(platform)
    assert (platform["environment"], platform["cloud"]) == ("dev", "aws")


def test_the_values_of_secrets_are_in_nothing_that_was_written_or_printed(dev: Story) -> None:
    assert len(dev.secrets) >= 2
    written = [path for path in (dev.root / "build").rglob("*") if path.is_file() and ".terraform" not in path.parts]
    assert len(written) > 5
    texts = {str(path): path.read_text(encoding="utf-8", errors="replace") for path in written}
    texts |= {f"what {name} printed": ended.out + ended.err for name, ended in dev.ended.items()}
    for value in dev.secrets:
        assert [name for name, text in texts.items() if value in text] == []


def test_destroy_leaves_nothing(dev: Story) -> None:
    assert dev["destroy"].code == 0, dev["destroy"].err
    assert dev["status after"].document["resources"] == []
    assert dev["status after"].document["lock"] is None
