"""How the image is built: with what is there, one build at a time, and what a build says that cannot go on."""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import base
import builders
import containers
import layout
import main
import pytest

if TYPE_CHECKING:
    from conftest import Built

ROOT = Path(__file__).resolve().parent.parent.parent.parent
WANTED = builders.Wanted(
    "api", "name:1", {"BASE_IMAGE": "debian:x"}, {"revision": "c0ffee"}, {"pip.conf": Path("/s/pip.conf")}
)
SHARED = [
    *("--file", "generator/Containerfile", "--target", "api", "--tag", "name:1", "--network", "host"),
    *("--build-arg", "BASE_IMAGE=debian:x", "--secret", "id=pip.conf,src=/s/pip.conf"),
]
FIXED = ["--layers", "--isolation", "chroot", "--timestamp", "0"]
LABEL = "org.opencontainers.image.revision"


@pytest.mark.parametrize(
    ("builder", "program"),
    [
        (builders.Buildah(), ["buildah"]),
        (builders.Podman(Path("/p")), ["podman", "--root", "/p/images", "--runroot", "/p/run"]),
    ],
)
def test_buildah_and_podman_build_then_label(builder: builders.Builder, program: list[str], tmp_path: Path):
    label = ["--tag", "name:1", "--file", f"{tmp_path}/Containerfile", f"{tmp_path}"]
    assert builder.build(WANTED, tmp_path) == [
        [*program, "build", "--force-rm", *FIXED, *SHARED, "."],
        [*program, "build", "--quiet", *FIXED, *label],
    ]
    assert (tmp_path / "Containerfile").read_text() == f'FROM name:1\nLABEL {LABEL}="c0ffee"\n'


def test_docker_is_told_the_same_in_one_command(tmp_path: Path):
    words = ["docker", "buildx", "build", "--provenance=false", "--load", *SHARED, "--label", f"{LABEL}=c0ffee", "."]
    assert builders.Docker().build(WANTED, tmp_path) == [words]
    assert list(tmp_path.iterdir()) == []


def program(folder: Path, name: str, text: str) -> None:
    """Write a program."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def test_the_first_builder_that_works_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A client without its daemon is there, but cannot build."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(builders.BuilderError, match=r"tried buildah, podman, docker.*apt-get install buildah"):
        builders.find(None, None)
    program(tmp_path, "podman", "exit 1")
    program(tmp_path, "docker", "exit 0")
    assert builders.find(None, None).name == "docker"
    program(tmp_path, "podman", "exit 0")
    assert builders.find(None, None).name == "podman"
    with pytest.raises(builders.BuilderError, match="tried buildah"):
        builders.find("buildah", None)


def test_a_base_is_made_from_the_mirrors_that_this_machine_uses():
    listing = (
        "Debian http://mirror.example/debian/ bookworm main\n"
        "Debian http://mirror.example/debian/ bookworm-updates main\n"
        "Debian http://mirror.example/debian/ bookworm non-free\n"
        "Debian http://mirror.example/debian-security/ bookworm-security main\n"
        "Other http://else.example/apt stable main\n"
    )
    assert [source.line() for source in base.sources(listing, "trixie")] == [
        "deb http://mirror.example/debian/ trixie main",
        "deb http://mirror.example/debian-security/ trixie-security main",
    ]


def test_pip_in_the_build_reaches_the_index_that_pip_reaches_here():
    listing = "\n".join(
        [
            "global.index-url='https://packages.example/simple'",
            "global.cert='/home/ann/ca.pem'",
            "install.trusted-host='packages.example'",
            ":env:.timeout='60'",
            ":env:.find-links='/home/ann/wheels'",
            "global.no-cache-dir='true'",
        ]
    )
    assert main.pip_configuration(listing, Path("/home/ann/ca.pem")).splitlines() == [
        "[global]",
        "index-url = https://packages.example/simple",
        "trusted-host = packages.example",
        "timeout = 60",
        "cert = /run/secrets/ca.pem",
    ]


def image_of(folder: Path, files: dict[str, bytes], user: str = "10001") -> layout.Image:
    """Write an image of one layer and read it."""
    folder.mkdir()
    with tarfile.open(folder / "layer.tar", "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    described = layout.Layer(folder / "layer.tar", hashlib.sha256((folder / "layer.tar").read_bytes()).hexdigest(), 1)
    history = [{"created_by": "COPY", "comment": f"FROM {folder.name}"}]
    return layout.Image("", {"config": {"size": 1}}, {"config": {"User": user}, "history": history}, (described,))


def test_two_builds_are_compared_file_by_file(tmp_path: Path):
    first = image_of(tmp_path / "1", {"same": b"s", "changed": b"abc", "gone": b"g"})
    assert layout.differences(first, image_of(tmp_path / "2", {"same": b"s", "changed": b"abc", "gone": b"g"})) == []
    second = image_of(tmp_path / "3", {"same": b"s", "changed": b"abd", "new": b"n"}, user="0")
    assert layout.differences(first, second) == ["setting config", "/changed", "/gone", "/new"]
    other_order = image_of(tmp_path / "4", {"gone": b"g", "same": b"s", "changed": b"abc"})
    assert layout.differences(first, other_order) == ["the order of files, or how layers are compressed"]


BROKEN = """
case "$*" in
  *" build "*|build*) echo "writing layer: no space left on device" >&2; exit 125;;
esac
"""


def started(tmp_path: Path, *options: str, **variables: str) -> subprocess.Popen[str]:
    """Start `make image`'s program in a process group of its own."""
    command = [sys.executable, "tools/image/main.py", "--output", str(tmp_path / "output"), *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environment = {**os.environ, **variables}
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, start_new_session=True, **pipes)


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The builder says what it could not write; the last line says which disk is full and what to do."""
    program(tmp_path / "bin", "buildah", BROKEN)
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    words = ["--base", "some:base", "--builder", "buildah", "--storage", str(tmp_path / "store")]
    process = started(tmp_path, *words, PATH=path, XDG_CACHE_HOME=str(tmp_path))
    errors = process.communicate()[1]
    assert process.returncode == 1, errors
    assert "no space left on device" in errors
    assert "image: this failed (exit 125): buildah --root" in errors
    assert "Traceback" not in errors
    assert not (tmp_path / "output").exists()
    monkeypatch.setattr(
        main.shutil, "disk_usage", lambda place: main.shutil._ntuple_diskusage(10**10, 10**10, 3_000_000)
    )
    assert main.shortage([tmp_path / "not/yet/there"]) == (
        f"; {tmp_path} has 3 MB free, and a build needs some GB: make room, then build again"
    )


def test_a_second_build_waits_for_the_first(tmp_path: Path):
    program(tmp_path / "bin", "buildah", BROKEN)
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    place = tmp_path / "inferloop" / "image-base"
    place.mkdir(parents=True)
    with (place / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        words = ["--base", "some:base", "--builder", "buildah", "--storage", str(tmp_path / "store")]
        process = started(tmp_path, *words, PATH=path, XDG_CACHE_HOME=str(tmp_path))
        assert process.stderr is not None
        assert process.stderr.readline() == "image: waiting for another build to end\n"
        assert process.poll() is None
    assert "this failed (exit 125)" in process.communicate()[1]


def test_an_interrupted_build_leaves_nothing_and_the_next_one_succeeds(built: Built):
    """The build that made the image came after it, in the same storage."""
    interrupted = built.interrupted
    assert interrupted.returncode == main.INTERRUPTED, interrupted
    assert "RUN apt-get update" in interrupted.stdout
    message = "image: interrupted; steps that ended are kept, and the next build goes on from there\n"
    assert interrupted.stderr.endswith(message), interrupted.stderr
    assert "Traceback" not in interrupted.stderr
    podman = built.podman
    assert not (built.layout.parent / "interrupted").exists()
    words = ["--root", f"{podman.storage}/images", "--runroot", f"{podman.storage}/run", "containers", "--quiet"]
    left = subprocess.run(["buildah", *words], check=True, capture_output=True, text=True, env=podman.environment())
    assert left.stdout == ""


def test_the_same_files_at_another_commit_give_the_same_layers_with_its_label(built: Built, tmp_path: Path):
    """Every step comes from the cache, which must not bring the label of the commit before."""
    builder = builders.Buildah(built.podman.storage)
    name = "localhost/inferloop-synthetic-api:relabelled"
    wanted = builders.Wanted("api", name, {"BASE_IMAGE": base.MADE}, {"revision": "c0ffee"})
    for command in builder.build(wanted, tmp_path):
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=built.podman.environment())
    (found,) = json.loads(built.podman.run("image", "inspect", name).stdout)
    built.podman.run("rmi", name)
    (tested,) = json.loads(built.podman.run("image", "inspect", containers.IMAGE).stdout)
    assert found["Labels"][LABEL] == "c0ffee"
    assert found["RootFS"]["Layers"] == tested["RootFS"]["Layers"]


def test_a_machine_that_cannot_run_containers_is_told_how_to_leave_them_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Before an image is built, which takes minutes."""
    for name in containers.PROGRAMS:
        program(tmp_path / "bin", name, "echo 'no cgroup controller memory' >&2; exit 126")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    with pytest.raises(pytest.fail.Exception) as failed:
        containers.ready(tmp_path / "store")
    message = str(failed.value)
    assert "cannot run a container with podman and runc (exit 126): no cgroup controller memory" in message
    assert "make test CONTAINERS=no" in message
    monkeypatch.setattr(containers, "PROGRAMS", ("buildah", "no-such-program"))
    with pytest.raises(pytest.fail.Exception, match="no-such-program missing: run `make test-containers`"):
        containers.ready(tmp_path / "store")
