"""Run the API with uvicorn: one process or several, ended in good order by SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing.util
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from inferloop_synthetic.api.app import create_app
from inferloop_synthetic.api.services import Services, make_private, open_services
from inferloop_synthetic.settings import FILE_VARIABLE, Loaded, Settings, load_settings, shown, variable
from inferloop_synthetic.telemetry import logs

logger = logging.getLogger(__name__)
HEAD_BYTES = 32_768
HEAD_SECONDS = 20.0
KEEP_ALIVE_SECONDS = 75
SILENCE_SECONDS = 60
"""How long a process may say nothing before it is taken for hung and replaced; it is silent while it imports, which takes
longer than uvicorn's five seconds on half a processor, and was killed again and again before it had begun."""
SOCKET_PATH_BYTES = 103
"""What every system takes as the path of a socket: 107 on Linux, 103 on macOS."""
FACTORY = "inferloop_synthetic.api.server:application"


class BoundedHeads(HttpToolsProtocol):
    """HTTP/1.1 with an end to heads: so many bytes, and so long to arrive, which the parser does not bound itself."""

    _head_bytes = 0
    _in_head = True
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what arrives of a head."""
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            )
            self.transport.close()

    def on_headers_complete(self) -> None:
        """Note that the head is whole."""
        self._in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the next head may come."""
        super().on_message_complete()
        self._in_head, self._head_bytes = True, 0

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        if self._in_head and not self.transport.is_closing():
            self.transport.close()


def application() -> FastAPI:
    """Return the application of one process, as the environment describes it."""
    loaded = load_settings(os.environ)
    _log(loaded.settings)
    return serving(loaded)


def serving(loaded: Loaded) -> FastAPI:
    """Return the application with its services open; they are closed when it is shut down."""
    loaded.hand_on()
    services = open_services(loaded, "api")
    for warning in loaded.warnings:
        logger.warning("%s", warning)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        janitor = _janitor(services)
        await run_in_threadpool(services.sweep_uploads)
        try:
            yield
        finally:
            await run_in_threadpool(janitor.close)
            await run_in_threadpool(services.close)

    return create_app(services, lifespan)


def _janitor(services: Services) -> Any:
    from inferloop_synthetic.jobs.serving import janitor

    return janitor(services, services.store, services.queue).start()


def _log(settings: Settings) -> None:
    logs.configure(settings.log_level, settings.log_format, service=f"inferloop-synthetic-{settings.service}-api")


def run(file: Path | None, options: Mapping[str, object]) -> None:
    """Serve until SIGTERM or Ctrl-C; raises SyntheticError for settings that cannot be used.

    Processes read their settings from the environment, so what the command line said is put there.
    """
    if file is not None:
        os.environ[FILE_VARIABLE] = str(file)
    loaded = load_settings(os.environ, options=options)
    settings = loaded.settings
    fleeting = settings.fleeting(Path(tempfile.gettempdir()))
    make_private(settings.temp_dir)
    make_private(settings.temp_dir / "tmp")
    _keep_sockets_short(settings.temp_dir / "tmp")
    os.environ["TMPDIR"] = str(settings.temp_dir / "tmp")
    # The handlers of the command line would turn an end in good order into an interruption.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    common: dict[str, Any] = {
        "host": settings.host, "port": settings.port, "http": BoundedHeads, "loop": "auto", "ws": "none", "lifespan": "on",
        "log_config": None, "access_log": False, "server_header": False, "proxy_headers": False,
        "timeout_keep_alive": KEEP_ALIVE_SECONDS, "timeout_graceful_shutdown": max(1, round(settings.shutdown_grace_seconds)),
    }  # fmt: skip
    _log(settings)
    if fleeting is not None:
        logger.warning("%s", fleeting)
    if settings.workers == 1:
        uvicorn.Server(uvicorn.Config(serving(loaded), **common)).run()
        return
    _share(settings, options)
    uvicorn.run(FACTORY, factory=True, workers=settings.workers, timeout_worker_healthcheck=SILENCE_SECONDS, **common)


def _keep_sockets_short(folder: Path) -> None:
    """Let multiprocessing keep its sockets in the system's temporary folder where their path below `folder` would be too long.

    It settles on a folder at the first use, for all processes that it starts.
    """
    if len(os.fsencode(folder / "pymp-12345678/listener-12345678")) > SOCKET_PATH_BYTES:
        multiprocessing.util.get_temp_dir()


def _share(settings: Settings, options: Mapping[str, object]) -> None:
    """Put into the environment what processes need to be alike and to add up their metrics."""
    for field, value in options.items():
        if value is not None:
            os.environ[variable(field)] = shown(value)
    if settings.metrics_enabled and settings.metrics_directory is None:
        folder = settings.temp_dir / f"metrics-{os.getpid()}"
        make_private(folder)
        os.environ[variable("metrics_directory")] = os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
