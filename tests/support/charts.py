"""The chart of a service, rendered by helm: its objects, where they come from, and the rules that every pod keeps to."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from inferloop_deploy.programs import find_programs

ROOT = Path(__file__).resolve().parent.parent.parent
CHART = ROOT / "modules" / "helm-release" / "chart"
PRIORITIES = "\n---\n".join(
    f"{{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {{name: inferloop-{name}}}, value: {value}}}"
    for name, value in (("critical", 1000), ("standard", 100), ("batch", 10))
)
"""The priorities that pods of the chart name, as manifests."""
CASES = ROOT / "tests" / "cluster" / "chart" / "cases"
NAMESPACE = "inferloop"
Tree = dict[str, Any]


@dataclass(frozen=True)
class Document:
    """One object of a rendered chart."""

    source: str
    text: str
    tree: Tree

    @property
    def kind(self) -> str:
        """Kind of the object."""
        return str(self.tree["kind"])

    @property
    def name(self) -> str:
        """Name of the object."""
        return str(self.tree["metadata"]["name"])

    @property
    def hooks(self) -> list[str]:
        """When helm runs it, where it is a hook."""
        found = self.tree["metadata"].get("annotations", {}).get("helm.sh/hook", "")
        return str(found).split(",") if found else []


def case_names() -> list[str]:
    """Return the names of the value files that together reach every branch of the chart."""
    return sorted(path.stem for path in CASES.glob("*.yaml"))


def case_values(name: str) -> Tree:
    """Return the values of a case."""
    values: Tree = yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))
    return values


@cache
def helm() -> str:
    """Return the pinned helm, or the one that INFERLOOP_KUBERNETES_PROGRAMS names; raises where it is not built."""
    return str(find_programs(ROOT, ["helm"])["helm"])


def run_helm(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run helm without anything of the person's own."""
    environ = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    environ["HOME"] = os.environ.get("TMPDIR", "/nonexistent")
    return subprocess.run([helm(), *arguments], input=text, env=environ, check=False, capture_output=True, text=True)


def template(values: Mapping[str, Any], namespace: str = NAMESPACE) -> subprocess.CompletedProcess[str]:
    """Render the chart with these values, as the release of the service's name."""
    name = str(values.get("name", "nameless"))
    return run_helm(
        "template", name, str(CHART), "--namespace", namespace, "--values", "-", text=yaml.safe_dump(dict(values))
    )


def documents(text: str) -> Iterator[Document]:
    """Return the objects of what helm printed."""
    for piece in text.split("\n---\n"):
        part = piece.removeprefix("---\n").strip("\n")
        tree = yaml.safe_load(part)
        if tree:
            source = part.splitlines()[0].removeprefix("# Source: inferloop-service/templates/")
            yield Document(source, part, tree)


def rendered(values: Mapping[str, Any]) -> list[Document]:
    """Return the objects of the chart with these values; raises AssertionError with helm's words where it refuses them."""
    done = template(values)
    assert done.returncode == 0, done.stderr
    return list(documents(done.stdout))


@cache
def rendered_case(name: str) -> tuple[Document, ...]:
    """Return the objects of a case."""
    return tuple(rendered(case_values(name)))


def one(found: list[Document] | tuple[Document, ...], kind: str, name: str) -> Tree:
    """Return the one object of this kind and name that is no hook."""
    [document] = [each for each in found if (each.kind, each.name) == (kind, name) and not each.hooks]
    return document.tree


def pod_templates(document: Document) -> Iterator[Tree]:
    """Return the templates of the pods that an object makes, and a pod itself."""
    spec = document.tree.get("spec", {})
    match document.kind:
        case "Deployment" | "StatefulSet" | "Job":
            yield spec["template"]
        case "CronJob":
            yield spec["jobTemplate"]["spec"]["template"]
        case "RayJob":
            cluster = spec["rayClusterSpec"]
            yield cluster["headGroupSpec"]["template"]
            yield from (group["template"] for group in cluster["workerGroupSpecs"])
        case "Pod":
            yield document.tree


def security_problems(pod: Tree) -> list[str]:
    """Return what the restricted Pod Security Standard says against a pod's specification.

    https://kubernetes.io/docs/concepts/security/pod-security-standards/ (baseline and restricted together).
    """
    problems = [field for field in ("hostNetwork", "hostPID", "hostIPC", "ephemeralContainers") if pod.get(field)]
    own = pod.get("securityContext", {})
    problems += [f"securityContext.{key}" for key in ("sysctls", "windowsOptions", "seLinuxOptions") if key in own]
    allowed = {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
    problems += [
        f"volume {volume['name']}" for volume in pod.get("volumes", []) if not set(volume) - {"name"} <= allowed
    ]
    for container in [*pod["containers"], *pod.get("initContainers", [])]:
        problems += [f"{container['name']}: {problem}" for problem in _container_problems(container, own)]
    return problems


def _container_problems(container: Tree, pod: Tree) -> Iterator[str]:
    own = container.get("securityContext", {})
    if own.get("privileged"):
        yield "privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "allowPrivilegeEscalation"
    capabilities = own.get("capabilities", {})
    if capabilities.get("drop") != ["ALL"] or set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
        yield "capabilities"
    if own.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True:
        yield "runAsNonRoot"
    if own.get("runAsUser", pod.get("runAsUser")) == 0:
        yield "runAsUser"
    if own.get("seccompProfile", pod.get("seccompProfile", {})).get("type") not in {"RuntimeDefault", "Localhost"}:
        yield "seccompProfile"
    if own.get("procMount", "Default") != "Default":
        yield "procMount"
    if any("hostPort" in port for port in container.get("ports", [])):
        yield "hostPort"
