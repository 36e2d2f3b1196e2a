"""`inferloop-deploy schema`: the JSON Schemas of the files, and the committed copies of them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from inferloop_deploy.commands.options import Output, OutputOption, session
from inferloop_deploy.errors import FAILED, UsageError

app = typer.Typer()


class Kind(StrEnum):
    """Which file the schema is of."""

    service = "service"
    environment = "environment"


@app.command("schema")
def schema_command(
    context: typer.Context,
    kind: Annotated[Kind, typer.Argument(help="The file it describes.")] = Kind.service,
    write: Annotated[bool, typer.Option("--write", help="Write the copies in schemas/.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Compare the copies in schemas/.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """Print the JSON Schema of a kind of file.

    Editors find it through the first line of each file; `--write` renews the copies they read, both of them, and
    `--check` fails where one of them is not what the models say.

    Example: inferloop-deploy schema environment
    """
    from inferloop_deploy.commands.printing import print_json
    from inferloop_deploy.schema import FILES, as_text, schema_of

    if write and check:
        raise UsageError("--write and --check exclude each other.", "Give one of them.")
    if not write and not check:
        typer.echo(as_text(schema_of(kind.value)), nl=False)
        return
    root = session(context).project_root()
    copies = {root / file: as_text(schema_of(name)) for name, file in FILES.items()}
    changed = [path for path, text in copies.items() if _read(path) != text]
    if write:
        for path in changed:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(copies[path], encoding="utf-8")
    names = [path.relative_to(root).as_posix() for path in changed]
    if output is Output.json:
        print_json({"written" if write else "different": names})
    else:
        typer.echo(_sentence(names, write))
    if check and changed:
        raise typer.Exit(FAILED)


def _sentence(names: list[str], write: bool) -> str:
    if not names:
        return "The schemas in schemas/ are what the models say."
    if write:
        return f"Written: {', '.join(names)}."
    return f"Not what the models say: {', '.join(names)}. Run: inferloop-deploy schema --write"


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
