"""`make tools`: what is installed is what is pinned, or nothing."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = b"#!/bin/sh\necho Terraform v9.9.9\n"


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release file as the publisher would offer it."""
    path = tmp_path / "releases" / "tool_9.9.9.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("LICENSE.txt", "a licence")
        archive.writestr("terraform", PROGRAM)
    return path


def pins(tmp_path: Path, url: str, sha256: str, platforms: tuple[str, ...] = ()) -> Path:
    """Write a pin file with one tool."""
    names = platforms or ("linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64")
    sums = "\n".join(f'{name} = "{sha256}"' for name in names)
    path = tmp_path / "tools.toml"
    path.write_text(
        f'[terraform]\nversion = "9.9.9"\nurl = "{url}"\nmember = "terraform"\n\n[terraform.sha256]\n{sums}\n'
    )
    return path


def install(tmp_path: Path, pin_file: Path) -> subprocess.CompletedProcess[str]:
    """Run the installer into an empty folder."""
    command = [sys.executable, str(ROOT / "tools" / "install.py"), "--pins", str(pin_file)]
    command += ["--folder", str(tmp_path / "bin"), "--cache", str(tmp_path / "cache")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_release_with_the_right_checksum_becomes_a_program(tmp_path: Path, release: Path) -> None:
    outcome = install(tmp_path, pins(tmp_path, release.as_uri(), sha256(release)))

    assert outcome.returncode == 0, outcome.stderr
    program = tmp_path / "bin" / "terraform"
    assert subprocess.run([program], capture_output=True, text=True, check=True).stdout == "Terraform v9.9.9\n"


def test_a_release_with_another_checksum_is_refused_and_nothing_is_installed(tmp_path: Path, release: Path) -> None:
    outcome = install(tmp_path, pins(tmp_path, release.as_uri(), "0" * 64))

    assert outcome.returncode == 1
    assert sha256(release) in outcome.stderr
    assert "0" * 64 in outcome.stderr
    assert not (tmp_path / "bin").exists()
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_unreachable_publisher_is_explained_with_three_ways_on(tmp_path: Path) -> None:
    missing = (tmp_path / "nowhere" / "tool_9.9.9.zip").as_uri()

    outcome = install(tmp_path, pins(tmp_path, missing, "0" * 64))

    assert outcome.returncode == 1
    assert missing in outcome.stderr
    assert f"put tool_9.9.9.zip into {tmp_path / 'cache'}" in outcome.stderr
    assert "on the PATH" in outcome.stderr
    assert "INFERLOOP_TERRAFORM" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_file_put_into_the_cache_by_hand_needs_no_network(tmp_path: Path, release: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / release.name).write_bytes(release.read_bytes())
    unreachable = (tmp_path / "nowhere" / release.name).as_uri()

    outcome = install(tmp_path, pins(tmp_path, unreachable, sha256(release)))

    assert outcome.returncode == 0, outcome.stderr
    assert (tmp_path / "bin" / "terraform").read_bytes() == PROGRAM


def test_a_damaged_file_in_the_cache_is_fetched_again(tmp_path: Path, release: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / release.name).write_bytes(b"half a download")

    outcome = install(tmp_path, pins(tmp_path, release.as_uri(), sha256(release)))

    assert outcome.returncode == 0, outcome.stderr
    assert sha256(cache / release.name) == sha256(release)


def test_a_second_run_installs_nothing_again(tmp_path: Path, release: Path) -> None:
    pin_file = pins(tmp_path, release.as_uri(), sha256(release))
    install(tmp_path, pin_file)
    before = (tmp_path / "bin" / "terraform").stat().st_mtime_ns

    outcome = install(tmp_path, pin_file)

    assert "already" in outcome.stdout
    assert (tmp_path / "bin" / "terraform").stat().st_mtime_ns == before


def test_a_platform_without_a_checksum_is_named_with_those_that_have_one(tmp_path: Path, release: Path) -> None:
    outcome = install(tmp_path, pins(tmp_path, release.as_uri(), sha256(release), ("plan9_amd64",)))

    assert outcome.returncode == 1
    assert "not pinned for" in outcome.stderr
    assert "plan9_amd64" in outcome.stderr


def test_the_pins_cover_linux_and_macos_on_intel_and_arm() -> None:
    terraform = tomllib.loads((ROOT / "tools" / "tools.toml").read_text())["terraform"]

    assert sorted(terraform["sha256"]) == ["darwin_amd64", "darwin_arm64", "linux_amd64", "linux_arm64"]
    assert len(set(terraform["sha256"].values())) == 4
    assert all(len(value) == 64 and set(value) <= set("0123456789abcdef") for value in terraform["sha256"].values())
