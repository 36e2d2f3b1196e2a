"""Fetch objects and web addresses in pieces.

A web address is fetched over a connection to the very address that the policy allowed: the name is resolved once, so a name that
changes its address between the check and the connection leads nowhere else. Each redirect is checked like the first address.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

from inferloop_synthetic import __version__
from inferloop_synthetic.data.location import Location
from inferloop_synthetic.data.objects import object_store, obstore_module
from inferloop_synthetic.data.policy import SourcePolicy
from inferloop_synthetic.errors import InputError

MOST_REDIRECTS = 5
PIECE_BYTES = 1 << 20
ANSWER_S = 30.0
"""How long a server may be silent."""
_REDIRECTS = {301, 302, 303, 307, 308}


def object_chunks(location: Location) -> Iterator[bytes]:
    """Yield an object's bytes."""
    obstore = obstore_module()
    store, path = object_store(location)
    if not path:
        raise InputError(f"{location.shown}: names a bucket and no object")
    try:
        for piece in obstore.get(store, path).stream(min_chunk_size=PIECE_BYTES):
            yield bytes(piece)
    except FileNotFoundError as error:
        raise InputError(f"{location.shown}: there is no such object") from error
    except obstore.exceptions.BaseError as error:
        reason = location.scrubbed(str(error)).splitlines()[0][:300]
        raise InputError(f"{location.shown}: cannot be read: {type(error).__name__}: {reason}") from error


def web_chunks(location: Location, policy: SourcePolicy, seconds: float) -> Iterator[bytes]:
    """Yield what a web address answers; raises SourceRefused where it, or what it leads to, may not be read."""
    deadline = time.monotonic() + seconds
    at = location
    for _ in range(MOST_REDIRECTS + 1):
        connection = _connect(at, policy)
        try:
            response = _asked(connection, at)
            if response.status in _REDIRECTS:
                at = _followed(at, response.headers.get("Location"))
                continue
            if response.status != http.client.OK:
                raise InputError(f"{at.shown}: answered {response.status} {response.reason}")
            while piece := response.read(PIECE_BYTES):
                if time.monotonic() > deadline:
                    raise InputError(f"{at.shown}: took longer than {seconds:.0f} s")
                yield piece
        except (OSError, http.client.HTTPException) as error:
            raise InputError(f"{at.shown}: cannot be read: {at.scrubbed(str(error)) or type(error).__name__}") from error
        else:
            return
        finally:
            connection.close()
    raise InputError(f"{location.shown}: redirects more than {MOST_REDIRECTS} times")


def _connect(location: Location, policy: SourcePolicy) -> http.client.HTTPConnection:
    addresses = policy.addresses(location)
    parts = urlsplit(location.text)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    problem: OSError | None = None
    for address in addresses:
        connection = http.client.HTTPConnection(host, port, timeout=ANSWER_S)
        try:
            plain = socket.create_connection((address, port), timeout=ANSWER_S)
            secure = location.scheme == "https"
            connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host) if secure else plain
        except OSError as error:
            problem = error
            continue
        return connection
    raise InputError(f"{location.shown}: cannot be reached: {problem}") from problem


def _asked(connection: http.client.HTTPConnection, location: Location) -> http.client.HTTPResponse:
    parts = urlsplit(location.text)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"User-Agent": f"inferloop-synthetic/{__version__}", "Accept-Encoding": "identity"}
    connection.request("GET", target, headers=headers)
    return connection.getresponse()


def _followed(location: Location, target: str | None) -> Location:
    if not target:
        raise InputError(f"{location.shown}: redirects to nowhere")
    following = Location.parse(urljoin(location.text, target))
    if not following.is_web or (location.scheme == "https" and following.scheme != "https"):
        raise InputError(f"{location.shown}: redirects to {following.scheme}, which is not followed")
    return following
