"""`inferloop-deploy gitops`: what Argo CD or Flux would be told."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import typer

from inferloop_deploy.changes import Changes
from inferloop_deploy.commands.operating import DryRunOption, SandboxOption, StageChoice
from inferloop_deploy.commands.options import CloudOption, EnvironmentOption, Output, OutputOption
from inferloop_deploy.commands.printing import print_json, print_lines
from inferloop_deploy.commands.staged import opened
from inferloop_deploy.gitops import Repository, argo_cd, flux
from inferloop_deploy.manifests import releases, rendered
from inferloop_deploy.releasing import NoPlatform
from inferloop_deploy.render.write import write
from inferloop_deploy.sandbox.platform import rehearsed_config

app = typer.Typer(name="gitops", help="Write what Argo CD or Flux would apply.", no_args_is_help=True)


class Flavour(StrEnum):
    """Who applies what is written."""

    argo_cd = "argo-cd"
    flux = "flux"


@app.callback()
def _group() -> None:
    """Write what Argo CD or Flux would apply."""


@app.command()
def render(
    context: typer.Context,
    env: EnvironmentOption,
    repo: Annotated[
        str, typer.Option("--repo", help="This repository as the cluster reaches it; its charts are taken from there.")
    ],
    cloud: CloudOption = "aws",
    flavour: Annotated[Flavour, typer.Option("--flavour", help="Who applies it.")] = Flavour.argo_cd,
    revision: Annotated[str, typer.Option("--revision", help="Branch, or commit, of the repository.")] = "main",
    dry_run: DryRunOption = False,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Write Applications (or HelmReleases) that release what `apply` would, and the manifests that come of them.

    Charts and values are the very ones that Terraform would hand to helm. Apply the infrastructure first: the values
    hold what it made. Take one way or the other for an environment; both at once undo each other.

    Example: inferloop-deploy gitops render --env dev --repo https://git.example.com/platform.git
    """
    choice = StageChoice.infrastructure
    changes = Changes(dry_run=dry_run)
    with opened(context, "gitops", env, cloud, sandbox=sandbox, output=output, stage=choice, reads=True) as run:
        platform = run.platform()
        if platform is None:
            raise NoPlatform(
                f"Nothing was written: stage 1 of {env} on {cloud} was never applied, and values hold what it made.",
                f"Apply it: inferloop-deploy apply {run.target.place} --stage infrastructure",
            )
        config = rehearsed_config(run.config) if sandbox else run.config
        found = releases(run.target, config, platform, os.environ)
        version = str(platform["cluster"]["version"])
        manifests = list(rendered(found.all, run.target, os.environ, version, found.apis))
        repository = Repository(repo, revision)
        told = argo_cd(found.all, repository) if flavour is Flavour.argo_cd else flux(found.all, repository)
        folder = run.target.work / "gitops"
        done = [
            (folder / flavour, write(folder / flavour, told, changes, ("*.yaml",))),
            (
                folder / "manifests",
                write(
                    folder / "manifests",
                    {f"{one.release.name}.yaml": one.text for one in manifests},
                    changes,
                    ("*.yaml",),
                ),
            ),
        ]
        root = run.target.root
    if output is Output.json:
        print_json(
            {
                "flavour": flavour.value,
                "folders": [place.relative_to(root).as_posix() for place, _ in done],
                "releases": [one.name for one in found.all],
                "written": not dry_run,
            }
        )
        return
    verb = "would write" if dry_run else "wrote"
    print_lines(
        f"{verb} {len(change.written)} of {len(change.written) + len(change.unchanged)} files in "
        f"{place.relative_to(root).as_posix()}"
        for place, change in done
    )
