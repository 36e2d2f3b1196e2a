"""Command lines of kubectl and helm, as lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

PATIENCE = "15s"
"""How long one request to the cluster may take."""
NAME = "app.kubernetes.io/name"
COMPONENT = "app.kubernetes.io/component"
PART_OF = "app.kubernetes.io/part-of=inferloop"
MOST_PODS = 50
"""Pods whose logs are followed at once."""
MOST_REVISIONS = 256
"""Revisions of a release that are looked at; `helm history` takes 0 for none at all."""


@dataclass(frozen=True)
class Kubectl:
    """Command lines of kubectl for one cluster."""

    program: Path
    kubeconfig: Path

    def line(self, *arguments: str) -> list[str]:
        """Return a command line for this cluster."""
        return [str(self.program), f"--kubeconfig={self.kubeconfig}", *arguments]

    def get(self, kinds: Sequence[str], *, namespace: str | None = None, selector: str = "") -> list[str]:
        """Return how objects are read, as JSON: in one namespace or in all."""
        where = "--all-namespaces" if namespace is None else f"--namespace={namespace}"
        chosen = [f"--selector={selector}"] if selector else []
        return self.line("get", ",".join(kinds), where, *chosen, "--output=json", f"--request-timeout={PATIENCE}")

    def raw(self, path: str) -> list[str]:
        """Return how a path of the API is read."""
        return self.line("get", f"--raw={path}", f"--request-timeout={PATIENCE}")

    def scale(self, kind: str, name: str, namespace: str, replicas: int) -> list[str]:
        """Return how a workload is scaled."""
        return self.line("scale", f"{kind}/{name}", f"--namespace={namespace}", f"--replicas={replicas}")

    def logs(
        self, service: str, namespace: str, *, process: str | None, follow: bool, since: str | None, lines: int | None
    ) -> list[str]:
        """Return how the logs of a service's pods are read; of all of its processes where none is named."""
        labels = f"{NAME}={service}" + (f",{COMPONENT}={process}" if process is not None else "")
        options = [f"--since={since}"] if since is not None else []
        options.append(f"--tail={-1 if lines is None else lines}")
        if follow:
            options += ["--follow", f"--max-log-requests={MOST_PODS}"]
        return self.line(
            "logs",
            f"--namespace={namespace}",
            f"--selector={labels}",
            "--all-containers",
            "--prefix",
            "--ignore-errors",
            *options,
        )

    def port_forward(self, name: str, namespace: str, port: int, remote: int) -> list[str]:
        """Return how a port of this machine is led to a service."""
        return self.line("port-forward", f"service/{name}", f"--namespace={namespace}", f"{port}:{remote}")


@dataclass(frozen=True)
class Helm:
    """Command lines of helm; without a kubeconfig it only renders."""

    program: Path
    kubeconfig: Path | None = None

    def line(self, *arguments: str) -> list[str]:
        """Return a command line."""
        cluster = [] if self.kubeconfig is None else [f"--kubeconfig={self.kubeconfig}"]
        return [str(self.program), *arguments, *cluster]

    def releases(self) -> list[str]:
        """Return how all releases are listed, whatever their status."""
        return self.line("list", "--all-namespaces", "--all", "--max=0", "--output=json")

    def history(self, name: str, namespace: str) -> list[str]:
        """Return how the revisions of a release are read, the oldest first."""
        return self.line("history", name, f"--namespace={namespace}", f"--max={MOST_REVISIONS}", "--output=json")

    def manifest(self, name: str, namespace: str) -> list[str]:
        """Return how the objects of a release are read, as YAML."""
        return self.line("get", "manifest", name, f"--namespace={namespace}")

    def rollback(self, name: str, namespace: str, revision: int, timeout: str) -> list[str]:
        """Return how a release goes back to a revision, and waits until it is there."""
        return self.line("rollback", name, str(revision), f"--namespace={namespace}", "--wait", f"--timeout={timeout}")

    def uninstall(self, name: str, namespace: str, timeout: str) -> list[str]:
        """Return how a release and its objects are removed."""
        return self.line("uninstall", name, f"--namespace={namespace}", "--wait", f"--timeout={timeout}")

    def template(
        self, release: str, chart: Path, values: Path, namespace: str, *, kubernetes: str, apis: Iterable[str] = ()
    ) -> list[str]:
        """Return how a chart is rendered without a cluster; `apis` are what it may take for there."""
        return self.line(
            "template",
            release,
            str(chart),
            f"--namespace={namespace}",
            f"--values={values}",
            f"--kube-version={kubernetes}",
            *(f"--api-versions={api}" for api in apis),
        )
