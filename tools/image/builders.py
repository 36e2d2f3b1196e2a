"""The programs that build images: their command lines, and which of them works on this machine."""

import json
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

CONTAINERFILE = "generator/Containerfile"


class BuilderError(Exception):
    """No image can be built here; the text says why and what to do."""


@dataclass(frozen=True)
class Wanted:
    """An image to build."""

    role: str
    tag: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Path] = field(default_factory=dict)
    cached: bool = True

    def labelled(self) -> dict[str, str]:
        """Return the labels by their whole names: https://specs.opencontainers.org/image-spec/annotations/."""
        return {f"org.opencontainers.image.{name}": value for name, value in self.labels.items()}

    def options(self) -> list[str]:
        """Return the options that every builder understands."""
        words = ["--file", CONTAINERFILE, "--target", self.role, "--tag", self.tag, "--network", "host"]
        for name, value in self.arguments.items():
            words += ["--build-arg", f"{name}={value}"]
        for name, path in self.secrets.items():
            words += ["--secret", f"id={name},src={path}"]
        return [*words, *([] if self.cached else ["--no-cache"])]


@dataclass(frozen=True)
class Builder(ABC):
    """A builder, with where it keeps its images."""

    name: ClassVar[str]
    storage: Path | None = None

    def command(self) -> list[str]:
        """Return the program and its global options."""
        return [self.name]

    def probe(self) -> list[str]:
        """Return a command that works where the builder does."""
        return [*self.command(), "info"]

    def tidy(self) -> list[list[str]]:
        """Return the commands that remove what an interrupted build left in a storage that is ours alone."""
        return []

    @abstractmethod
    def build(self, wanted: Wanted, scratch: Path) -> list[list[str]]:
        """Return the commands that build an image from the repository's root; they may read files in `scratch`."""

    @abstractmethod
    def export(self, image: str, layout: Path, level: int) -> list[list[str]]:
        """Return the commands that write an image as an OCI layout; `level` is gzip's effort, 1 to 9."""

    def has(self, image: str) -> list[str]:
        """Return a command that works where the image is in the storage."""
        return [*self.command(), "inspect", "--type", "image", image]

    def pull(self, image: str) -> list[str]:
        """Return the command that fetches an image from a registry."""
        return [*self.command(), "pull", "--quiet", image]

    @abstractmethod
    def load(self, archive: Path, image: str) -> list[list[str]]:
        """Return the commands that make an image of a file system's archive."""


@dataclass(frozen=True)
class _Containers(Builder):
    """What buildah and podman share: the same library under two command lines."""

    def command(self) -> list[str]:
        """Return the program and where it keeps its images."""
        place = ["--root", f"{self.storage}/images", "--runroot", f"{self.storage}/run"] if self.storage else []
        return [self.name, *place]

    def build(self, wanted: Wanted, scratch: Path) -> list[list[str]]:
        """Return the command that builds the image, and the one that labels it.

        `chroot` needs no runtime, which would want control groups and a terminal. Every file's time is the same in
        every build: a layer whose content has not changed keeps its digest, and nodes that have it pull nothing.

        The labels are an instruction of their own, with their values in it: buildah's cache compares neither `--label`
        nor the value of an argument, and takes the whole image of an older commit when no file has changed since.
        """
        fixed = ["--layers", "--isolation", "chroot", "--timestamp", "0"]
        build = [*self.command(), "build", "--force-rm", *fixed, *wanted.options(), "."]
        pairs = " ".join(f"{name}={json.dumps(value)}" for name, value in wanted.labelled().items())
        (scratch / "Containerfile").write_text(f"FROM {wanted.tag}\nLABEL {pairs}\n")
        file = ["--file", str(scratch / "Containerfile"), str(scratch)]
        return [build, [*self.command(), "build", "--quiet", *fixed, "--tag", wanted.tag, *file]]

    def packing(self, level: int) -> list[str]:  # noqa: ARG002  # one signature for all
        """Return options that say how to compress; of podman only late versions have one for the level."""
        return []

    def export(self, image: str, layout: Path, level: int) -> list[list[str]]:
        """Return the command that writes the layout itself."""
        return [[*self.command(), "push", "--quiet", *self.packing(level), image, f"oci:{layout}:{image}"]]

    def load(self, archive: Path, image: str) -> list[list[str]]:
        """Return the command that builds an image of one layer, with a fixed time so that later layers stay cached."""
        file = archive.with_name("Containerfile")
        return [
            [
                *self.command(),
                "build",
                "--quiet",
                "--timestamp",
                "0",
                "--tag",
                image,
                "--file",
                str(file),
                str(archive.parent),
            ]
        ]


@dataclass(frozen=True)
class Buildah(_Containers):
    """https://buildah.io."""

    name = "buildah"

    def tidy(self) -> list[list[str]]:
        """Return the command that removes containers in which steps ran; in a person's storage they may be hers."""
        return [[*self.command(), "rm", "--all"]] if self.storage else []

    def packing(self, level: int) -> list[str]:
        """Return options that say how to compress: with gzip, which every registry and node reads."""
        return ["--compression-format", "gzip", "--compression-level", str(level)]


@dataclass(frozen=True)
class Podman(_Containers):
    """https://podman.io."""

    name = "podman"


@dataclass(frozen=True)
class Docker(Builder):
    """Docker with BuildKit; a classic image store keeps times of the build, so digests differ."""

    name = "docker"

    def build(self, wanted: Wanted, scratch: Path) -> list[list[str]]:  # noqa: ARG002  # one signature for all
        """Return the command; attestations would hold the time of the build."""
        labels = [word for name, value in wanted.labelled().items() for word in ("--label", f"{name}={value}")]
        return [["docker", "buildx", "build", "--provenance=false", "--load", *wanted.options(), *labels, "."]]

    def export(self, image: str, layout: Path, level: int) -> list[list[str]]:  # noqa: ARG002  # likewise
        """Return the commands that save the image and unpack the archive; since Docker 25 it is an OCI layout."""
        archive = layout.with_suffix(".tar")
        unpack = ["tar", "--extract", "--file", str(archive), "--directory", str(layout)]
        return [
            ["docker", "save", "--output", str(archive), image],
            ["mkdir", "-p", str(layout)],
            unpack,
            ["rm", str(archive)],
        ]

    def load(self, archive: Path, image: str) -> list[list[str]]:
        """Return the command that imports the archive."""
        return [["docker", "import", str(archive), image]]


KINDS: tuple[type[Builder], ...] = (Buildah, Podman, Docker)


def works(builder: Builder) -> bool:
    """Tell whether a builder is here and can build: a client without a daemon, say, cannot."""
    if shutil.which(builder.name) is None:
        return False
    done = subprocess.run(builder.probe(), check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return done.returncode == 0


def find(name: str | None, storage: Path | None) -> Builder:
    """Return the builder asked for, or the first that works.

    Raises:
        BuilderError: none works.
    """
    kinds = [kind for kind in KINDS if name in {None, kind.name}]
    for kind in kinds:
        builder = kind(storage)
        if works(builder):
            return builder
    tried = ", ".join(kind.name for kind in kinds)
    raise BuilderError(f"no builder works here (tried {tried}). On Debian and Ubuntu: apt-get install buildah")
