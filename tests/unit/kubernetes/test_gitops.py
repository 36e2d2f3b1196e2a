"""What Argo CD and Flux are told: the charts and values that Terraform would hand to helm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from inferloop_deploy.gitops import Repository, argo_cd, flux
from inferloop_deploy.manifests import CHART, PLATFORM_CHARTS, Release, Upstream, hurried

VALUES = '"image":\n  "tag": "0.1.0"\n"name": "tabular"\n'
RELEASES = (
    Release("platform-base", "kube-system", PLATFORM_CHARTS / "base", "{}\n", shared=True),
    Release("argo-cd", "argocd", Upstream("https://charts.example", "argo-cd", "9.1.0"), "a: 1\n", shared=True),
    Release("tabular", "inferloop", CHART, VALUES),
    Release("textnlp", "inferloop", CHART, VALUES),
)
REPOSITORY = Repository("https://git.example/p.git", "main")


def read(files: dict[str, str], name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(files[name]))


def test_each_release_is_an_application_with_the_very_text_of_its_values() -> None:
    files = argo_cd(RELEASES, REPOSITORY)
    assert sorted(files) == ["argo-cd.yaml", "platform-base.yaml", "tabular.yaml", "textnlp.yaml"]
    (application,) = read(files, "tabular.yaml")
    assert application["spec"]["source"] == {
        "repoURL": "https://git.example/p.git",
        "path": "modules/helm-release/chart",
        "targetRevision": "main",
        "helm": {"releaseName": "tabular", "values": VALUES},
    }
    assert application["spec"]["destination"]["namespace"] == "inferloop"
    assert "values: |\n" in files["tabular.yaml"], "people read it as YAML"


def test_charts_of_others_come_from_their_repository_at_their_version() -> None:
    (application,) = read(argo_cd(RELEASES, REPOSITORY), "argo-cd.yaml")
    source = application["spec"]["source"]
    assert (source["repoURL"], source["chart"], source["targetRevision"]) == (
        "https://charts.example",
        "argo-cd",
        "9.1.0",
    )
    assert "path" not in source


def test_what_services_share_comes_before_them_and_the_services_together() -> None:
    files = argo_cd(RELEASES, REPOSITORY)
    waves = {
        name: int(read(files, f"{name}.yaml")[0]["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"])
        for name in ("platform-base", "argo-cd", "tabular", "textnlp")
    }
    assert waves["platform-base"] < waves["argo-cd"] < waves["tabular"] == waves["textnlp"]


def test_each_release_is_a_helm_release_of_flux_with_the_same_values() -> None:
    files = flux(RELEASES, REPOSITORY)
    (release,) = read(files, "tabular.yaml")
    assert release["spec"]["values"] == yaml.safe_load(VALUES)
    assert release["spec"]["chart"]["spec"]["chart"] == "./modules/helm-release/chart"
    assert release["spec"]["chart"]["spec"]["sourceRef"]["name"] == "inferloop"
    assert (release["spec"]["releaseName"], release["spec"]["targetNamespace"]) == ("tabular", "inferloop")


def test_flux_waits_for_what_comes_before() -> None:
    files = flux(RELEASES, REPOSITORY)
    after = {
        name: read(files, f"{name}.yaml")[0]["spec"].get("dependsOn")
        for name in ("platform-base", "argo-cd", "textnlp")
    }
    assert after == {"platform-base": None, "argo-cd": [{"name": "platform-base"}], "textnlp": [{"name": "argo-cd"}]}


@pytest.mark.parametrize(("revision", "expected"), [("main", {"branch": "main"}), ("a" * 40, {"commit": "a" * 40})])
def test_flux_is_told_the_repository_and_those_of_other_charts(revision: str, expected: dict[str, str]) -> None:
    git, helm = read(flux(RELEASES, Repository("https://git.example/p.git", revision)), "sources.yaml")
    assert git["spec"]["ref"] == expected
    assert (helm["metadata"]["name"], helm["spec"]["url"]) == ("argo-cd", "https://charts.example")


def test_only_where_nothing_else_is_said_is_garbage_collected_less_often() -> None:
    assert hurried("terraform", {})["GOGC"] == "400"
    assert hurried("helm", {"GOGC": "50"})["GOGC"] == "50"


def test_the_charts_that_are_named_are_there(repository: Path) -> None:
    assert all((repository / one.chart).is_dir() for one in RELEASES if isinstance(one.chart, Path))
