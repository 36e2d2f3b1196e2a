"""`inferloop-deploy render`: writes what Terraform reads."""

from __future__ import annotations

from typing import Annotated

import typer

from inferloop_deploy.changes import Changes
from inferloop_deploy.commands.operating import DryRunOption
from inferloop_deploy.commands.options import CloudOption, EnvironmentOption, Output, OutputOption, session
from inferloop_deploy.commands.printing import print_json, print_lines
from inferloop_deploy.errors import CHANGES
from inferloop_deploy.render import render as render_config
from inferloop_deploy.render.write import Difference, difference, write
from inferloop_deploy.target import Target, load

app = typer.Typer()


@app.command()
def render(
    context: typer.Context,
    env: EnvironmentOption,
    cloud: CloudOption = "aws",
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit code 3 where a file is not up to date.")
    ] = False,
    dry_run: DryRunOption = False,
    output: OutputOption = Output.text,
) -> None:
    """Write an environment's tfvars, and the map from each value to its line.

    Example: inferloop-deploy render --env dev --cloud aws
    """
    target = Target(session(context).project_root(), env, cloud)
    files = render_config(load(target)).files
    changes = Changes(dry_run=dry_run)
    found = difference(target.rendered, files) if check else write(target.rendered, files, changes)
    folder = target.rendered.relative_to(target.root).as_posix()
    if output is Output.json:
        print_json(
            {
                "folder": folder,
                "written" if not (check or dry_run) else "to_write": list(found.written),
                "removed" if not (check or dry_run) else "to_remove": list(found.removed),
                "unchanged": list(found.unchanged),
            }
        )
    else:
        print_lines(_lines(folder, found, done=not (check or dry_run)))
    if check and found.any:
        raise typer.Exit(CHANGES)


def _lines(folder: str, found: Difference, *, done: bool) -> list[str]:
    write, remove = ("wrote", "removed") if done else ("would write", "would remove")
    lines = [f"{write} {folder}/{name}" for name in found.written]
    lines += [f"{remove} {folder}/{name}" for name in found.removed]
    if found.unchanged:
        files = "1 file" if len(found.unchanged) == 1 else f"{len(found.unchanged)} files"
        lines.append(f"{files} in {folder} already up to date")
    return lines
