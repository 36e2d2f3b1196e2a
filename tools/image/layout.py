"""Read an image from an OCI layout: its configuration, its layers, its files as a container sees them."""

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

WHITEOUT = ".wh."
PERMISSIONS = 0o7777


@dataclass(frozen=True)
class Entry:
    """A file, folder or link of an image."""

    path: PurePosixPath
    kind: bytes
    mode: int
    owner: int
    group: int
    link: str
    size: int
    modified: float
    layer: int

    @property
    def is_file(self) -> bool:
        """Tell whether it has content of its own."""
        return self.kind in tarfile.REGULAR_TYPES


@dataclass(frozen=True)
class Layer:
    """A layer, as a registry keeps it."""

    path: Path
    digest: str
    compressed: int


@dataclass(frozen=True)
class Image:
    """An image; its digest is that of its manifest, by which registries name it."""

    digest: str
    manifest: dict[str, Any]
    config: dict[str, Any]
    layers: tuple[Layer, ...]

    @property
    def compressed(self) -> int:
        """Bytes that a registry keeps and a node pulls."""
        return int(self.manifest["config"]["size"]) + sum(layer.compressed for layer in self.layers)

    @cached_property
    def files(self) -> dict[str, Entry]:
        """Everything in the image by its path, later layers over earlier ones."""
        found: dict[str, Entry] = {}
        for entry in self.entries():
            name = entry.path.name
            if name.startswith(WHITEOUT):
                gone = str(entry.path.with_name(name.removeprefix(WHITEOUT)))
                for path in [path for path in found if path == gone or path.startswith(f"{gone}/")]:
                    del found[path]
            else:
                found[str(entry.path)] = entry
        return found

    def entries(self) -> Iterator[Entry]:
        """Give what every layer holds."""
        for number, layer in enumerate(self.layers):
            with tarfile.open(layer.path) as archive:
                for member in archive:
                    path = PurePosixPath("/") / member.name
                    link = member.linkname if member.issym() or member.islnk() else ""
                    yield Entry(
                        path,
                        member.type,
                        member.mode & PERMISSIONS,
                        member.uid,
                        member.gid,
                        link,
                        member.size,
                        member.mtime,
                        number,
                    )

    def contents(self, match: str) -> dict[str, bytes]:
        """Return the files whose path matches a pattern, with what is in them."""
        names = {path for path in self.files if PurePosixPath(path).match(match) and self.files[path].is_file}
        found: dict[str, bytes] = {}
        for number in sorted({self.files[path].layer for path in names}):
            with tarfile.open(self.layers[number].path) as archive:
                for member in archive:
                    path = f"/{member.name.removeprefix('./').strip('/')}"
                    wanted = path in names and self.files[path].layer == number and member.isreg()
                    if wanted and (handle := archive.extractfile(member)):
                        found[path] = handle.read()
        return dict(sorted(found.items()))


def settings(image: Image) -> dict[str, Any]:
    """Return an image's configuration without the comments of its history."""
    steps = [{key: step[key] for key in step if key != "comment"} for step in image.config.get("history", [])]
    return {**image.config, "history": steps}


def differences(first: Image, second: Image) -> list[str]:
    """Return in which settings and files two images differ; nothing where they are the same.

    Comments of the history do not count: buildah names its own steps there, which bear the labels of the build that
    made them, be it an older one whose steps it takes again.
    """
    one_config, two_config = settings(first), settings(second)
    keys = sorted(one_config.keys() | two_config.keys())
    found = [f"setting {key}" for key in keys if one_config.get(key) != two_config.get(key)]
    if not found and [layer.digest for layer in first.layers] == [layer.digest for layer in second.layers]:
        return []
    one, two = first.contents("*"), second.contents("*")
    paths = sorted(first.files.keys() | second.files.keys())
    known = [(first.files.get(path), one.get(path)) for path in paths]
    found += [path for path, was in zip(paths, known, strict=True) if was != (second.files.get(path), two.get(path))]
    return found or ["the order of files, or how layers are compressed"]


def read_image(layout: Path) -> Image:
    """Return the one image of an OCI layout (https://github.com/opencontainers/image-spec/blob/main/image-layout.md)."""

    def blob(digest: str) -> Path:
        return layout / "blobs" / digest.replace(":", "/", 1)

    (described,) = json.loads((layout / "index.json").read_text())["manifests"]
    manifest = json.loads(blob(described["digest"]).read_text())
    config = json.loads(blob(manifest["config"]["digest"]).read_text())
    layers = tuple(Layer(blob(layer["digest"]), layer["digest"], layer["size"]) for layer in manifest["layers"])
    return Image(described["digest"], manifest, config, layers)
