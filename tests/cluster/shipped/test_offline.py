"""What is shipped, looked at without a cluster: its schemas, its size, and what helm's own check says."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from charts import run_helm
from kube_score import EXCEPTIONS, advice, excepted, without_a_reason
from shipped_objects import ENVIRONMENTS, Release, kind_of, template, unproven_kinds
from terraform_tree import ROOT

from inferloop_deploy.programs import find_programs, schema_location


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_object_keeps_to_its_schema(environment: str, shipped: dict[str, list[Release]]) -> None:
    program = find_programs(ROOT, ["kubeconform"])["kubeconform"]
    unproven = unproven_kinds()
    sent = [one for release in shipped[environment] for one in release.objects() if kind_of(one) not in unproven]
    command = [str(program), "-strict", "-summary", "-output", "json", "-schema-location", schema_location(ROOT), "-"]
    text = "\n---\n".join(map(json.dumps, sent))
    answer = json.loads(subprocess.run(command, input=text, check=False, capture_output=True, text=True).stdout)

    assert answer["resources"] == []
    assert answer["summary"] == {"valid": len(sent), "invalid": 0, "errors": 0, "skipped": 0}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_helm_lint_finds_nothing(environment: str, shipped: dict[str, list[Release]], tmp_path: Path) -> None:
    for release in shipped[environment]:
        if release.of_service:
            values = tmp_path / f"{release.name}.yaml"
            values.write_text(release.text, encoding="utf-8")
            done = run_helm("lint", "--strict", str(release.chart), "--values", str(values))

            assert done.returncode == 0, done.stdout + done.stderr
            assert "[WARNING]" not in done.stdout


def test_kube_scores_advice_is_followed_or_has_a_reason_not_to_be(shipped: dict[str, list[Release]]) -> None:
    """And no reason stands there for nothing."""
    used = set()
    for environment in ENVIRONMENTS:
        here = [one for one in EXCEPTIONS["shipped"] if environment in one.get("environments", ENVIRONMENTS)]
        text = "\n---\n".join(template(release) for release in shipped[environment] if release.of_service)
        found = advice(text)

        assert without_a_reason(found, EXCEPTIONS["everywhere"] + here) == [], environment
        used |= {one["reason"] for one in here if any(excepted(one, each) for each in found)}
    assert used == {one["reason"] for one in EXCEPTIONS["shipped"]}


def test_what_is_rendered_for_a_service_fits_into_a_release(
    shipped: dict[str, list[Release]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Helm keeps a release in a Secret of at most 1 MiB, packed; the sizes are printed."""
    lines = []
    for environment in ENVIRONMENTS:
        for release in shipped[environment]:
            size = len(template(release).encode())
            lines.append(f"{environment}: {release.name}: {len(release.objects())} objects, {size / 1024:.1f} KiB")
            assert size < 1024 * 1024, lines[-1]
    with capsys.disabled():
        print("", *lines, sep="\n")
