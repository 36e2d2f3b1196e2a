"""Model files: a zip archive of one JSON text and plain arrays, with a digest over all of them. No pickle."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import io
import json
import lzma
import os
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from inferloop_synthetic.errors import ModelFileError

FORMAT = "inferloop-synthetic-model"
VERSION = 1
_FIXED_TIME = (2020, 1, 1, 0, 0, 0)
DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, pa.ArrowException, EOFError, LookupError, ValueError, TypeError,
    AttributeError, ArithmeticError, RuntimeError, MemoryError,
)  # fmt: skip
"""What the readers of archives, arrays and JSON raise for bytes that nobody wrote so.

A flipped bit can say that a member is encrypted (RuntimeError), packed otherwise (LZMAError) or of any size (MemoryError).
"""


def save(path: Path, content: Any, classes: dict[str, type]) -> None:
    """Write a tree of dataclasses, tuples, numbers, texts, NumPy and Arrow arrays. The file appears whole or not at all."""
    members: dict[str, bytes] = {}
    tree = _encode(content, members, {kind: name for name, kind in classes.items()})
    members["tree.json"] = json.dumps(tree, separators=(",", ":")).encode()
    header = {"format": FORMAT, "version": VERSION, "sha256": _digest(members)}
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
            for name, data in {"header.json": json.dumps(header).encode(), **members}.items():
                archive.writestr(zipfile.ZipInfo(name, _FIXED_TIME), data, zipfile.ZIP_DEFLATED)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load(path: Path, classes: dict[str, type], limit: int = 2**31) -> Any:
    """Read what `save` wrote; raises ModelFileError when the file is anything else or was altered."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > limit:
                raise ModelFileError(f"{path}: the model is larger than {limit:,} bytes unpacked")
            members = {name: archive.read(name) for name in archive.namelist()}
        header = json.loads(members.pop("header.json"))
        if header.get("format") != FORMAT or header.get("version") != VERSION:
            raise ModelFileError(
                f"{path}: made as {header.get('format')} version {header.get('version')}; this is {FORMAT} {VERSION}"
            )
        if header["sha256"] != _digest(members):
            raise ModelFileError(f"{path}: the model was altered after it was written")
        return _decode(json.loads(members["tree.json"]), members, classes)
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read: {error}") from error
    except DAMAGED as error:
        raise ModelFileError(f"{path}: not a model file of inferloop-synthetic, or a damaged one") from error


def _digest(members: dict[str, bytes]) -> str:
    total = hashlib.sha256()
    for name in sorted(members):
        total.update(f"{name}\n{len(members[name])}\n".encode())
        total.update(members[name])
    return total.hexdigest()


def _encode(value: Any, members: dict[str, bytes], names: dict[type, str]) -> Any:
    if isinstance(value, np.ndarray):
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.ascontiguousarray(value), allow_pickle=False)
        return {"array": _add(members, "npy", buffer.getvalue())}
    if isinstance(value, pa.Array):
        sink = pa.BufferOutputStream()
        batch = pa.record_batch([value], ["v"])
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        return {"arrow": _add(members, "arrow", sink.getvalue().to_pybytes())}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: _encode(getattr(value, f.name), members, names) for f in dataclasses.fields(value)}
        return {"class": names[type(value)], "fields": fields}
    if isinstance(value, (tuple, list)):
        return [_encode(item, members, names) for item in value]
    if isinstance(value, dict):
        return {"map": [[_encode(k, members, names), _encode(v, members, names)] for k, v in value.items()]}
    if isinstance(value, enum.Enum):
        return {"enum": names[type(value)], "value": value.value}
    return value.item() if isinstance(value, np.generic) else value


def _add(members: dict[str, bytes], suffix: str, data: bytes) -> str:
    name = f"{len(members):05d}.{suffix}"
    members[name] = data
    return name


def _decode(value: Any, members: dict[str, bytes], classes: dict[str, type]) -> Any:
    if isinstance(value, list):
        return tuple(_decode(item, members, classes) for item in value)
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return np.lib.format.read_array(io.BytesIO(members[value["array"]]), allow_pickle=False)
    if "arrow" in value:
        return pa.ipc.open_stream(members[value["arrow"]]).read_all().column(0).combine_chunks()
    if "map" in value:
        return {_decode(k, members, classes): _decode(v, members, classes) for k, v in value["map"]}
    if "enum" in value:
        return classes[value["enum"]](value["value"])
    fields = {name: _decode(item, members, classes) for name, item in value["fields"].items()}
    return classes[value["class"]](**fields)
