"""The Typer application: one file per command beside this one."""

from __future__ import annotations

from importlib.metadata import entry_points

import typer

from inferloop_synthetic.cli.info import info

COMMAND_GROUP = "inferloop_synthetic.commands"


def build_app() -> typer.Typer:
    """Return the application with the built-in commands and those that other distributions register."""
    app = typer.Typer(
        name="inferloop-synthetic",
        help="Synthetic tables from a real one or from a schema, with a report on quality and privacy.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def root() -> None:
        """Synthetic tables from a real one or from a schema, with a report on quality and privacy."""

    app.command()(info)
    for point in sorted(entry_points(group=COMMAND_GROUP), key=lambda point: point.name):
        extra = point.load()
        if isinstance(extra, typer.Typer):
            app.add_typer(extra, name=point.name)
        else:
            app.command(name=point.name)(extra)
    return app


def main() -> None:
    """Run the command line."""
    build_app()()
