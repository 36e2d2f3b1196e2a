"""A terraform stand-in, and what the tests of plan, apply and their like share."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inferloop_deploy.plan.causes import Sources
from inferloop_deploy.render.source_map import Place, SourceMap

STAND_IN = '''\
#!{python} -S
"""Stands in for terraform: notes how it was called, and does what its script says for the command."""
import json, os, signal, sys, time
from pathlib import Path

here = Path({here!r})
arguments = sys.argv[1:]
with (here / "calls.jsonl").open("a") as calls:
    calls.write(json.dumps({{
        "argv": arguments, "cwd": os.getcwd(), "pid": os.getpid(), "session": os.getsid(0) == os.getpid(),
        "environ": dict(os.environ), "stdin": os.path.realpath("/dev/stdin"),
    }}) + "\\n")
script = json.loads((here / "script.json").read_text())
command = " ".join(arguments[:2]) if arguments[0] == "state" else arguments[0]
steps = script.get(command, [{{"exit": 0}}])
count = here / ("count-" + command.replace(" ", "-"))
turn = int(count.read_text()) if count.exists() else 0
count.write_text(str(turn + 1))
step = steps[min(turn, len(steps) - 1)]

interrupts = []
if step.get("until_interrupted"):
    signal.signal(signal.SIGINT, lambda *_: interrupts.append(1))
for option in arguments:
    if option.startswith("-out="):
        Path(option[5:]).write_text(step.get("plan", "plan"))
for line in step.get("say", []):
    print(line if isinstance(line, str) else json.dumps(line), flush=True)
for line in step.get("complain", []):
    print(line, file=sys.stderr, flush=True)
if step.get("until_interrupted"):
    (here / "ready").write_text("")
    while len(interrupts) < step["until_interrupted"]:
        time.sleep(0.01)
    (here / "interrupted").write_text(str(len(interrupts)))
    print(json.dumps({{"@message": "ended in order", "type": "log"}}), flush=True)
sys.stdout.write(step.get("rest", ""))
sys.stdout.flush()
if "kill" in step:
    os.kill(os.getpid(), step["kill"])
sys.exit(step.get("exit", 0))
'''


@dataclass(frozen=True)
class StandIn:
    """A terraform that does what a test scripts."""

    program: Path

    def script(self, **commands: Sequence[Mapping[str, Any]] | Mapping[str, Any]) -> None:
        """Say what each command does; a list has one entry for each time it is called, the last for all after."""
        steps = {
            name.replace("state_", "state ").replace("_", "-"): [step] if isinstance(step, Mapping) else list(step)
            for name, step in commands.items()
        }
        steps.setdefault("version", [{"say": ['{"terraform_version": "1.11.4"}']}])
        (self.program.parent / "script.json").write_text(json.dumps(steps))

    @property
    def calls(self) -> list[dict[str, Any]]:
        """How it was called, in order."""
        path = self.program.parent / "calls.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def commands(self) -> list[str]:
        """The commands that it was called with, in order."""
        return [call["argv"][0] for call in self.calls]

    def call(self, command: str) -> dict[str, Any]:
        """Return how a command was called last."""
        return next(call for call in reversed(self.calls) if call["argv"][0] == command)


@pytest.fixture
def stand_in(tmp_path: Path) -> StandIn:
    """A terraform that does nothing yet, successfully."""
    folder = tmp_path / "stand-in"
    folder.mkdir()
    program = folder / "terraform"
    program.write_text(STAND_IN.format(python=sys.executable, here=str(folder)))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    found = StandIn(program)
    found.script()
    return found


def diagnostic(summary: str, detail: str = "", **more: Any) -> dict[str, Any]:
    """Return a diagnostic as terraform says it."""
    found = {"severity": "error", "summary": summary, "detail": detail, **more}
    return {"@level": "error", "@message": summary, "type": "diagnostic", "diagnostic": found}


@pytest.fixture
def say_error() -> Callable[..., dict[str, Any]]:
    """Make a diagnostic as terraform says it."""
    return diagnostic


def change(
    address: str,
    actions: Sequence[str],
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return an entry of `resource_changes`; further names go to where terraform has them."""
    inner: dict[str, Any] = {
        "actions": list(actions),
        "before": before,
        "after": after,
        "after_unknown": more.pop("after_unknown", {}),
        "before_sensitive": more.pop("before_sensitive", {}),
        "after_sensitive": more.pop("after_sensitive", {}),
    }
    for name in ("replace_paths", "importing"):
        if name in more:
            inner[name] = more.pop(name)
    kind = re.sub(r"\[.*", "", address).split(".")[-2]
    return {"address": address, "mode": "managed", "type": kind, "change": inner, **more}


@pytest.fixture
def resource() -> Callable[..., dict[str, Any]]:
    """Make an entry of `resource_changes`."""
    return change


YAML = "services/tabular/deployment-config.yaml"
ENVIRONMENT = "environments/dev/environment.yaml"


@pytest.fixture
def sources() -> Sources:
    """What was rendered for two services, one named like the beginning of the other."""
    values: dict[str, Any] = {}
    places: dict[str, Place] = {}

    def wrote(path: str, file: str, line: int, yaml_path: str, value: Any = None) -> None:
        places[path] = Place(file, line, 3, yaml_path, "service")
        if value is not None:
            values[path] = value

    wrote("services.tabular", YAML, 1, "")
    wrote("services.tabular.spec.service", YAML, 6, "spec.service")
    wrote("services.tabular.spec.service.replicas", YAML, 7, "spec.service.replicas", 2)
    spec = "services.tabular.spec"
    wrote(f"{spec}.dependencies", YAML, 9, "spec.dependencies")
    wrote(f"{spec}.dependencies.postgres", YAML, 10, "spec.dependencies[postgres]")
    wrote(f"{spec}.dependencies.postgres.type", YAML, 11, "spec.dependencies[postgres].type", "database")
    wrote(f"{spec}.dependencies.postgres.shared", YAML, 12, "spec.dependencies[postgres].shared", True)
    wrote(f"{spec}.dependencies.jobs", YAML, 13, "spec.dependencies[jobs]")
    wrote(f"{spec}.dependencies.jobs.type", YAML, 14, "spec.dependencies[jobs].type", "queue")
    wrote(f"{spec}.dependencies.jobs.visibility", YAML, 15, "spec.dependencies[jobs].visibility", "10m")
    wrote(f"{spec}.dependencies.jobs.retention", YAML, 16, "spec.dependencies[jobs].retention", "4d")
    wrote(f"{spec}.networking.ingress", YAML, 18, "spec.networking.ingress")
    wrote(f"{spec}.networking.ingress.rate_limit", YAML, 19, "spec.networking.ingress.rateLimit", 1000)
    other = "services/tabular-web/deployment-config.yaml"
    wrote("services.tabular-web", other, 1, "")
    wrote("services.tabular-web.spec.dependencies.assets", other, 8, "spec.dependencies[assets]")
    wrote("environment", ENVIRONMENT, 1, "")
    wrote("environment.network", ENVIRONMENT, 12, "spec.network")
    wrote("environment.network.nat", ENVIRONMENT, 13, "spec.network.nat", "single")
    wrote("eks_config", ENVIRONMENT, 20, "spec.cluster")
    wrote("eks_config.node_pools.gpu", ENVIRONMENT, 24, "spec.cluster.nodePools[gpu]")
    source_map = SourceMap("dev", "aws", ("tabular", "tabular-web"), places)
    return Sources(source_map, values)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment with little in it, and a home of its own."""
    home = tmp_path / "home"
    home.mkdir()
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home)}
