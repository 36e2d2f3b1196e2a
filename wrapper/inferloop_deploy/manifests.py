"""What would be released, without any cluster, state or account: values from Terraform's pure modules, then helm.

The values are those of the second stage's root, because the same modules compute them (providers/kubernetes/values);
the manifests are what `helm template` makes of the same chart.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from inferloop_deploy.config.effective import EffectiveConfig
from inferloop_deploy.errors import InferloopError
from inferloop_deploy.kubernetes.answers import Kind, kind_of, read_documents
from inferloop_deploy.kubernetes.argv import Helm
from inferloop_deploy.kubernetes.clients import find_client
from inferloop_deploy.kubernetes.cluster import run_program
from inferloop_deploy.releasing import Images
from inferloop_deploy.render import CLUSTER_FILE, ENVIRONMENT_FILE, SERVICES_FILE, render_services
from inferloop_deploy.render.blocks import cluster_block, value_of
from inferloop_deploy.render.write import replace_file
from inferloop_deploy.stage import sum_of
from inferloop_deploy.target import Target
from inferloop_deploy.terraform import Terraform, find_terraform

CHART = Path("modules") / "helm-release" / "chart"
PLATFORM_CHARTS = Path("modules") / "platform" / "charts"
VALUES_ROOT = Path("providers") / "kubernetes" / "values"
PLACEHOLDER_ROOT = Path("modules") / "base" / "placeholder"


class NotReleasable(InferloopError):
    """Services that cannot be released as they are written."""

    def __init__(self, problems: Mapping[str, list[str]]) -> None:
        self.problems = problems
        lines = [f"  {name}: {problem}" for name, found in sorted(problems.items()) for problem in found]
        super().__init__("These services cannot be released:\n" + "\n".join(lines), "Nothing was written.")


@dataclass(frozen=True)
class Upstream:
    """A chart of somebody else's, by its repository and version."""

    repository: str
    chart: str
    version: str


@dataclass(frozen=True)
class Release:
    """One release as helm is given it."""

    name: str
    namespace: str
    chart: Path | Upstream
    """The chart's folder below the project's root, or where else it is."""
    text: str
    """The values as Terraform hands them to helm."""
    shared: bool = False
    """Whether all services share it."""


@dataclass(frozen=True)
class Releases:
    """Everything that would be released: what services share, in its order, then the services."""

    shared: tuple[Release, ...]
    services: tuple[Release, ...]
    apis: tuple[str, ...]
    """What the cluster serves beside its own kinds when the services come."""

    @property
    def all(self) -> tuple[Release, ...]:
        """Return all of them in their order."""
        return (*self.shared, *self.services)


@dataclass(frozen=True)
class Manifests:
    """The objects of one release."""

    release: Release
    text: str

    @cached_property
    def documents(self) -> list[dict[str, Any]]:
        """The objects, read."""
        return read_documents(self.text)

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of the objects."""
        return frozenset(map(kind_of, self.documents))


@dataclass(frozen=True)
class Workshop:
    """Runs Terraform's pure roots: they have no provider, and `local.outputs` holds everything that they say."""

    target: Target
    environ: Mapping[str, str]

    @property
    def folder(self) -> Path:
        """Where plans and what terraform keeps go."""
        return self.target.at("services").work / "values"

    def outputs(self, root: Path, var_files: list[Path]) -> dict[str, Any]:
        """Return the outputs of a pure root by name."""
        folder = self.target.root / root
        if not (folder / "versions.tf").is_file():
            raise InferloopError(
                f"{folder} holds no versions.tf.",
                "Run this in a checkout of the platform, or name one with --root DIR.",
            )
        scratch = self.folder / root.name
        terraform = Terraform(
            program=find_terraform(self.target.root, self.environ),
            folder=folder,
            data=scratch / ".terraform",
            logs=scratch / "logs",
            # Where a person's plug-ins come from is of no matter here.
            environ=hurried("terraform", {**self.environ, "TF_CLI_CONFIG_FILE": os.devnull}),
        )
        stamp = scratch / "inferloop-init"
        of = f"{terraform.program.resolve()} {sum_of([folder, self.target.root / 'modules'])}\n"
        if not stamp.is_file() or stamp.read_text(encoding="utf-8") != of:
            terraform.init({})
            replace_file(stamp, of)
        outputs: dict[str, Any] | None = terraform.evaluate("local.outputs", var_files)
        if outputs is not None:
            return outputs
        plan = scratch / "values.tfplan"
        terraform.plan(var_files, plan, refresh=False)
        shown = terraform.show_plan(plan)["planned_values"]["outputs"]
        plan.unlink()
        return {name: one["value"] for name, one in shown.items()}


def hurried(program: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which a program written in Go collects garbage late: it runs for a moment only.

    Terraform needs a third less processor time for twice the memory. Helm needs a fifth less for a tenth more, and
    collects nothing before it holds half a gibibyte: https://go.dev/doc/gc-guide#Memory_limit.
    """
    pace = {"terraform": {"GOGC": "400"}, "helm": {"GOGC": "off", "GOMEMLIMIT": "512MiB"}}
    return {**pace[program], **environ}


def placeholder_platform(target: Target, config: EffectiveConfig, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return a platform that stands for one that is not there yet."""
    workshop = Workshop(target, environ)
    cluster = value_of(cluster_block(config.environment))
    assert isinstance(cluster, Mapping)  # noqa: S101 - a block is an object
    asked = {
        "cloud": config.cloud,
        "cluster": {"enabled": cluster["enabled"], "node_pools": cluster["node_pools"]},
        "kubernetes_version": cluster["version"],
    }
    file = workshop.folder / PLACEHOLDER_ROOT.name / "cluster.tfvars.json"
    replace_file(file, json.dumps(asked, indent=2) + "\n")
    files = [*written(workshop.folder, config, (ENVIRONMENT_FILE, SERVICES_FILE)), file]
    found: dict[str, Any] = workshop.outputs(PLACEHOLDER_ROOT, files)["platform"]
    return found


def releases(
    target: Target,
    config: EffectiveConfig,
    platform: Mapping[str, Any],
    environ: Mapping[str, str],
    images: Images | None = None,
) -> Releases:
    """Return what would be released; raises NotReleasable with everything that keeps it from being so."""
    workshop = Workshop(target, environ)
    told = workshop.folder / "platform.tfvars.json"
    replace_file(told, json.dumps({"platform": platform, "images": images or {}}, indent=2) + "\n")
    files = [*written(workshop.folder, config, (CLUSTER_FILE, ENVIRONMENT_FILE, SERVICES_FILE)), told]
    outputs = workshop.outputs(VALUES_ROOT, files)
    problems: dict[str, list[str]] = dict(outputs["problems"])
    if outputs["platform_problems"]:
        problems["platform"] = outputs["platform_problems"]
    if problems:
        raise NotReleasable(problems)
    return Releases(
        tuple(_shared(one) for one in outputs["platform"]),
        tuple(Release(name, one["namespace"], CHART, one["text"]) for name, one in sorted(outputs["releases"].items())),
        tuple(outputs["apis"]),
    )


def _shared(one: Mapping[str, Any]) -> Release:
    chart = (
        PLATFORM_CHARTS / one["chart"]
        if one["repository"] is None
        else Upstream(one["repository"], one["chart"], one["version"])
    )
    return Release(one["name"], one["namespace"], chart, one["values"], shared=True)


def written(folder: Path, config: EffectiveConfig, names: tuple[str, ...]) -> list[Path]:
    """Write rendered files for a run of pure modules, and return where they are."""
    files = render_services(config).files
    for name in names:
        replace_file(folder / name, files[name])
    return [folder / name for name in names]


def rendered(
    found: Iterable[Release], target: Target, environ: Mapping[str, str], kubernetes: str, apis: Sequence[str] = ()
) -> Iterator[Manifests]:
    """Yield what helm makes of releases, in their order; as many at once as there are processors.

    Charts of somebody else's are left out: they are on the network. What helm made before of the very same is taken
    again: most releases are as they were when somebody changes one service.
    """
    program = find_client("helm", target.root, environ)
    helm = Helm(program)
    folder = Workshop(target, environ).folder / "releases"
    build = program.resolve().stat()
    of = json.dumps([str(program), build.st_size, build.st_mtime_ns, kubernetes, *apis])
    ours = [(one, one.chart) for one in found if isinstance(one.chart, Path)]
    sums = {chart: sum_of([target.root / chart], "*") for chart in {chart for _, chart in ours}}

    def render(release: Release, chart: Path) -> Manifests:
        known = folder / f"{release.name}.manifests.yaml"
        asked = "\n".join([of, sums[chart], release.namespace, release.text])
        head = f"# {hashlib.sha256(asked.encode()).hexdigest()}\n"
        before = known.read_text(encoding="utf-8") if known.is_file() else ""
        if before.startswith(head):
            return Manifests(release, before.removeprefix(head))
        values = folder / f"{release.name}.yaml"
        replace_file(values, release.text)
        line = helm.template(
            release.name, target.root / chart, values, release.namespace, kubernetes=kubernetes, apis=apis
        )
        finished = run_program(line, hurried("helm", environ))
        if finished.returncode != 0:
            raise NotReleasable({release.name: [_reason(finished.stderr)]})
        replace_file(known, head + finished.stdout)
        return Manifests(release, finished.stdout)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(lambda one: render(*one), ours)


def _reason(said: str) -> str:
    """Return what helm complains about, on one line."""
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.startswith("Use --debug")]
    return " ".join(lines).removeprefix("Error: ") or "helm gave no reason"


def kinds_released(
    target: Target,
    config: EffectiveConfig,
    platform: Mapping[str, Any],
    environ: Mapping[str, str],
    images: Images | None = None,
) -> frozenset[Kind]:
    """Return the kinds that the services are made of."""
    found = releases(target, config, platform, environ, images)
    version = str(platform["cluster"]["version"])
    return frozenset(kind for one in rendered(found.services, target, environ, version) for kind in one.kinds)
