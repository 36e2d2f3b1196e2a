"""`inferloop-deploy diff`: what is different between two environments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from inferloop_deploy.commands.options import (
    CloudOption,
    Output,
    OutputOption,
    complete_environment,
    complete_service,
    session,
)
from inferloop_deploy.errors import CHANGES, UsageError

if TYPE_CHECKING:
    from inferloop_deploy.config.difference import Difference
    from inferloop_deploy.config.present import Value

app = typer.Typer()


@app.command("diff")
def diff_command(
    context: typer.Context,
    env: Annotated[
        list[str],
        typer.Option(
            "--env", "-e", help="Environment; given twice.", metavar="ENV", autocompletion=complete_environment
        ),
    ],
    service: Annotated[
        str | None,
        typer.Option("--service", "-s", help="Only this service.", metavar="SERVICE", autocompletion=complete_service),
    ] = None,
    cloud: CloudOption = "aws",
    output: OutputOption = Output.text,
) -> None:
    """Show what is different between two environments.

    Each value comes with where it was written. Exits with 3 where there are differences, with 0 where there are none.

    Example: inferloop-deploy diff --env staging --env prod --service textnlp
    """
    from inferloop_deploy.commands.printing import print_json, print_lines
    from inferloop_deploy.config.difference import differences
    from inferloop_deploy.config.effective import effective, only
    from inferloop_deploy.config.load import load_project

    if len(env) != 2:
        raise UsageError(f"Two environments are compared, not {len(env)}.", "Give --env A --env B.")
    project = load_project(session(context).project_root())
    first, second = (effective(project, name, cloud) for name in env)
    names = [service] if service is not None else list(first.services)
    found = {name: differences(only(first, name), only(second, name)) for name in names}
    if service is None:
        found = {"environment": differences(first.environment, second.environment)} | found
    if output is Output.json:
        print_json(
            {
                "environments": env,
                "cloud": cloud,
                "differences": [_as_json(name, entry, env) for name, entries in found.items() for entry in entries],
            }
        )
    else:
        print_lines(line for name, entries in found.items() for line in _lines(name, entries, env))
    if any(found.values()):
        raise typer.Exit(CHANGES)
    if output is Output.text:
        typer.echo(f"{env[0]} and {env[1]} are the same.")


def _lines(name: str, entries: list[Difference], env: list[str]) -> Iterator[str]:
    from inferloop_deploy.commands.printing import dim
    from inferloop_deploy.config.present import said, yaml_text

    if not entries:
        return
    yield typer.style(name, bold=True)
    width = max(len(label) for label in env)
    for entry in entries:
        yield f"  {entry.path}"
        for label, value in zip(env, (entry.first, entry.second), strict=True):
            text = "not set" if value is None or value.value is None else yaml_text(value.value)
            comment = "" if value is None else f"  {dim('# ' + said(value.origin))}"
            yield f"    {label:<{width}}  {text}{comment}"


def _as_json(name: str, entry: Difference, env: list[str]) -> dict[str, object]:
    return {
        "in": name,
        "path": entry.path,
        "values": {label: _value(value) for label, value in zip(env, (entry.first, entry.second), strict=True)},
    }


def _value(value: Value | None) -> dict[str, object] | None:
    from inferloop_deploy.commands.printing import origin_json

    return None if value is None else {"value": value.value, "origin": origin_json(value.origin)}
