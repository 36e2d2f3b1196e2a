"""`worker`: takes jobs from the queue, or from the database where there is none, and works on them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

FAILED = 1


def worker(
    processes: Annotated[
        int, typer.Option(min=1, max=256, help="Jobs at the same time; each takes the memory of its table.")
    ] = 1,
    burst: Annotated[bool, typer.Option(help="End when no job waits any more.")] = False,
    config: Annotated[Path | None, typer.Option(help="File of settings (GUARDIAN_CONFIG_FILE).")] = None,
) -> None:
    """Work on jobs that the API took: from Redis where the settings name one, else from the database.

    Each job runs in a process of its own. At SIGTERM running jobs are given back, and the next worker goes on with what is
    missing; a worker that is killed loses nothing either.

    Example: GUARDIAN_POSTGRES_HOST=db GUARDIAN_REDIS_HOST=queue inferloop-synthetic worker --processes 2
    """
    from inferloop_synthetic.settings import load_settings

    loaded = load_settings(os.environ, config)
    try:
        from inferloop_synthetic.jobs.errors import Unavailable
        from inferloop_synthetic.jobs.serving import run_worker
        from inferloop_synthetic.telemetry import logs
        from inferloop_synthetic.telemetry.exporter import exporting
    except ModuleNotFoundError as error:
        needed = "workers need the extra [api]: pip install 'inferloop-synthetic[api]'"
        typer.echo(f"error: {error.name} is missing; {needed}", err=True)
        raise typer.Exit(FAILED) from None
    loaded.hand_on()
    chosen = loaded.settings
    logs.configure(chosen.log_level, chosen.log_format, service=f"inferloop-synthetic-{chosen.service}-worker")
    try:
        with exporting(chosen):
            if processes > 1:
                from inferloop_synthetic.jobs.crew import Crew

                options = [*(["--burst"] if burst else []), *(["--config", str(config)] if config else [])]
                command = [sys.executable, "-m", "inferloop_synthetic", "worker", *options]
                raise typer.Exit(Crew(command, processes).run())
            run_worker(load_settings(os.environ, config), burst=burst)
    except Unavailable as problem:
        typer.echo(f"error: {problem}", err=True)
        raise typer.Exit(FAILED) from None
