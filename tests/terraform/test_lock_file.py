"""The lock file of the root: it is complete, and what is installed is what it names."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from helm_roots import Root, make_root
from terraform_tree import Tree

from inferloop_deploy.terraform.plugins import lock_with, stand_ins

ROOT = Path(__file__).resolve().parents[2]
LOCK = "providers/aws/.terraform.lock.hcl"
HELM_LOCK = "providers/kubernetes/.terraform.lock.hcl"


@pytest.mark.terraform
def test_init_installs_what_the_lock_file_names_and_leaves_the_file_as_it_is(tree: Tree) -> None:
    printed = tree.succeed("providers/aws", "init", "-input=false", "-backend=false", "-lockfile=readonly", "-no-color")

    assert "hashicorp/aws v5.100.0" in printed
    assert "not updated" not in printed
    assert (tree.root / LOCK).read_text() == (ROOT / LOCK).read_text()


@pytest.mark.terraform
def test_a_provider_whose_hash_is_not_in_the_lock_file_is_refused(tree: Tree, tmp_path: Path) -> None:
    versions = (
        'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws", version = "5.100.0" }\n  }\n}\n'
    )
    folder = tree.root / "tampered"
    folder.mkdir()
    (folder / "versions.tf").write_text(versions)
    other = re.sub(r'"h1:[^"]*"', '"h1:' + "A" * 43 + '="', (ROOT / LOCK).read_text())
    (folder / ".terraform.lock.hcl").write_text(other)

    outcome = tree.terraform("tampered", "init", "-input=false", "-no-color")

    assert outcome.returncode != 0
    assert "checksum" in outcome.stdout + outcome.stderr


def test_the_lock_file_covers_the_release_files_of_all_platforms() -> None:
    hashes = re.findall(r'"(h1|zh):([^"]+)"', (ROOT / LOCK).read_text())

    assert sum(kind == "zh" for kind, _ in hashes) == 15
    assert len(set(hashes)) == len(hashes)


@pytest.fixture
def released(tmp_path: Path) -> Root:
    """A root with the stand-in for hashicorp/helm, not initialised yet."""
    root = make_root(tmp_path)
    (root.folder / ".terraform.lock.hcl").unlink()
    return root


@pytest.mark.terraform
def test_the_stand_in_for_helm_is_refused_by_the_lock_file_in_the_tree(released: Root) -> None:
    (released.folder / ".terraform.lock.hcl").write_text((ROOT / HELM_LOCK).read_text())

    assert "doesn't match any of the checksums" in released.fail("init", "-input=false", "-lockfile=readonly")


@pytest.mark.terraform
def test_a_copy_of_the_lock_file_admits_the_stand_in_and_needs_no_change(released: Root) -> None:
    text = lock_with((ROOT / HELM_LOCK).read_text(), stand_ins(os.environ))
    (released.folder / ".terraform.lock.hcl").write_text(text)

    assert "not updated" not in released.succeed("init", "-input=false", "-lockfile=readonly")
    assert (released.folder / ".terraform.lock.hcl").read_text() == text


def test_the_lock_file_of_releases_holds_the_sums_of_real_release_files_alone() -> None:
    hashes = re.findall(r'"(h1|zh):([^"]+)"', (ROOT / HELM_LOCK).read_text())

    assert sum(kind == "zh" for kind, _ in hashes) == 12
    assert [value for kind, value in hashes if kind == "h1"] == ["5b2ojWKT0noujHiweCds37ZreRFRQLNaErdJLusJN88="]
