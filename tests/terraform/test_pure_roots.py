"""What the wrapper reads of the roots without a provider: by terraform's console, and by a plan where that complains."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from inferloop_deploy.manifests import VALUES_ROOT, Releases, Workshop, placeholder_platform, releases
from inferloop_deploy.render import ENVIRONMENT_FILE, SERVICES_FILE
from inferloop_deploy.target import Target, load
from inferloop_deploy.terraform import Terraform, TerraformFailed

ROOT = Path(__file__).resolve().parents[2]
Told = tuple[dict[str, Any], Releases]


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """The shipped services in an environment of the shipped form."""
    for name in ("modules", "providers", "services", "environments"):
        (tmp_path / name).symlink_to(ROOT / name)
    return Target(tmp_path, "dev", "aws")


def told(target: Target) -> Told:
    config = load(target)
    platform = placeholder_platform(target, config, os.environ)
    return platform, releases(target, config, platform, os.environ)


@pytest.mark.terraform
def test_console_and_plan_tell_the_same(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    plans: list[Path] = []
    plan = Terraform.plan
    monkeypatch.setattr(
        Terraform, "plan", lambda *given, **more: (plans.append(given[0].folder), plan(*given, **more))[1]
    )

    quick = told(target)
    assert plans == []
    monkeypatch.setattr(Terraform, "evaluate", lambda *_: None)
    assert told(target) == quick
    assert [folder.name for folder in plans] == ["placeholder", "values"]
    assert {one.name for one in quick[1].services} == {"tabular", "textnlp"}


@pytest.mark.terraform
@pytest.mark.parametrize(
    ("file", "right", "wrong", "words"),
    [
        (ENVIRONMENT_FILE, '"us-east-1a"', '"nowhere"', "nowhere"),
        (SERVICES_FILE, "port = 8000", "port = 80000", "must be a whole number from 1 to 65535"),
    ],
)
def test_what_is_wrong_is_told_as_a_plan_tells_it(
    target: Target, file: str, right: str, wrong: str, words: str
) -> None:
    told(target)
    workshop = Workshop(target, os.environ)
    rendered = re.sub(" +", " ", (workshop.folder / file).read_text())
    assert right in rendered
    (workshop.folder / file).write_text(rendered.replace(right, wrong, 1))

    with pytest.raises(TerraformFailed) as failed:
        workshop.outputs(VALUES_ROOT, [*workshop.folder.glob("*.tfvars"), workshop.folder / "platform.tfvars.json"])

    assert words in " ".join(str(failed.value).split())
