"""The tree that terraform runs in against the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from inferloop_deploy.sandbox.overlay import OVERRIDE, SETTINGS, overlay, override

ROOT_FILES = {
    "providers.tf": 'provider "aws" {\n  region = var.region\n}\n',
    "network.tf": 'module "network" {\n  source = "../../modules/aws/network"\n}\n',
    ".terraform.lock.hcl": "# locked\n",
    "README.md": "not Terraform\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "modules" / "aws" / "network").mkdir(parents=True)
    folder = root / "providers" / "aws"
    folder.mkdir(parents=True)
    for name, text in ROOT_FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return root


def _tree(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir()) if path.is_file()}


def test_the_production_files_are_linked_and_one_file_is_added(project: Path, tmp_path: Path) -> None:
    target = overlay(project, tmp_path / "tree")
    assert target == tmp_path / "tree" / "providers" / "aws"
    tree = _tree(target)
    assert set(tree) == {"providers.tf", "network.tf", ".terraform.lock.hcl", OVERRIDE}
    for name in set(tree) - {OVERRIDE}:
        assert (target / name).is_symlink()
        assert (target / name).resolve() == project / "providers" / "aws" / name
    assert (target / "../../modules/aws/network").resolve() == project / "modules" / "aws" / "network"
    assert _tree(project / "providers" / "aws") == ROOT_FILES, "a production file was changed"


def test_the_same_input_leaves_the_tree_as_it_is(project: Path, tmp_path: Path) -> None:
    target = overlay(project, tmp_path / "tree")
    (target / ".terraform").mkdir()
    before = {path.name: path.lstat().st_mtime_ns for path in target.iterdir()}
    assert overlay(project, tmp_path / "tree") == target
    assert {path.name: path.lstat().st_mtime_ns for path in target.iterdir()} == before


def test_files_that_come_and_go_are_followed(project: Path, tmp_path: Path) -> None:
    target = overlay(project, tmp_path / "tree")
    source = project / "providers" / "aws"
    (source / "network.tf").rename(source / "vpc.tf")
    overlay(project, tmp_path / "tree")
    assert {path.name for path in target.glob("*.tf")} == {"providers.tf", "vpc.tf", OVERRIDE}


def test_a_link_to_another_project_is_turned(project: Path, tmp_path: Path) -> None:
    target = overlay(project, tmp_path / "tree")
    moved = project.rename(tmp_path / "moved")
    overlay(moved, tmp_path / "tree")
    assert (target / "network.tf").resolve() == moved / "providers" / "aws" / "network.tf"
    assert (tmp_path / "tree" / "modules").resolve() == moved / "modules"


def test_every_provider_block_is_overridden_under_its_alias() -> None:
    text = override(
        [
            'provider "aws" {\n  region = "us-east-1"\n}\n\nprovider "aws" {\n  alias  = "global"\n  region = "b"\n}\n',
            'provider "random" {\n}\n',
        ]
    )
    assert text.count('provider "aws" {') == 2
    assert text.count('  alias = "global"') == 1
    for name, value in SETTINGS.items():
        assert text.count(f"  {name} = {value}\n") == 2
    assert "random" not in text


def test_the_settings_say_nothing_of_keys_or_addresses() -> None:
    """They come by environment, so that the file is the same on every machine."""
    text = override(['provider "aws" {\n}\n'])
    for word in ("access_key", "secret", "endpoint", "127.0.0.1", "region ="):
        assert word not in text
