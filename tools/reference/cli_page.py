"""The command reference, from the Typer application itself."""

import re
from typing import Any

from markdown_text import GENERATED, code, paragraphs, table


def _options(command: Any, context: Any) -> str:
    rows = []
    for parameter in command.params:
        record = parameter.get_help_record(context)
        if record is not None and parameter.param_type_name == "option" and "--help" not in record[0]:
            rows.append((code(record[0]), record[1]))
    return table(("Option", "What it does"), rows)


def _arguments(command: Any, context: Any) -> str:
    rows = [
        (code(" ".join(parameter.get_usage_pieces(context))), parameter.help or "")
        for parameter in command.params
        if parameter.param_type_name == "argument"
    ]
    return table(("Argument", "What it is"), rows)


def _sections(command: Any, called: str, parent: Any) -> list[str]:
    """Return the section of a command and those of its sub-commands."""
    context = command.make_context(called, [], parent=parent, resilient_parsing=True)
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    parts = [
        f"{'##' if parent else '#'} {context.command_path}",
        re.sub(r"^Example: (.*)$", r"Example: `\1`", (command.help or "").strip(), flags=re.MULTILINE),
        f"```text\n{usage}\n```",
        _arguments(command, context),
        _options(command, context),
    ]
    names = command.list_commands(context) if hasattr(command, "list_commands") else []
    for name in names:
        # Groups may load a command only when it is resolved.
        child = command.resolve_command(context, [name])[1]
        if not child.hidden:
            parts += _sections(child, name, context)
    return parts


def cli_page(command: Any, name: str) -> str:
    """Return the page of a whole command line, given its click command and what it is called."""
    return GENERATED.format(source="the command line itself") + paragraphs(*_sections(command, name, None))
