"""`make platform-verify` against a repository of charts on loopback: what it finds right, unpinned and wrong."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from chart_repository import Repository, served
from platform_cases import CASES, KUBERNETES, PLATFORM, ROOT, Computed

from inferloop_deploy.programs import find_programs, schema_location

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
spec: {ports: [{port: 80}]}
"""
WRONG_KIND_OF_VALUE = SERVICE.replace("{port: 80}", "{port: eighty}")
ASKS_FOR_MORE = '{{ required "nodes is not set" .Values.nodes }}'


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    """The module tools/platform_verify.py."""
    specification = importlib.util.spec_from_file_location("platform_verify", ROOT / "tools" / "platform_verify.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["platform_verify"] = module
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def repository(tmp_path: Path, helm: Path) -> Iterator[Repository]:
    """An empty repository, served on loopback as long as the test runs."""
    with served(tmp_path, helm) as repository:
        yield repository


@pytest.fixture
def verify(tool: ModuleType, computed: dict[str, Computed], tmp_path: Path) -> Callable[[str, Any], Any]:
    """Verify one add-on from a source, with the values that the platform computes for it."""
    values = {
        name: {addon: one.get("values") for addon, one in case.applications.items()} for name, case in computed.items()
    }
    programs = {name: str(path) for name, path in find_programs(ROOT, ["helm", "kubeconform"]).items()}
    addons = yaml.safe_load((PLATFORM / "catalog.yaml").read_text())["addons"]
    namespaces = {name: addon["namespace"] for name, addon in addons.items()}
    verifier = tool.Verifier(programs, schema_location(ROOT), KUBERNETES, values, namespaces, tool._run)

    def run(addon: str, source: Any) -> Any:
        folder = tmp_path / "verified"
        folder.mkdir()
        return verifier.verify(addon, source, folder)

    return run


def test_a_chart_with_the_digest_of_the_catalogue_is_verified_for_every_case_that_has_it(
    tool: ModuleType, repository: Repository, verify: Callable[[str, Any], Any]
) -> None:
    digest = repository.publish("keda", SERVICE)
    finding = verify("keda", tool.Source(repository.url, "keda", "1.0.0", digest))

    assert (finding.wrong, finding.pin) == ((), None)
    assert sorted(finding.rendered) == sorted(CASES)
    assert tool.report([finding]) == (
        [
            f"verified  keda 1.0.0: {digest}, renders with {', '.join(finding.rendered)}",
            "1 charts: 1 verified, 0 unpinned, 0 wrong",
        ],
        0,
    )


def test_a_chart_without_a_digest_is_told_what_to_pin(
    tool: ModuleType, repository: Repository, verify: Callable[[str, Any], Any]
) -> None:
    digest = repository.publish("keda", SERVICE)
    lines, status = tool.report([verify("keda", tool.Source(repository.url, "keda", "1.0.0", None))])

    assert lines[0].startswith("unpinned  keda 1.0.0: renders with ")
    assert lines[0].endswith(f"in the catalogue, put digest: {digest}")
    assert (lines[1], status) == ("1 charts: 0 verified, 1 unpinned, 0 wrong", 3)


def test_an_archive_that_was_changed_is_wrong_and_not_rendered(
    tool: ModuleType, repository: Repository, verify: Callable[[str, Any], Any]
) -> None:
    pinned = repository.publish("keda", SERVICE)
    published = repository.publish("keda", SERVICE.replace("80", "81"))
    finding = verify("keda", tool.Source(repository.url, "keda", "1.0.0", pinned))

    assert finding.rendered == ()
    assert finding.wrong == (
        f"its archive has {published} and not {pinned}; somebody has changed it, or the catalogue is wrong",
    )
    assert tool.report([finding])[1] == 1


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (ASKS_FOR_MORE, "with the values of dev-aws: helm cannot render it: .*nodes is not set"),
        (WRONG_KIND_OF_VALUE, "with the values of dev-aws: what it renders is not valid: .*port"),
    ],
)
def test_what_our_values_do_not_fit_is_wrong_for_each_case(
    tool: ModuleType, repository: Repository, verify: Callable[[str, Any], Any], template: str, said: str
) -> None:
    digest = repository.publish("velero", template)
    finding = verify("keda", tool.Source(repository.url, "velero", "1.0.0", digest))

    assert len(finding.wrong) == len(CASES)
    assert re.match(said, finding.wrong[0]), finding.wrong[0]


def test_a_chart_that_is_not_there_is_wrong(
    tool: ModuleType, repository: Repository, verify: Callable[[str, Any], Any]
) -> None:
    repository.publish("keda", SERVICE)
    finding = verify("keda", tool.Source(repository.url, "keda", "9.9.9", None))

    assert len(finding.wrong) == 1
    assert finding.wrong[0].startswith("cannot be pulled: ")
    assert "9.9.9" in finding.wrong[0]


def test_an_add_on_that_no_case_renders_is_wrong(
    tool: ModuleType, repository: Repository, verify: Callable[[str, Any], Any]
) -> None:
    repository.publish("argo-cd", SERVICE)
    finding = verify("argo-cd", tool.Source(repository.url, "argo-cd", "1.0.0", None))

    assert finding.wrong == ("no case renders it: add one to tests/cluster/platform/cases.yaml",)


def test_the_command_reads_the_catalogue_and_ends_with_what_it_found(
    tool: ModuleType, repository: Repository, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalogue = yaml.safe_load((PLATFORM / "catalog.yaml").read_text())
    for name, addon in list(catalogue["addons"].items()):
        if name in {"keda", "argo-cd"}:
            digest = repository.publish(addon["source"]["chart"], SERVICE)
            addon |= {"version": "1.0.0", "digest": digest}
            addon["source"]["repository"] = repository.url
    (tmp_path / "catalog.yaml").write_text(yaml.safe_dump(catalogue))

    assert tool.main(["keda", "argo-cd", "--catalog", str(tmp_path / "catalog.yaml")]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 charts: 2 verified, 0 unpinned, 0 wrong"


def test_an_unknown_add_on_is_refused_with_those_that_there_are(
    tool: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tool.main(["kedda"]) != 0
    assert "There is no add-on kedda." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("repository", "expected"),
    [
        ("https://charts.example.com", ["helm", "pull", "keda", "--repo", "https://charts.example.com", "--version", "1", "--destination", "/x"]),
        ("oci://registry.example.com/charts", ["helm", "pull", "oci://registry.example.com/charts/keda", "--version", "1", "--destination", "/x"]),
    ],
)  # fmt: skip
def test_registries_and_repositories_are_pulled_from_each_in_its_way(
    tool: ModuleType, repository: str, expected: list[str]
) -> None:
    assert tool.pull_command("helm", tool.Source(repository, "keda", "1", None), Path("/x")) == expected


def test_one_registry_takes_the_place_of_every_source(tool: ModuleType) -> None:
    sources = tool.catalogue(PLATFORM / "catalog.yaml", [], "registry.example.com/mirror")

    assert {source.repository for source in sources.values()} == {"oci://registry.example.com/mirror/charts"}
    assert sources["istiod"].chart == "istiod"
    assert "gateway-api" not in sources
