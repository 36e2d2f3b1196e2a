"""A stock moto and the sandbox, each in a process of its own, for the tests that compare them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from inferloop_deploy.sandbox.lifecycle import HOST, Sandbox, temporary
from inferloop_deploy.sandbox.server import MOTO_SETTINGS


def _clients(url: str) -> Callable[[str], Any]:
    config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, proxies={})

    make: Any = boto3.client  # its overloads know services by literal name only

    def client(service: str) -> Any:
        return make(
            service,
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
            config=config,
        )

    return client


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The sandbox."""
    with temporary(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(scope="session")
def sandbox_aws(sandbox: Sandbox) -> Callable[[str], Any]:
    """boto3's clients of the sandbox."""
    return _clients(sandbox.url)


@pytest.fixture(scope="session")
def stock_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """boto3's clients of moto as it is installed, with the sandbox's settings and none of its patches."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    log = Path(tmp_path_factory.mktemp("stock")) / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(port)],
            env=os.environ | MOTO_SETTINGS,
            stdout=output,
            stderr=output,
        )
    try:
        stock = Sandbox(port, server.pid, "")
        while not stock.answers():
            assert server.poll() is None, log.read_text(encoding="utf-8")
            time.sleep(0.05)
        yield _clients(stock.url)
    finally:
        server.terminate()
        server.wait()
