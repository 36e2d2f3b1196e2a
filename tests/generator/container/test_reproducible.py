"""The same sources give the same image, byte for byte."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import containers

if TYPE_CHECKING:
    from conftest import Built


def test_a_second_build_from_nothing_has_the_same_digest(built: Built, tmp_path: Path):
    from layout import read_image

    containers.build(built.podman, tmp_path, "--tag", "localhost/inferloop-synthetic-api:again", "--no-cache")
    again = read_image(tmp_path / "api")
    assert [layer.digest for layer in again.layers] == [layer.digest for layer in built.image.layers]
    assert again.digest == built.image.digest
    assert (tmp_path / "api.cdx.json").read_text().replace(":again", ":tested") == built.layout.with_name(
        "api.cdx.json"
    ).read_text()
