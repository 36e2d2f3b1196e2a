"""One image for all tests here, built as `make image` builds it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import containers
import pytest

if TYPE_CHECKING:
    from layout import Image


@dataclass(frozen=True)
class Built:
    """The image, as the builder wrote it."""

    podman: containers.Podman
    image: Image
    layout: Path
    printed: str
    interrupted: subprocess.CompletedProcess[str]
    """The build before it, which was sent Ctrl-C."""
    revision: str
    """The commit that it was made from."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of the image on one worker: they share it."""
    for item in items:
        if item.path.parent == Path(__file__).parent and "built" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("container"))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """The API's image, built from this tree; steps whose input has not changed come from the cache."""
    from layout import read_image
    from main import revision

    podman = containers.ready()
    output = tmp_path_factory.mktemp("image")
    interrupted = containers.interrupt_build(podman, output / "interrupted")
    commit = revision()
    printed = containers.build(podman, output, "--tag", containers.IMAGE)
    yield Built(podman, read_image(output / "api"), output / "api", printed, interrupted, commit)
    containers.keep_small(podman)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of the host that the container's user may write to, mounted as /data."""
    import os

    place = tmp_path / "data"
    place.mkdir()
    os.chown(place, 10001, 10001)
    return place
