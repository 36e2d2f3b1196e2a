"""The demonstration, with a terraform stand-in and a sandbox that is only said to run."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from inferloop_deploy import demo as demo_module
from inferloop_deploy import stage
from inferloop_deploy.cli import run
from inferloop_deploy.clouds import Backend, Identity
from inferloop_deploy.demo import Demo, what_was_made
from inferloop_deploy.errors import FAILED, USAGE
from inferloop_deploy.plan.causes import Sources
from inferloop_deploy.sandbox.lifecycle import Sandbox
from inferloop_deploy.state import read_state

Resource = Callable[..., dict[str, Any]]
QUEUE = 'module.platform.module.queue.aws_sqs_queue.this["tabular-jobs"]'
STATE = {
    "version": 4, "terraform_version": "1.11.4", "serial": 3,
    "resources": [
        {"module": "module.platform.module.queue", "mode": "managed", "type": "aws_sqs_queue", "name": "this",
         "instances": [{"index_key": "tabular-jobs", "attributes": {}}]},
        {"module": "module.platform.module.queue", "mode": "managed", "type": "aws_sqs_queue", "name": "dead",
         "instances": [{"index_key": "tabular-jobs", "attributes": {}}]},
        {"module": "module.platform.module.network", "mode": "managed", "type": "aws_vpc", "name": "this",
         "instances": [{"attributes": {}}]},
        {"module": "module.gone", "mode": "managed", "type": "aws_x", "name": "y",
         "instances": [{"attributes": {"tags": {"Service": "removed"}}}]},
    ],
}  # fmt: skip
EMPTY = {**STATE, "resources": []}


class Place:
    """A cloud whose state has a place."""

    name = "aws"
    holds_data: dict[str, str] = {}  # noqa: RUF012
    moves_by_itself: dict[str, frozenset[str]] = {}  # noqa: RUF012

    def identity(self, environment: Any) -> Identity:
        return Identity("123456789012", "sandbox")

    def backend(self, environment: Any, account: str, stage: str) -> Backend:
        return Backend({"bucket": "b"}, "s3://b")

    def state_store(self, environment: Any, backend: Backend) -> Place:
        return self

    def exists(self) -> bool:
        return True


@pytest.fixture
def root(
    make_project: Callable[..., Path], stand_in: Any, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Path:
    monkeypatch.setenv("INFERLOOP_TERRAFORM", str(stand_in.program))
    monkeypatch.setenv("HOME", environ["HOME"])
    monkeypatch.setattr(stage, "find_cloud", lambda name, settings=None: Place())
    (Path(environ["HOME"]) / ".terraformrc").write_text("")
    monkeypatch.delenv("TF_CLI_CONFIG_FILE", raising=False)
    return make_project({"providers/aws/versions.tf": "", "modules/x/main.tf": ""})


@pytest.fixture
def sandboxes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    happened: list[str] = []

    @contextmanager
    def pretend(folder: Path) -> Iterator[Sandbox]:
        happened.append("started")
        try:
            yield Sandbox(4566, os.getpid(), "now")
        finally:
            happened.append("stopped")

    monkeypatch.setattr(demo_module, "temporary", pretend)
    return happened


def script(stand_in: Any, resource: Resource, second: dict[str, Any] | None = None, **more: Any) -> None:
    created = {"resource_changes": [resource(QUEUE, ["create"], after={})]}
    deleted = {"resource_changes": [resource(QUEUE, ["delete"], before={})]}
    commands: dict[str, Any] = {
        "plan": [{"exit": 2}, {"exit": 0}, {"exit": 0}, {"exit": 2}],
        "show": [{"say": [created]}, {"say": [second or {}]}, {"say": [deleted]}],
        "output": {"say": ["{}"]},
        "state_pull": [{"say": [STATE]}, {"say": [EMPTY]}],
    }
    stand_in.script(**{**commands, **more})


def test_the_demo_goes_from_the_files_to_nothing_left(
    root: Path, stand_in: Any, resource: Resource, sandboxes: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    script(stand_in, resource)
    assert run(["--root", str(root), "demo"]) == 0
    out, err = capsys.readouterr()
    assert sandboxes == ["started", "stopped"]
    assert stand_in.commands == [
        "version", "init", "plan", "show", "apply", "plan", "output",
        "plan", "show", "state", "plan", "show", "apply", "state",
    ]  # fmt: skip
    assert "Service tabular: 2 resources" in out
    assert "services/tabular/deployment-config.yaml:17 spec.dependencies[jobs]\n      aws_sqs_queue x2" in out
    assert "Environment dev itself: 1 resource" in out
    assert "  not asked for by any line\n      aws_x" in out
    assert "Nothing is left running." in out
    assert "1 service valid: tabular" in err
    assert "nothing to change: what is there is what the files say" in err


def test_the_demo_for_machines_is_json_alone(
    root: Path, stand_in: Any, resource: Resource, sandboxes: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    script(stand_in, resource)
    assert run(["--root", str(root), "demo", "--output", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["made"][0]["service"] == "removed"
    assert {one["service"]: sum(one["resources"].values()) for one in document["made"]} == {
        "removed": 1, "tabular": 2, None: 1,
    }  # fmt: skip
    assert list(document["seconds"])[-1] == "Stop the sandbox"


def test_a_second_plan_that_is_not_empty_fails_with_what_it_would_change(
    root: Path, stand_in: Any, resource: Resource, sandboxes: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    script(stand_in, resource, {"resource_changes": [resource(QUEUE, ["update"], {"delay": 1}, {"delay": 2})]})
    assert run(["--root", str(root), "demo"]) == FAILED
    assert "The second plan is not empty:" in capsys.readouterr().err
    assert sandboxes == ["started", "stopped"]


def test_what_destroy_leaves_is_named(
    root: Path, stand_in: Any, resource: Resource, sandboxes: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    script(stand_in, resource, state_pull={"say": [STATE]})
    assert run(["--root", str(root), "demo"]) == FAILED
    assert (
        f"Left after destroy: module.platform.module.network.aws_vpc.this, {QUEUE}"
        in capsys.readouterr()
        .err.replace('module.platform.module.queue.aws_sqs_queue.dead["tabular-jobs"], ', "")
        .replace("module.gone.aws_x.y, ", "")
    )


def test_a_failed_apply_stops_the_sandbox(
    root: Path, stand_in: Any, resource: Resource, sandboxes: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    script(stand_in, resource, apply={"exit": 1})
    assert run(["--root", str(root), "demo"]) == FAILED
    assert sandboxes == ["started", "stopped"]


def test_invalid_files_start_nothing(
    root: Path, stand_in: Any, sandboxes: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "services/tabular/deployment-config.yaml").write_text("apiVersion: v2\n")
    assert run(["--root", str(root), "demo"]) == USAGE
    assert sandboxes == []
    assert stand_in.calls == []


def test_phases_out_of_their_order_are_refused() -> None:
    one: Any = Demo(None, None, {}, None, None)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="in their order"):
        one._render()


def test_what_was_made_is_by_service_and_line_with_the_environment_last(sources: Sources) -> None:
    made = what_was_made(read_state(STATE, sources.services), sources)
    assert [(one.service, str(one.cause or "")) for one in made] == [
        ("removed", ""),
        ("tabular", "services/tabular/deployment-config.yaml:13 spec.dependencies[jobs]"),
        ("", "environments/dev/environment.yaml:12 spec.network"),
    ]
    assert made[1].resources == {"aws_sqs_queue": 2}
