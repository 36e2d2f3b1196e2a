"""Projects for tests, from texts: small and valid, with what a test changes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent, indent

from inferloop_deploy.config.load import EnvironmentFiles, Project, ServiceFile, parse_document
from inferloop_deploy.config.parse import Parsed
from inferloop_deploy.config.source import Layer

ENVIRONMENT = """\
apiVersion: v1
kind: Environment
metadata: {name: dev, owner: platform@inferloop.example, costCenter: cc-1}
spec:
  dns: {domain: dev.inferloop.example}
  network: {cidr: 10.10.0.0/16}
  deletionProtection: false
"""
CLOUD = """\
apiVersion: v1
kind: Environment
spec:
  region: us-east-1
  network: {zones: [us-east-1a, us-east-1b]}
  cluster:
    nodePools:
      - {name: general, machineTypes: [m7i.xlarge], min: 1, max: 4}
      - {name: gpu, machineTypes: [g4dn.xlarge], min: 0, max: 2, disk: 100Gi, gpu: {type: nvidia-t4}}
  sizes:
    database: {small: db.t4g.medium}
    cache: {small: cache.t4g.small}
"""


def service(name: str, spec: str, *, rest: str = "", metadata: str = "") -> str:
    """Return a service's file: its name, its spec and what else stands in it."""
    extra = f", {metadata}" if metadata else ""
    head = f"apiVersion: v1\nkind: ServiceConfig\nmetadata: {{name: {name}{extra}}}\n"
    body = f"spec:\n{indent(dedent(spec).strip(), '  ')}\n" if spec.strip() else ""
    return head + body + (dedent(rest).strip() + "\n" if rest else "")


def parsed(text: str, file: str, layer: Layer) -> Parsed:
    """Return a text as if it had been read from a file."""
    return parse_document(text, file, layer)


def project(services: Mapping[str, str], environments: Mapping[str, Mapping[str, str]] | None = None) -> Project:
    """Return a project with the files given by their texts; without environments it has a small `dev` on aws."""
    texts = {"dev": {"environment": ENVIRONMENT, "aws": CLOUD}} if environments is None else environments
    read = {
        name: ServiceFile(name, parsed(text, f"services/{name}/deployment-config.yaml", "service"))
        for name, text in services.items()
    }
    files = {
        env: EnvironmentFiles(
            env,
            parsed(stems["environment"], f"environments/{env}/environment.yaml", "environment"),
            {
                stem: parsed(text, f"environments/{env}/{stem}.yaml", "cloud")
                for stem, text in stems.items()
                if stem != "environment"
            },
        )
        for env, stems in texts.items()
    }
    sources = [item.source for item in read.values()]
    sources += [source for item in files.values() for source in (item.source, *item.clouds.values())]
    problems = tuple(problem for source in sources for problem in source.problems)
    return Project(Path("/project"), read, files, problems)
