"""`inferloop-deploy render`: writes what Terraform reads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from inferloop_deploy.changes import Changes
from inferloop_deploy.commands.operating import DryRunOption
from inferloop_deploy.commands.options import CloudOption, EnvironmentOption, Output, OutputOption, session
from inferloop_deploy.commands.printing import print_json, print_lines
from inferloop_deploy.config.effective import EffectiveConfig
from inferloop_deploy.errors import CHANGES, UsageError
from inferloop_deploy.releasing import read_platform, releases_services
from inferloop_deploy.render import render as render_config
from inferloop_deploy.render import render_services
from inferloop_deploy.render.write import RENDERED, Difference, difference, write
from inferloop_deploy.target import Target, load

app = typer.Typer()
Part: TypeAlias = tuple[Path, Mapping[str, str], tuple[str, ...]]
"""A folder, the files that belong into it, and the patterns of those that do not."""


@app.command()
def render(
    context: typer.Context,
    env: EnvironmentOption,
    cloud: CloudOption = "aws",
    manifests: Annotated[
        bool, typer.Option("--manifests", help="Write the Kubernetes objects of each service, too.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 3 where a file is not up to date.")
    ] = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Write an environment's tfvars, and the map from each value to its line.

    With --manifests it writes what would be released, too: one file for each service, and platform/ for what they
    share. Where the infrastructure was never applied from here, its addresses are made up and end in .invalid.

    Example: inferloop-deploy render --env dev --cloud aws --manifests
    """
    target = Target(session(context).project_root(), env, cloud)
    config = load(target)
    changes = Changes(dry_run=dry_run)
    parts: list[Part] = [(target.rendered, render_config(config).files, RENDERED)]
    if releases_services(target, config):
        parts.append((target.at("services").rendered, render_services(config).files, RENDERED))
    if manifests:
        parts += _manifests(target, config)
    found = [
        (folder, difference(folder, files, owned) if check else write(folder, files, changes, owned))
        for folder, files, owned in parts
    ]
    done = not (check or dry_run)
    places = [(folder.relative_to(target.root).as_posix(), one) for folder, one in found]
    if output is Output.json:
        print_json({"folders": [_document(folder, one, done=done) for folder, one in places]})
    else:
        for folder, one in places:
            print_lines(_lines(folder, one, done=done))
    if check and any(one.any for _, one in found):
        raise typer.Exit(CHANGES)


def _manifests(target: Target, config: EffectiveConfig) -> list[Part]:
    """Return the folders of manifests with their files."""
    from inferloop_deploy import manifests

    if not releases_services(target, config):
        raise UsageError(
            f"{target.environment} on {target.cloud} has no cluster, so there are no manifests.",
            "Leave out --manifests.",
        )
    known = read_platform(target)
    platform = manifests.placeholder_platform(target, config, os.environ) if known is None else known
    found = manifests.releases(target, config, platform, os.environ)
    version = str(platform["cluster"]["version"])
    files: dict[bool, dict[str, str]] = {True: {}, False: {}}
    for one in manifests.rendered(found.all, target, os.environ, version, found.apis):
        files[one.release.shared][f"{one.release.name}.yaml"] = one.text
    for release in found.shared:
        if isinstance(release.chart, manifests.Upstream):
            chart = release.chart
            head = f"# Values of chart {chart.chart} {chart.version} from {chart.repository}.\n"
            files[True][f"{release.name}.values.yaml"] = head + release.text
    folder = target.rendered / "manifests"
    return [(folder, files[False], ("*.yaml",)), (folder / "platform", files[True], ("*.yaml",))]


def _document(folder: str, found: Difference, *, done: bool) -> dict[str, object]:
    return {
        "folder": folder,
        "written" if done else "to_write": list(found.written),
        "removed" if done else "to_remove": list(found.removed),
        "unchanged": list(found.unchanged),
    }


def _lines(folder: str, found: Difference, *, done: bool) -> list[str]:
    write, remove = ("wrote", "removed") if done else ("would write", "would remove")
    lines = [f"{write} {folder}/{name}" for name in found.written]
    lines += [f"{remove} {folder}/{name}" for name in found.removed]
    if found.unchanged:
        files = "1 file" if len(found.unchanged) == 1 else f"{len(found.unchanged)} files"
        lines.append(f"{files} in {folder} already up to date")
    return lines
