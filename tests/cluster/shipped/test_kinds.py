"""Every kind of object that some chart here makes: taken by the API server, or listed with why that cannot be tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from charts import case_names, rendered_case
from platform_cases import CHARTS as PARTS
from platform_cases import NAMESPACES, Computed, computed_cases
from shipped_objects import CHARTS, Kind, Object, Release, apply, kind_of, placed, served_kinds, unproven_kinds
from terraform_tree import copy_of_the_source

from inferloop_deploy.sandbox.cluster import Cluster

CHART = "service"


OTHERS = ("linkerd-aws", "istio-azure", "gateway-api-gcp")
"""Cases of the platform that make every choice which no shipped environment makes."""


def written(shipped: dict[str, list[Release]], platforms: dict[str, Computed]) -> Iterator[tuple[str, Object]]:
    """Return every object of all cases and of all that is shipped, each with the chart that it comes from."""
    for case in case_names():
        yield from ((CHART, document.tree) for document in rendered_case(case))
    others = [
        Release(name, release, NAMESPACES[release], CHARTS / chart, case.values(release), tuple(case.outputs["apis"]))
        for name, case in platforms.items()
        if name in OTHERS
        for release, chart in PARTS.items()
    ]
    for release in [*others, *(one for releases in shipped.values() for one in releases)]:
        name = CHART if release.of_service else release.chart.name
        yield from ((name, one) for one in release.objects())


@pytest.fixture(scope="module")
def examples(
    shipped: dict[str, list[Release]], tmp_path_factory: pytest.TempPathFactory
) -> dict[Kind, dict[str, Object]]:
    """One object of each kind and chart."""
    tree = copy_of_the_source(tmp_path_factory.mktemp("cases"), tmp_path_factory.mktemp("plugins"))
    found: dict[Kind, dict[str, Object]] = {}
    for chart, one in written(shipped, computed_cases(tree)):
        found.setdefault(kind_of(one), {}).setdefault(chart, one)
    return found


def test_every_kind_is_taken_or_listed_as_unproven(
    cluster: Cluster,
    namespace: str,
    examples: dict[Kind, dict[str, Object]],
    golden: Callable[[Path, str], None],
    repository: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The list of the unproven is crds.toml; a kind on it that the server does serve is named, too."""
    unproven = unproven_kinds()
    served = served_kinds(cluster)
    sent = [(kind, one) for kind, charts in examples.items() for one in charts.values() if kind in served]
    account = {"apiVersion": "v1", "kind": "ServiceAccount"}
    # Values of priorities cannot change, and other tests on this control plane may have made it, of this value.
    cluster.kubectl(["create", "priorityclass", "inferloop-standard", "--value=100"], check=False)
    names = {str(one["spec"].get("serviceAccountName")) for kind, one in sent if kind == ("", "Pod")}
    apply(cluster, [account | {"metadata": {"name": name, "namespace": namespace}} for name in names])
    bare = [
        {**one, "metadata": {**one["metadata"], "namespace": namespace}} if served[kind] else one for kind, one in sent
    ]
    answered = apply(cluster, placed(bare, namespace, served), "--dry-run=server").stdout.splitlines()
    taken = {kind for kind, _ in sent} if len(answered) == len(sent) else set()

    assert len(answered) == len(sent)
    assert set(examples) - taken <= set(unproven), (
        "no definition of these is there: pin it in crds.toml, or say why not"
    )
    assert taken & set(unproven) == set(), "there is a definition now: take it off the list in crds.toml"
    with capsys.disabled():
        print(f"\n{len(taken)} of {len(examples)} object kinds accepted by the API server", end=" ")
    golden(repository / "docs" / "reference" / "kubernetes-objects.md", page(examples, taken, unproven))


def page(examples: dict[Kind, dict[str, Object]], taken: set[Kind], unproven: dict[Kind, str]) -> str:
    """Return the table as a page of the documentation."""
    rows = [
        f"| `{kind}` | {f'`{group}`' if group else 'core'} | {', '.join(sorted(examples[group, kind]))} | "
        f"{'yes' if (group, kind) in taken else 'unproven: ' + unproven[group, kind]} |"
        for group, kind in sorted(examples, key=lambda one: (one[0], one[1]))
    ]
    return "\n".join(
        [
            "<!-- Written by `make golden` from what the charts make and a real API server takes. -->",
            "",
            "# Kinds of objects in the cluster",
            "",
            f"The charts make objects of {len(examples)} kinds. A real API server takes {len(taken)} of them with strict",
            "field validation (`make cluster-test`). Of the others no definition is to be had, so nothing is said of them.",
            "",
            "| Kind | Group | Charts | Accepted |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )
