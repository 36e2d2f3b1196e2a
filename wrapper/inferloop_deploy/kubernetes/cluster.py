"""A cluster as the commands use it: the one class that runs kubectl and helm."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inferloop_deploy.errors import InferloopError
from inferloop_deploy.kubernetes.answers import (
    Kind,
    Release,
    WaitingSecret,
    Workload,
    kind_of,
    kinds_in,
    last_deployed,
    missing_kinds,
    read_documents,
    read_releases,
    read_waiting_secrets,
    read_workloads,
)
from inferloop_deploy.kubernetes.argv import PART_OF, Helm, Kubectl
from inferloop_deploy.kubernetes.clients import find_client
from inferloop_deploy.kubernetes.kubeconfig import ClusterAccess, kubeconfig_text
from inferloop_deploy.render.write import replace_file

WORKLOADS = ("deployments.apps", "statefulsets.apps", "jobs.batch", "cronjobs.batch")
EXTERNAL_SECRETS = "externalsecrets.external-secrets.io"


class ClusterUnreachable(InferloopError):
    """Nothing answers where the cluster should be."""


class ClusterRefused(InferloopError):
    """The cluster answers, and does not let this person in."""


class ClusterFailed(InferloopError):
    """A program ended with an error."""


class NotThere(ClusterFailed):
    """What was asked for does not exist."""


_UNREACHABLE = re.compile(
    r"connection refused|no such host|i/o timeout|no route to host|network is unreachable|context deadline exceeded"
    r"|Unable to connect to the server|Client\.Timeout|TLS handshake|x509|EOF$|was refused",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"getting credentials: exec", re.IGNORECASE)
_REFUSED = re.compile(r"Unauthorized|must be logged in|Forbidden|is forbidden", re.IGNORECASE)
_ABSENT = re.compile(r"NotFound|not found|doesn't have a resource type|could not find the requested resource")


@dataclass(frozen=True)
class Cluster:
    """A cluster, reached through a kubeconfig of our own."""

    access: ClusterAccess
    kubectl: Kubectl
    helm: Helm
    environ: Mapping[str, str]
    place: str
    """The options that name the environment on a command line, for messages."""

    def version(self) -> str:
        """Return the version of the API server, such as `v1.34.4`; raises ClusterUnreachable."""
        return str(json.loads(self.run(self.kubectl.raw("/version")))["gitVersion"])

    def releases(self) -> tuple[Release, ...]:
        """Return every release there is."""
        return read_releases(self.run(self.helm.releases()))

    def workloads(self, service: str | None = None) -> tuple[Workload, ...]:
        """Return the workloads of the services, or of one."""
        selector = PART_OF + ("" if service is None else f",app.kubernetes.io/name={service}")
        return read_workloads(self.run(self.kubectl.get(WORKLOADS, selector=selector)))

    def objects(self, release: Release) -> dict[str, int]:
        """Return the objects of a release, counted by kind."""
        text = self.run(self.helm.manifest(release.name, release.namespace))
        return dict(sorted(Counter(kind_of(one).kind for one in read_documents(text)).items()))

    def last_deployed(self, name: str, namespace: str) -> int | None:
        """Return the newest revision of a release that was there whole, or None."""
        return last_deployed(self.run(self.helm.history(name, namespace)))

    def waiting_secrets(self) -> tuple[WaitingSecret, ...]:
        """Return the secrets that their store did not give; none where the cluster has no External Secrets."""
        try:
            return read_waiting_secrets(self.run(self.kubectl.get([EXTERNAL_SECRETS])))
        except NotThere:
            return ()

    def missing(self, wanted: Iterable[Kind]) -> tuple[Kind, ...]:
        """Return the kinds that the cluster does not know."""
        kinds = set(wanted)
        there = {}
        for path in sorted({one.path for one in kinds}):
            try:
                there[path] = kinds_in(self.run(self.kubectl.raw(path)))
            except NotThere:
                continue
        return missing_kinds(kinds, there)

    def run(self, argv: Sequence[str]) -> str:
        """Run a program and return what it prints; raises what `failure` says."""
        finished = run_program(argv, self.environ)
        if finished.returncode != 0:
            raise failure(self.access, self.place, argv, finished.stderr)
        return finished.stdout

    def hand_over(self, argv: Sequence[str]) -> int:
        """Run a program that talks to the person itself, and return its exit code."""
        try:
            return subprocess.run(argv, env=dict(self.environ), check=False).returncode
        except OSError as error:
            raise ClusterFailed(f"{argv[0]} cannot be run: {error.strerror}.") from error


def run_program(argv: Sequence[str], environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; raises ClusterFailed where it cannot be run at all."""
    try:
        return subprocess.run(
            argv,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise ClusterFailed(f"{argv[0]} cannot be run: {error.strerror}.") from error


def connect_cluster(access: ClusterAccess, folder: Path, root: Path, environ: Mapping[str, str], place: str) -> Cluster:
    """Return the cluster, with a kubeconfig written into `folder`; raises ProgramMissing and ClientMissing."""
    file = folder / "kubeconfig"
    replace_file(file, kubeconfig_text(access))
    kubectl = Kubectl(find_client("kubectl", root, environ), file)
    helm = Helm(find_client("helm", root, environ), file)
    # A person's own choice of a cluster has no say: the kubeconfig is named on each command line.
    own = {name: value for name, value in environ.items() if name != "KUBECONFIG" and not name.startswith("HELM_KUBE")}
    return Cluster(access, kubectl, helm, own, place)


def failure(access: ClusterAccess, place: str, argv: Sequence[str], said: str) -> InferloopError:
    """Return what a program's complaint means, and what to do about it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = lines[-1] if lines else "it gave no reason"
    if _LOGIN.search(said):
        program = access.program or "the program that logs in"
        return ClusterRefused(
            f"No token for the cluster {access.name}: {last}",
            f"It is {program} that gets it: make sure that it is installed and logged in, then run the command again.",
        )
    if _REFUSED.search(said):
        return ClusterRefused(
            f"The cluster {access.name} does not let you do this: {last}",
            "Who may use it stands in the environment's file, spec.cluster.access; add yourself there and apply "
            f"stage 1: inferloop-deploy apply {place} --stage infrastructure",
        )
    if _ABSENT.search(said):
        return NotThere(f"{_program(argv)}: {last}", "`inferloop-deploy status` shows what there is.")
    if _UNREACHABLE.search(said):
        return ClusterUnreachable(
            f"The cluster {access.name} does not answer at {access.endpoint}: {last}",
            "Look whether this machine may reach it (a private endpoint needs the network or its VPN, a public one "
            "spec.cluster.publicCidrs), and whether it is there: "
            f"inferloop-deploy drift {place} --stage infrastructure",
        )
    return ClusterFailed(
        f"{_program(argv)} failed: {last}", "\n".join(lines[:-1][-10:]) or f"It was called so: {' '.join(argv)}"
    )


def _program(argv: Sequence[str]) -> str:
    words = [word for word in argv[1:3] if not word.startswith("-")]
    return " ".join([os.path.basename(argv[0]), *words])  # noqa: PTH119 - a name, not a file
