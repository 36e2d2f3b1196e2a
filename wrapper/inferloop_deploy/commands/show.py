"""`inferloop-deploy show`: what a service means in an environment, each value with where it was written."""

from __future__ import annotations

from typing import Annotated

import typer

from inferloop_deploy.commands.options import (
    CloudOption,
    EnvironmentOption,
    Output,
    OutputOption,
    complete_service,
    session,
)

app = typer.Typer()


@app.command("show")
def show_command(
    context: typer.Context,
    env: EnvironmentOption,
    service: Annotated[
        str | None,
        typer.Argument(help="Service; the environment itself if left out.", autocompletion=complete_service),
    ] = None,
    cloud: CloudOption = "aws",
    written: Annotated[bool, typer.Option("--written", help="Leave out built-in defaults.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """Show a service merged, each value with its origin.

    Built-in defaults, the environment, its cloud, the service and its override are laid over each other.

    Example: inferloop-deploy show textnlp --env prod
    """
    from inferloop_deploy.commands.printing import dim, origin_json, print_json
    from inferloop_deploy.config.effective import effective, only
    from inferloop_deploy.config.load import load_project
    from inferloop_deploy.config.present import as_plain, said, values, width_of, yaml_lines

    config = effective(load_project(session(context).project_root()), env, cloud)
    shown = config.environment if service is None else only(config, service)
    if output is Output.json:
        entries = list(values(shown))
        print_json(
            {
                "service": service,
                "environment": env,
                "cloud": cloud,
                "config": as_plain(shown.config),
                "origins": {value.path: origin_json(value.origin) for value in entries},
            }
        )
        return
    lines = yaml_lines(shown, written_only=written)
    width = width_of(lines)
    for line in lines:
        comment = "" if line.origin is None else f"  {dim('# ' + said(line.origin))}"
        typer.echo(f"{line.text:<{width}}{comment}" if comment else line.text)
