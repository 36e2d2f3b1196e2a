"""What was prepared as one file, for workers on other machines: the model and the specification, never real rows."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from inferloop_synthetic.errors import ModelFileError
from inferloop_synthetic.pipeline.destination import Destination
from inferloop_synthetic.pipeline.prepare import MODEL, RECORD, Prepared, open_prepared
from inferloop_synthetic.tabular.storage import DAMAGED

BUNDLE = "_job/prepared.zip"
_FIXED_TIME = (2020, 1, 1, 0, 0, 0)


def pack(prepared: Prepared) -> bytes:
    """Return the bundle's bytes."""
    model = prepared.folder / MODEL
    files = [prepared.folder / RECORD, *(sorted(model.rglob("*")) if model.is_dir() else [model])]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for file in files:
            if file.is_file():
                name = file.relative_to(prepared.folder).as_posix()
                archive.writestr(zipfile.ZipInfo(name, _FIXED_TIME), file.read_bytes())
    return buffer.getvalue()


def unpack(data: bytes, folder: Path) -> Prepared:
    """Write a bundle's files into a new folder; raises ModelFileError where it is damaged or leads out of the folder."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                if not (folder / name).resolve().is_relative_to(folder.resolve()):
                    raise ModelFileError(f"{BUNDLE}: {name!r} leads out of the folder")
            archive.extractall(folder)
    except (*DAMAGED, OSError) as error:
        raise ModelFileError(f"{BUNDLE}: cannot be unpacked: {error}") from error
    return open_prepared(folder)


def publish(prepared: Prepared, destination: Destination) -> None:
    """Put the bundle where the parts will be, for workers that know only that place."""
    destination.write(BUNDLE, [pack(prepared)])


def fetch(destination: Destination, folder: Path) -> Prepared:
    """Return what `publish` put into a destination."""
    try:
        data = b"".join(destination.read(BUNDLE))
    except FileNotFoundError as error:
        raise ModelFileError(f"{destination.location}: holds no {BUNDLE}; nothing was prepared for other machines") from error
    return unpack(data, folder)
