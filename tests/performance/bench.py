"""Benchmarks: how validate and render grow with the number of services, what the wrapper adds to a plan, and manifests.

Prints times and ratios; nothing passes or fails by them. `make bench` runs it; `--only services|plan|manifests`
runs one part, `--rounds N` sets how often each measurement is taken.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from inferloop_deploy.cli import run as command_line
from inferloop_deploy.clouds.aws import Aws
from inferloop_deploy.manifests import placeholder_platform, releases, rendered
from inferloop_deploy.sandbox.lifecycle import Sandbox, temporary
from inferloop_deploy.sandbox.overlay import overlay
from inferloop_deploy.target import Target, load
from inferloop_deploy.terraform import find_terraform, own_environment, plugin_environment

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-c", "from inferloop_deploy.cli import main; main()"]
SIZES = (3, 50, 500)
AIM_SECONDS = 2.0
AIM_SHARE = 5.0
AIM_MANIFESTS = 3.0
MANIFESTS = 50
ACCOUNT = "123456789012"
"""The sandbox's account."""

SERVICE = """\
apiVersion: v1
kind: ServiceConfig
metadata:
  name: {name}
  team: team-{number}
  labels: {{part-of: bench}}
spec:
  service:
    type: api
    replicas: 3
    image: {{tag: "1.0"}}
    resources: {{cpu: "1", memory: 2Gi}}
    env:
      - {{name: DATABASE, value: "${{dependencies.postgres.host}}"}}
      - {{name: LOG_LEVEL, value: info}}
    health:
      liveness: {{path: /live}}
      readiness: {{path: /ready, period: 5s}}
  dependencies:
    - {{name: postgres, type: database, shared: true}}
    - {{name: redis, type: cache, shared: true}}
    - {{name: datasets, type: storage, lifecycle: {{expireAfter: 90d}}}}
    - {{name: jobs, type: queue, visibility: 10m}}
  networking:
    ingress: {{enabled: true, path: /api/{name}, rateLimit: 1000}}
    serviceMesh: {{enabled: true, retries: 3, timeout: 30s}}
  monitoring:
    metrics: {{enabled: true, path: /metrics}}
    tracing: {{enabled: true, samplingRate: 0.1}}
  slo: {{availability: 99.9, latencyP95: 300ms}}
environments:
  dev:
    spec:
      service: {{replicas: 1}}
"""


@dataclass(frozen=True)
class Measured:
    """Wall times of one thing, in seconds."""

    seconds: tuple[float, ...]

    @property
    def best(self) -> float:
        """The shortest: the one that other work on the machine disturbed least."""
        return min(self.seconds)

    @property
    def median(self) -> float:
        """The one in the middle."""
        return statistics.median(self.seconds)


def timed(work: Callable[[], object]) -> float:
    """Return how long something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def processor_seconds(work: Callable[[], object]) -> float:
    """Return how much processor time the processes use that something starts: what a busy machine does not change."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def make_project(root: Path, services: int) -> Path:
    """Write a project with this many services and the shipped environments' dev; return its root."""
    for name in ("environment.yaml", "aws.yaml"):
        path = root / "environments" / "dev" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((ROOT / "environments" / "dev" / name).read_text(encoding="utf-8"), encoding="utf-8")
    shipped = sorted(path.name for path in (ROOT / "services").iterdir())  # the environment has budgets for them
    for number, name in enumerate([*shipped, *(f"service-{index}" for index in range(services))][:services]):
        path = root / "services" / name / "deployment-config.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SERVICE.format(name=name, number=number % 7), encoding="utf-8")
    return root


def call(arguments: Sequence[str], *, accept: Sequence[int] = (0,), environ: Mapping[str, str] | None = None) -> None:
    """Run a command to its end; its output is shown only where it fails."""
    finished = subprocess.run(arguments, capture_output=True, text=True, check=False, env=environ)
    if finished.returncode not in accept:
        sys.exit(f"{' '.join(arguments)} failed ({finished.returncode}):\n{finished.stdout}\n{finished.stderr}")


def measure_services(rounds: int) -> None:
    """Print how validate and render grow with the number of services, as whole commands."""
    print(f"Validate and render, whole commands, best of {rounds}: wall time, processor time")
    start = min(processor_seconds(partial(call, [*COMMAND, "--version"])) for _ in range(rounds))
    results: dict[tuple[str, int], tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            root = make_project(Path(folder) / str(size), size)
            said = []
            for name, arguments in (("validate", ["validate"]), ("render", ["render", "--env", "dev"])):
                command = partial(call, [*COMMAND, "--root", str(root), *arguments])
                used: list[float] = []
                wall = min(timed(lambda: used.append(processor_seconds(command))) for _ in range(rounds))  # noqa: B023
                results[name, size] = (wall, min(used))
                said.append(f"{name} {wall:5.2f} s, {min(used):5.2f} s")
            print(f"  {size:>4} services   {'    '.join(said)}")
    small, large = SIZES[1], SIZES[-1]
    for name in ("validate", "render"):
        growth = (results[name, large][1] - start) / max(results[name, small][1] - start, 0.001)
        print(
            f"  {name}: {large} services use {growth:.1f} times the processor time of {small} "
            f"(linear: at most {large / small:.0f}); {results[name, large][0]:.2f} s (aim: under {AIM_SECONDS:.0f} s)"
        )
    print(f"  of each, {start:.2f} s is the start of the command (--version)")


def measure_plan(rounds: int) -> None:
    """Print what the wrapper adds to a plan of the dev environment, side by side with terraform by hand."""
    print(f"Plan of dev on the sandbox, {rounds} rounds, each both ways")
    with tempfile.TemporaryDirectory() as folder, temporary(Path(folder) / "server") as sandbox:
        root = copy_of_the_platform(Path(folder) / "platform", sandbox)
        wrapper = [*COMMAND, "--root", str(root), "plan", "--env", "dev", "--sandbox"]
        call(wrapper, accept=(3,))  # makes the place of the state, and loads modules and plug-ins once
        plan, show = by_hand(root, Path(folder), sandbox)
        times: dict[str, list[float]] = {"plan": [], "show": [], "wrapper": []}
        for turn in range(rounds):
            # The other way round every other time, so that neither always runs on a warmer machine.
            steps: list[tuple[str, Callable[[], None]]] = [
                ("plan", plan), ("show", show), ("wrapper", lambda: call(wrapper, accept=(3,))),
            ]  # fmt: skip
            for name, step in steps if turn % 2 == 0 else [steps[2], *steps[:2]]:
                times[name].append(timed(step))
    measured = {name: Measured(tuple(seconds)) for name, seconds in times.items()}
    hand = measured["plan"].median + measured["show"].median
    ours = measured["wrapper"].median
    print(f"  terraform plan -out, by hand     {measured['plan'].median:7.2f} s")
    print(f"  terraform show, by hand          {measured['show'].median:7.2f} s")
    print(f"  inferloop-deploy plan            {ours:7.2f} s (rendering, credentials and summary included)")
    print(f"  wrapper over plan and show       {100 * (ours - hand) / hand:+7.1f} % (aim: under {AIM_SHARE:.0f} %)")
    alone = measured["plan"].median
    print(f"  wrapper over plan alone          {100 * (ours - alone) / alone:+7.1f} %")


def measure_manifests(rounds: int) -> None:
    """Measure `render --manifests` for fifty services: what Terraform computes, and what helm makes of it."""
    with tempfile.TemporaryDirectory() as scratch:
        root = make_project(Path(scratch) / "project", MANIFESTS)
        for name in ("modules", "providers", "tools"):
            (root / name).symlink_to(ROOT / name)
        target = Target(root, "dev", "aws")
        config = load(target)
        told = placeholder_platform(target, config, os.environ)
        found = releases(target, config, told, os.environ)
        version = str(told["cluster"]["version"])
        kept = target.at("services").work / "values" / "releases"

        def render(changed: int) -> None:
            for one in found.services[:changed]:
                (kept / f"{one.name}.manifests.yaml").unlink(missing_ok=True)
            for _ in rendered(found.services, target, os.environ, version):
                pass

        values = min(timed(lambda: releases(target, config, told, os.environ)) for _ in range(rounds))
        all_of_them = min(timed(partial(render, MANIFESTS)) for _ in range(rounds))
        one_of_them = min(timed(partial(render, 1)) for _ in range(rounds))
    print(f"Manifests of {len(found.services)} services, best of {rounds} (aim: under {AIM_MANIFESTS:.0f} s)")
    print(f"  values by terraform         {values:5.2f} s")
    for name, helm in (("all of them", all_of_them), ("one that changed", one_of_them)):
        both = values + helm
        print(f"  {name:<16} by helm    {helm:5.2f} s, together {both:.2f} s, {both / AIM_MANIFESTS:.2f} of the aim")


def copy_of_the_platform(root: Path, sandbox: Sandbox) -> Path:
    """Make a tree whose sandbox is the given one, so that a person's own is left alone."""
    root.mkdir(parents=True)
    for name in ("environments", "services", "providers", "modules"):
        (root / name).symlink_to(ROOT / name)
    record = root / "build" / "sandbox" / "server.json"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps(vars(sandbox)), encoding="utf-8")
    if command_line(["--root", str(root), "render", "--env", "dev", "--output", "json"]) != 0:
        sys.exit("render failed")
    return root


def by_hand(root: Path, folder: Path, sandbox: Sandbox) -> tuple[Callable[[], None], Callable[[], None]]:
    """Return terraform's plan and show as a person would call them, on the same files and the same sandbox."""
    environ = own_environment({**os.environ, **sandbox.environment()})
    environ |= plugin_environment(environ, folder / "hand")
    environ["TF_DATA_DIR"] = str(folder / "hand" / ".terraform")
    program = str(find_terraform(ROOT, environ))
    where = f"-chdir={overlay(root, folder / 'hand' / 'tree')}"
    environment = load(Target(root, "dev", "aws")).environment.config
    settings = {
        **Aws(sandbox.environment()).backend(environment, ACCOUNT, "infrastructure").settings,
        **sandbox.backend(),
    }
    backend = [f"-backend-config={name}={value}" for name, value in {**settings, "key": "by-hand.tfstate"}.items()]
    call([program, where, "init", "-input=false", "-lockfile=readonly", *backend], environ=environ)
    rendered = root / "build" / "dev" / "aws"
    files = [f"-var-file={rendered / name}" for name in ("environment.auto.tfvars", "services.auto.tfvars")]
    out = str(folder / "hand" / "plan.tfplan")

    def plan() -> None:
        call([program, where, "plan", "-input=false", f"-out={out}", *files], environ=environ)

    def show() -> None:
        call([program, where, "show", "-no-color", out], environ=environ)

    return plan, show


def main() -> None:
    """Run the benchmarks that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("services", "plan", "manifests"), help="one part alone")
    parser.add_argument("--rounds", type=int, default=5, help="how often each measurement is taken")
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}")
    if options.only in (None, "services"):
        measure_services(options.rounds)
    if options.only in (None, "plan"):
        measure_plan(max(3, options.rounds))
    if options.only in (None, "manifests"):
        measure_manifests(options.rounds)


if __name__ == "__main__":
    main()
