"""`make setup`: the environment comes from the lock, and an old Python learns what it needs."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==[^\s;]+(?: ; [^\\]+)? \\$")


def requirements(lock: Path) -> list[list[str]]:
    """Return the lines of each requirement: the pin, then its hashes."""
    groups: list[list[str]] = []
    for line in lock.read_text().splitlines():
        if line.startswith("    --hash="):
            groups[-1].append(line.strip().rstrip(" \\"))
        elif line.strip() and not line.lstrip().startswith("#"):
            groups.append([line])
    return groups


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_requirement_of_a_lock_is_pinned_and_has_a_sha256(lock: Path) -> None:
    found = requirements(lock)

    assert found
    for pin, *hashes in found:
        assert PINNED.match(pin), pin
        assert hashes, pin
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", text) for text in hashes), pin


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_names_no_host(lock: Path) -> None:
    assert "://" not in lock.read_text()
    assert "--index-url" not in lock.read_text()


@pytest.mark.parametrize("project", ["pyproject.toml", "generator/pyproject.toml"])
def test_the_development_lock_has_every_dependency_of_both_distributions(project: str) -> None:
    declared = tomllib.loads((ROOT / project).read_text())["project"]["dependencies"]
    locked = {normal(pin.split("==")[0]) for pin, *_ in requirements(ROOT / "requirements" / "dev.txt")}

    assert {normal(re.split(r"[\s\[<>=!~;]", text)[0]) for text in declared} <= locked


def test_the_wrapper_alone_needs_no_data_science_and_no_sandbox() -> None:
    locked = {normal(pin.split("==")[0]) for pin, *_ in requirements(ROOT / "requirements" / "wrapper.txt")}

    assert "typer" in locked
    assert not locked & {"moto", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy"}


def test_an_old_python_can_read_the_setup_and_so_print_what_is_missing() -> None:
    source = (ROOT / "tools" / "setup.py").read_text()

    ast.parse(source, feature_version=(3, 6))
    before_the_check = source.split("if not OLDEST <= sys.version_info[:2]")[0]
    for node in ast.walk(ast.parse(before_the_check)):
        if isinstance(node, ast.ImportFrom | ast.Import):
            assert {alias.name for alias in node.names} <= {"hashlib", "os", "shutil", "subprocess", "sys"}
