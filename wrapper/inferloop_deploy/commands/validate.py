"""`inferloop-deploy validate`: everything that is wrong with the files, at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inferloop_deploy.commands.options import Output, OutputOption, session
from inferloop_deploy.errors import USAGE

app = typer.Typer()


@app.command("validate")
def validate_command(
    context: typer.Context,
    files: Annotated[list[Path] | None, typer.Argument(help="Files to check; all of the project if left out.")] = None,
    output: OutputOption = Output.text,
) -> None:
    """Check everything that is written, all errors at once.

    Every service is checked in every environment on every cloud. Each problem comes with its place, what was found and
    what is accepted. Nothing is asked of the network. A FILE may also lie outside the project.

    Example: inferloop-deploy validate services/textnlp/deployment-config.yaml
    """
    from inferloop_deploy.commands.printing import print_json, print_problems
    from inferloop_deploy.config.selection import everything, some

    here = session(context)
    selection = some(here.root_if_any(), files) if files else everything(here.project_root())
    problems = selection.problems()
    errors = sum(problem.severity == "error" for problem in problems)
    if output is Output.json:
        print_json(
            {
                "valid": errors == 0,
                "files": list(selection.files),
                "targets": list(selection.targets),
                "problems": [problem.as_json() for problem in problems],
            }
        )
    else:
        print_problems(problems)
        typer.echo(selection.summary(problems))
    if errors:
        raise typer.Exit(USAGE)
