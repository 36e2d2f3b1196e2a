"""Roots with a Helm release in them, for tests of the plug-in that stands in for hashicorp/helm."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from terraform_tree import ROOT, clean_environment

from inferloop_deploy.terraform import find_terraform
from inferloop_deploy.terraform.plugins import mirror_configuration, stand_ins

VERSIONS = """
terraform {
  required_providers {
    helm = { source = "hashicorp/helm", version = "~> 3.1" }
  }
}
provider "helm" {}
"""
CHART = {
    "Chart.yaml": "apiVersion: v2\nname: tiny\nversion: 0.1.0\nappVersion: '9'\n",
    "values.yaml": "text: from-chart\nsecret: ''\nport: null\nwaits: false\n",
    "templates/NOTES.txt": "Revision {{ .Release.Revision }}\n",
    "templates/objects.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}}
data: {text: {{ .Values.text | quote }}}
---
apiVersion: v1
kind: Secret
metadata: {name: {{ .Release.Name }}}
stringData: {secret: {{ .Values.secret | quote }}}
{{- with .Values.port }}
---
apiVersion: v1
kind: Service
metadata: {name: {{ $.Release.Name }}}
spec: {ports: [{port: {{ . }}}]}
{{- end }}
{{- if .Values.waits }}
---
apiVersion: v1
kind: Pod
metadata: {name: {{ .Release.Name }}}
spec:
  nodeSelector: {nowhere: "true"}
  containers: [{name: main, image: none.invalid/none}]
{{- end }}
""",
}
"""A chart that can be made to fail at once (a port above 65535) or never to be ready (a pod that fits on no node)."""


@dataclass(frozen=True)
class Root:
    """A root module with a chart beside it, run with the stand-in and with nothing else."""

    folder: Path
    environment: Mapping[str, str]

    def write(self, text: str) -> None:
        """Write what the root holds beside its provider."""
        (self.folder / "main.tf").write_text(VERSIONS + text, encoding="utf-8")

    def release(self, sets: str = "", **arguments: str) -> None:
        """Write a root with one release of the chart; `sets` are lines of its values, arguments are expressions."""
        given = {
            "name": '"tiny"',
            "chart": '"./chart"',
            "values": f"[yamlencode({{ {sets} }})]",
            **arguments,
        }
        lines = "".join(f"  {name} = {value}\n" for name, value in given.items())
        self.write(f'resource "helm_release" "this" {{\n{lines}}}\n')

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of terraform."""
        return [str(find_terraform(ROOT, os.environ)), *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run terraform to its end; what it prints is in `stdout`, without the breaks of its lines."""
        outcome = subprocess.run(
            self.command(*arguments, "-no-color"),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        outcome.stdout = " ".join(outcome.stdout.replace("│", " ").split())
        return outcome

    def succeed(self, *arguments: str) -> str:
        """Run terraform and return what it prints; fails with all of it where terraform fails."""
        outcome = self.run(*arguments)
        assert outcome.returncode == 0, outcome.stdout
        return outcome.stdout

    def fail(self, *arguments: str) -> str:
        """Run terraform, which has to fail, and return what it prints."""
        outcome = self.run(*arguments)
        assert outcome.returncode == 1, outcome.stdout
        return outcome.stdout

    def apply(self) -> str:
        """Apply, and return what terraform prints."""
        return self.succeed("apply", "-auto-approve", "-input=false")

    def plans_changes(self) -> bool:
        """Tell whether a plan would change something."""
        outcome = self.run("plan", "-detailed-exitcode", "-input=false")
        assert outcome.returncode in (0, 2), outcome.stdout
        return outcome.returncode == 2

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start terraform, and return without waiting for it."""
        return subprocess.Popen(
            self.command(*arguments, "-no-color"),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


def make_root(folder: Path, more: Mapping[str, str] | None = None) -> Root:
    """Make a root with the chart and the stand-in; an empty release, so that `init` finds its provider."""
    for name, text in CHART.items():
        path = folder / "chart" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    standing_in = stand_ins(os.environ)
    assert standing_in, "there is no stand-in on this machine: run `make test-providers`"
    configuration = folder / "stand-in.tfrc"
    configuration.write_text(mirror_configuration([], standing_in), encoding="utf-8")
    kept = {name: value for name, value in clean_environment(folder).items() if not name.startswith(("KUBE", "HELM_"))}
    root = Root(folder, {**kept, **(more or {}), "TF_CLI_CONFIG_FILE": str(configuration)})
    root.release()
    root.succeed("init", "-input=false")
    return root
