"""A small project with a root of its own, whose one slow resource waits for the test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from inferloop_deploy.sandbox.lifecycle import Sandbox, temporary

ROOT = """\
terraform {
  required_version = ">= 1.10"
  backend "s3" {}
}
variable "environment" { type = any }
variable "eks_config" { type = any }
variable "services" { type = any }

resource "terraform_data" "quick" {
  input = var.environment.name
}

resource "terraform_data" "slow" {
  for_each = toset(keys(var.services))
  input    = [each.key, terraform_data.quick.output]
  provisioner "local-exec" {
    command = "touch '${path.cwd}/started'; while [ ! -e '${path.cwd}/go' ]; do sleep 0.05; done"
  }
}

output "services" { value = keys(var.services) }
"""

ENVIRONMENT = """\
apiVersion: v1
kind: Environment
metadata: {name: dev, owner: platform@example.com, costCenter: cc-1}
spec:
  dns: {domain: dev.example.com}
  deletionProtection: false
  network: {cidr: 10.20.0.0/16, zones: [us-east-1a, us-east-1b]}
  cluster: {nodePools: [{name: general, machineTypes: [m7i.large]}]}
"""

CLOUD = """\
apiVersion: v1
kind: Environment
spec:
  region: us-east-1
  sizes: {database: {small: db.t4g.medium}, cache: {small: cache.t4g.small}}
"""

SERVICE = "apiVersion: v1\nkind: ServiceConfig\nmetadata: {name: NAME}\n"
KEY = "dev/aws/infrastructure.tfstate"
BUCKET = "inferloop-dev-tfstate-123456789012"


@dataclass
class Running:
    """A command that was started and goes on."""

    process: subprocess.Popen[str]

    def end(self) -> tuple[int, str]:
        """Wait for it, and return its exit code and everything it said."""
        said, _ = self.process.communicate()
        return self.process.returncode, said


@dataclass
class Checkout:
    """One person's checkout of the small project."""

    root: Path
    sandbox: Sandbox
    running: list[Running] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """Where terraform runs."""
        return self.root / "build/dev/aws/sandbox/tree/providers/aws"

    def start(self, *arguments: str, first: str = "pass") -> Running:
        """Start a command; `first` is run before it in its process."""
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                f"{first}; from inferloop_deploy.cli import main; main()",
                "--root",
                str(self.root),
                *arguments,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "TF_CLI_CONFIG_FILE": os.devnull},
        )
        self.running.append(Running(process))
        return self.running[-1]

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run a command to its end."""
        return self.start(*arguments).end()

    def apply_until_slow(self) -> Running:
        """Start an apply, and return it once it is in the middle of the slow resource."""
        running = self.start("apply", "--env", "dev", "--sandbox")
        tick = threading.Event()
        while not (self.folder / "started").exists():
            assert running.process.poll() is None, running.end()
            tick.wait(0.05)
        return running

    def go(self) -> None:
        """Let the slow resource come to its end."""
        (self.folder / "go").touch()

    def terraform(self) -> int:
        """Return the process of the terraform that runs."""
        journal = json.loads((self.root / "build/dev/aws/sandbox/journal/apply.json").read_text())
        return int(journal["terraform"])

    @property
    def s3(self) -> Any:
        """S3 of the sandbox."""
        return boto3.client(
            "s3",
            endpoint_url=self.sandbox.url,
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
            region_name="us-east-1",
        )

    def addresses(self) -> list[str]:
        """Return what the state in the bucket has."""
        state = json.loads(self.s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read())
        return sorted(
            f"{one['name']}[{instance['index_key']}]" if "index_key" in instance else one["name"]
            for one in state["resources"]
            for instance in one["instances"]
            if instance.get("status") != "tainted"
        )

    def locked(self) -> bool:
        """Tell whether a lock is in the bucket."""
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{KEY}.tflock")
        return found["KeyCount"] > 0


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox for the tests of this folder; each makes its own state in it."""
    with temporary(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def checkout(sandbox: Sandbox, tmp_path: Path) -> Iterator[Callable[[str], Checkout]]:
    """Make checkouts of the small project that share a sandbox, with nothing applied yet."""
    _forget(sandbox)
    made: list[Checkout] = []

    def make(name: str) -> Checkout:
        root = tmp_path / name
        files = {
            "providers/aws/versions.tf": ROOT,
            "environments/dev/environment.yaml": ENVIRONMENT,
            "environments/dev/aws.yaml": CLOUD,
            "services/tabular/deployment-config.yaml": SERVICE.replace("NAME", "tabular"),
            "build/sandbox/server.json": json.dumps(vars(sandbox)),
            "modules/README.md": "",
        }
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        made.append(Checkout(root, sandbox))
        return made[-1]

    yield make
    for one in made:
        one.folder.mkdir(parents=True, exist_ok=True)
        one.go()  # no slow resource outlives its test
        for running in one.running:
            if running.process.poll() is None:
                running.process.send_signal(signal.SIGINT)
                running.end()


def _forget(sandbox: Sandbox) -> None:
    import urllib.request

    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
        urllib.request.Request(f"{sandbox.url}/moto-api/reset", method="POST")
    ).close()
