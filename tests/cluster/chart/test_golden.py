"""Manifests of every case as files that people read, and how large they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from charts import CASES, CHART, case_names, rendered_case, run_helm, template


@pytest.mark.parametrize("case", case_names())
def test_manifests_are_as_the_golden_file_says(
    case: str, golden: Callable[[Path, str], None], repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Monitoring has golden files of its own beside its tests."""
    found = rendered_case(case)
    kinds = Counter(document.kind for document in found)
    size = sum(len(document.text.encode()) for document in found)
    with capsys.disabled():
        print(f"\nchart: {case}: {len(found)} objects of {len(kinds)} kinds, {size / 1024:.1f} KiB", end=" ")
    text = "".join(f"---\n{document.text}\n" for document in found if not document.source.startswith("monitoring/"))
    golden(repository / "tests" / "golden" / "chart" / f"{case}.yaml", text)


@pytest.mark.parametrize("case", case_names())
def test_helm_lint_finds_nothing(case: str) -> None:
    done = run_helm("lint", "--strict", str(CHART), "--values", str(CASES / f"{case}.yaml"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[WARNING]" not in done.stdout


def test_the_same_values_give_the_same_text() -> None:
    from charts import case_values

    values = case_values("api-and-worker")
    turned = dict(reversed(values.items())) | {"processes": dict(reversed(values["processes"].items()))}
    assert template(values).stdout == template(turned).stdout


def test_every_template_writes_something_in_some_case() -> None:
    """A template that no case reaches is not covered by the golden files."""
    reached = {document.source for case in case_names() for document in rendered_case(case)}
    templates = {path.relative_to(CHART / "templates").as_posix() for path in CHART.rglob("templates/**/*.yaml")}
    assert templates - reached == {"checks/first/checks.yaml"}
