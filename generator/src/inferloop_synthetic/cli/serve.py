"""`serve`: the HTTP API."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (GUARDIAN_HOST).")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Port to listen on (GUARDIAN_PORT).")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes that answer (GUARDIAN_WORKERS).")] = None,
    config: Annotated[Path | None, typer.Option(help="File of settings (GUARDIAN_CONFIG_FILE).")] = None,
    no_auth: Annotated[
        bool, typer.Option("--no-auth", help="Let everybody on this machine in; for trying it out, on loopback only.")
    ] = False,
) -> None:
    """Serve the API until SIGTERM or Ctrl-C; running jobs are given back and go on when it is started again.

    Example: inferloop-synthetic serve --no-auth --port 8000
    """
    try:
        from inferloop_synthetic.api.server import run
    except ModuleNotFoundError as error:
        needed = "the API needs the extra [api]: pip install 'inferloop-synthetic[api]'"
        typer.echo(f"error: {error.name} is missing; {needed}", err=True)
        raise typer.Exit(1) from None
    options = {"host": host, "port": port, "workers": workers, "authentication": "off" if no_auth else None}
    run(config, options)
