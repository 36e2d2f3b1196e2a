"""What the tests of the shared platform share: its values for every case, its charts as helm renders them, and a control plane."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from platform_cases import CHARTS, KUBERNETES, NAMESPACES, PLATFORM, ROOT, Computed, computed_cases
from terraform_tree import copy_of_the_source

from inferloop_deploy.programs import find_programs
from inferloop_deploy.sandbox.cluster import Cluster, temporary_cluster

Render = Callable[[Computed, str], list[dict[str, Any]]]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what needs this control plane on one worker, so that there is one in a run."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and "control_plane" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.cluster)
            item.add_marker(pytest.mark.xdist_group("platform"))


@pytest.fixture(scope="session")
def computed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Computed]:
    """The outputs of modules/platform/values for every case, from one plan without any provider."""
    return computed_cases(copy_of_the_source(tmp_path_factory.mktemp("platform"), tmp_path_factory.mktemp("plugins")))


@pytest.fixture(scope="session")
def helm() -> Path:
    """The program helm."""
    return find_programs(ROOT, ["helm"])["helm"]


@pytest.fixture(scope="session")
def rendered(
    computed: dict[str, Computed], helm: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Computed, str], str]:
    """Render a release of a case as helm would release it, as text."""

    @cache
    def text_of(name: str, release: str) -> str:
        case = computed[name]
        file = tmp_path_factory.mktemp("values") / "values.yaml"
        file.write_text(case.values(release))
        served = [f"--api-versions={api}" for api in case.outputs["apis"]]
        chart = PLATFORM / "charts" / CHARTS[release]
        command = [helm, "template", release, chart, f"--namespace={NAMESPACES[release]}", f"--values={file}", *served]
        outcome = subprocess.run(
            [*command, f"--kube-version={KUBERNETES}"], capture_output=True, text=True, check=False
        )
        assert outcome.returncode == 0, outcome.stderr
        return outcome.stdout

    return lambda case, release: text_of(case.name, release)


@pytest.fixture(scope="session")
def objects(rendered: Callable[[Computed, str], str]) -> Render:
    """Render a release of a case as the list of its objects."""

    def render(case: Computed, release: str) -> list[dict[str, Any]]:
        return [one for one in yaml.safe_load_all(rendered(case, release)) if one is not None]

    return render


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A control plane of its own: what the platform makes belongs to the whole cluster."""
    with temporary_cluster(tmp_path_factory.mktemp("cluster"), ROOT) as cluster:
        yield cluster
