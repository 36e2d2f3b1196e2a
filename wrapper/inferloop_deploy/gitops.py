"""What Argo CD or Flux are told so that they release what Terraform would: the same charts with the same values.

Forms: https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml and
https://fluxcd.io/flux/components/helm/api/v2/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from inferloop_deploy.manifests import Release, Upstream

ARGO_NAMESPACE = "argocd"
FLUX_NAMESPACE = "flux-system"
IN_CLUSTER = "https://kubernetes.default.svc"
SERVICES_WAVE = 100
"""Wave of all services: after everything that they share."""
GIT = "inferloop"
"""Name of Flux's source that stands for the repository."""


@dataclass(frozen=True)
class Repository:
    """Where the charts of this checkout are for whoever looks from inside the cluster."""

    url: str
    revision: str


def argo_cd(releases: Sequence[Release], repository: Repository) -> dict[str, str]:
    """Return a file with an Application for each release; they come in the order of the releases."""
    return {f"{one.name}.yaml": _text([_application(one, wave, repository)]) for wave, one in enumerate(releases)}


def _application(release: Release, wave: int, repository: Repository) -> dict[str, Any]:
    chart = release.chart
    source: dict[str, Any] = (
        {"repoURL": chart.repository, "chart": chart.chart, "targetRevision": chart.version}
        if isinstance(chart, Upstream)
        else {"repoURL": repository.url, "path": chart.as_posix(), "targetRevision": repository.revision}
    )
    source["helm"] = {"releaseName": release.name, "values": _Block(release.text)}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": release.name,
            "namespace": ARGO_NAMESPACE,
            # What services share comes first, one after the other; the services come together.
            "annotations": {"argocd.argoproj.io/sync-wave": str(wave if release.shared else SERVICES_WAVE)},
        },
        "spec": {
            "project": "default",
            "source": source,
            "destination": {"server": IN_CLUSTER, "namespace": release.namespace},
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True},
                "syncOptions": ["ServerSideApply=true"],
            },
        },
    }


def flux(releases: Sequence[Release], repository: Repository) -> dict[str, str]:
    """Return a file of the sources, and one of a HelmRelease for each release; services wait for what they share."""
    shared = [one.name for one in releases if one.shared]
    files = {"sources.yaml": _text(_sources(releases, repository))}
    before: list[str] = []
    for one in releases:
        files[f"{one.name}.yaml"] = _text([_helm_release(one, before if one.shared else shared[-1:])])
        before = [one.name]
    return files


def _sources(releases: Sequence[Release], repository: Repository) -> list[dict[str, Any]]:
    upstream = {one.name: one.chart for one in releases if isinstance(one.chart, Upstream)}
    git = {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": {"name": GIT, "namespace": FLUX_NAMESPACE},
        "spec": {"interval": "5m", "url": repository.url, "ref": _reference(repository.revision)},
    }
    return [
        git,
        *(
            {
                "apiVersion": "source.toolkit.fluxcd.io/v1",
                "kind": "HelmRepository",
                "metadata": {"name": name, "namespace": FLUX_NAMESPACE},
                "spec": {
                    "interval": "1h",
                    "url": chart.repository,
                    **({"type": "oci"} if chart.repository.startswith("oci://") else {}),
                },
            }
            for name, chart in upstream.items()
        ),
    ]


def _reference(revision: str) -> dict[str, str]:
    """Return a revision as Flux takes it: a commit, or else a branch."""
    commit = len(revision) == 40 and all(letter in "0123456789abcdef" for letter in revision)
    return {"commit": revision} if commit else {"branch": revision}


def _helm_release(release: Release, after: Sequence[str]) -> dict[str, Any]:
    chart = release.chart
    spec: dict[str, Any] = (
        {
            "chart": chart.chart,
            "version": chart.version,
            "sourceRef": {"kind": "HelmRepository", "name": release.name, "namespace": FLUX_NAMESPACE},
        }
        if isinstance(chart, Upstream)
        else {
            "chart": f"./{chart.as_posix()}",
            "reconcileStrategy": "Revision",
            "sourceRef": {"kind": "GitRepository", "name": GIT, "namespace": FLUX_NAMESPACE},
        }
    )
    return {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": release.name, "namespace": FLUX_NAMESPACE},
        "spec": {
            "interval": "10m",
            "releaseName": release.name,
            "targetNamespace": release.namespace,
            "storageNamespace": release.namespace,
            **({"dependsOn": [{"name": name} for name in after]} if after else {}),
            "chart": {"spec": spec},
            "install": {"remediation": {"retries": 0}},
            "upgrade": {"cleanupOnFail": True, "remediation": {"retries": 0, "strategy": "rollback"}},
            "values": yaml.safe_load(release.text),
        },
    }


class _Block(str):
    """Text that is written as a block, so that values read as they do elsewhere."""


class _Dumper(yaml.SafeDumper):
    """Writes blocks as blocks."""


_Dumper.add_representer(
    _Block, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|")
)


def _text(documents: Sequence[Mapping[str, Any]]) -> str:
    return str(yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, width=1000, allow_unicode=True))
