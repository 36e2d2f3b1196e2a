"""`inferloop-deploy init`: the first file of a new service."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from inferloop_deploy.commands.options import Output, OutputOption, complete_environment, session
from inferloop_deploy.errors import InvalidConfiguration, UsageError

app = typer.Typer()


class Kind(StrEnum):
    """What kind of process the service is."""

    api = "api"
    worker = "worker"
    job = "job"
    cron = "cron"
    function = "function"


@app.command("init")
def init_command(
    context: typer.Context,
    service: Annotated[str, typer.Argument(help="Name of the new service, and of its folder.")],
    kind: Annotated[Kind, typer.Option("--type", "-t", help="Kind of process.")] = Kind.api,
    output: OutputOption = Output.text,
) -> None:
    """Write the first file of a new service.

    It is services/SERVICE/deployment-config.yaml, short, commented, and valid as it stands.

    Example: inferloop-deploy init billing --type worker
    """
    from inferloop_deploy.commands.printing import print_json
    from inferloop_deploy.scaffold import scaffold
    from inferloop_deploy.schema import FILES

    root = session(context).project_root()
    path = new_service_file(root, service)
    text = scaffold(service, kind.value)
    _refuse_invalid(root, path, text)
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    written = path.relative_to(root).as_posix()
    if output is Output.json:
        print_json({"written": written})
        return
    typer.echo(f"Written: {written}")
    environments = complete_environment(context, "")
    see = f", and inferloop-deploy show {service} --env {environments[0]}" if environments else ""
    typer.echo(f"Edit it, then: inferloop-deploy validate{see}")
    if not (root / FILES["service"]).is_file():
        typer.echo("For completion in editors: inferloop-deploy schema --write")


def new_service_file(root: Path, service: str) -> Path:
    """Return where the file of a new service goes; raises UsageError for a bad name or a folder that is there."""
    from inferloop_deploy.config.patterns import ACCEPTED, NAME
    from inferloop_deploy.config.service import LONGEST_NAME

    if re.fullmatch(NAME, service) is None or len(service) > LONGEST_NAME:
        raise UsageError(f'"{service}" is no name of a service.', f"Expected {ACCEPTED[NAME]}, at most {LONGEST_NAME}.")
    folder = root / "services" / service
    if folder.exists() or folder.is_symlink():
        raise UsageError(
            f"services/{service} is there already; nothing was written.", "Choose another name, or edit it."
        )
    return folder / "deployment-config.yaml"


def _refuse_invalid(root: Path, path: Path, text: str) -> None:
    """Raise InvalidConfiguration where the new file would not fit the project: another service may have its path."""
    from inferloop_deploy.config.load import load_project, parse_document, with_service
    from inferloop_deploy.config.validate import validate

    file = path.relative_to(root).as_posix()
    project = with_service(load_project(root), path.parent.name, parse_document(text, file, "service"))
    problems = [problem for problem in validate(project) if problem.file == file and problem.severity == "error"]
    if problems:
        raise InvalidConfiguration(problems)
