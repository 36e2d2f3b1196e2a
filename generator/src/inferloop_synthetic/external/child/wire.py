"""Messages between the worker process and its owner: JSON and plain arrays over a socket, no pickle.

A message is an 8-byte length, that many bytes of JSON, and the attachments that the JSON counts, each an array in NumPy's own
format after an 8-byte length.
"""

from __future__ import annotations

import io
import json
import socket
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray[Any, Any]]
_LENGTH = struct.Struct(">Q")
LARGEST_HEADER = 64 * 2**20


class Closed(Exception):
    """The other side is gone."""


def send(channel: socket.socket, header: Mapping[str, Any], arrays: Arrays | None = None) -> None:
    """Write one message; raises OSError when the other side is gone."""
    attached = dict(arrays or {})
    text = json.dumps({**header, "arrays": list(attached)}).encode()
    channel.sendall(_LENGTH.pack(len(text)) + text)
    for array in attached.values():
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
        channel.sendall(_LENGTH.pack(buffer.getbuffer().nbytes))
        channel.sendall(buffer.getbuffer())


def receive(channel: socket.socket) -> tuple[dict[str, Any], dict[str, np.ndarray[Any, Any]]]:
    """Read one message; raises Closed when the other side is gone or does not speak this protocol."""
    size = _LENGTH.unpack(_exactly(channel, _LENGTH.size))[0]
    if size > LARGEST_HEADER:
        raise Closed(f"a header of {size:,} bytes")
    header = json.loads(_exactly(channel, size))
    arrays = {}
    for name in header.pop("arrays"):
        data = _exactly(channel, _LENGTH.unpack(_exactly(channel, _LENGTH.size))[0])
        arrays[name] = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    return header, arrays


def _exactly(channel: socket.socket, size: int) -> bytearray:
    data = bytearray(size)
    view = memoryview(data)
    at = 0
    while at < size:
        got = channel.recv_into(view[at:])
        if not got:
            raise Closed("the other side closed the connection")
        at += got
    return data
