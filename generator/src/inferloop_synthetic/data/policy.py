"""Which places may be read from: everything for a person at a command line, only what is named for strangers behind an API."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from inferloop_synthetic.data.location import OBJECT_SCHEMES, WEB_SCHEMES, Location
from inferloop_synthetic.errors import InputError, SyntheticError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]
DATABASE_PARAMETERS = frozenset({"sslmode", "charset", "connect_timeout", "application_name"})
"""Parameters of a database's URL that cannot lead elsewhere (`host` and `hostaddr` override the URL's own, files can be read)."""


class SourceRefused(SyntheticError):
    """A place that this installation does not read from; the message tells a stranger nothing about the place."""


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True)
class SourcePolicy:
    """What may be read.

    `roots`: folders below which files may be read (None: any file). `objects`: prefixes such as `s3://bucket/folder` below which
    objects may be read with the credentials of this process (None: any). `databases`: hosts, as `host` or `host:port`, that may
    be asked (None: any). `web`: whether web addresses may be fetched, and `private` whether also from addresses that are not
    public, after resolution and after each redirect. `hosts`: web hosts that are private and allowed all the same.
    """

    roots: tuple[Path, ...] | None = ()
    objects: tuple[str, ...] | None = ()
    databases: tuple[str, ...] | None = ()
    web: bool = False
    private: bool = False
    hosts: frozenset[str] = frozenset()
    resolver: Resolve = resolve

    @classmethod
    def anything(cls) -> SourcePolicy:
        """Return the policy of a command line: the person who runs it could read all of it anyway."""
        return cls(None, None, None, web=True, private=True)

    def check(self, location: Location) -> None:
        """Raise SourceRefused for a place that may not be read (web addresses are checked again at every connection)."""
        if location.is_local:
            self.local(location)
        elif location.is_object:
            self._object(location)
        elif location.is_web:
            self.addresses(location)
        else:
            self._database(location)

    def local(self, location: Location) -> Path:
        """Return the path of a local file with links resolved; raises SourceRefused where it is not below one of the roots."""
        if not location.is_local:
            raise SourceRefused(f"{location.shown}: only a local path can be used here")
        if "\0" in location.text:
            raise SourceRefused("the path holds a zero byte")
        if self.roots is None:
            return location.path
        if not self.roots:
            raise SourceRefused("local paths may not be read here; upload the rows, or name an object or a web address")
        for root in self.roots:
            base = root.resolve()
            path = (base / location.path).resolve()
            if path.is_relative_to(base) and path != base:
                return path
        raise SourceRefused(f"{location.text}: is outside the folders that may be read")

    def addresses(self, location: Location) -> list[str]:
        """Return the addresses to connect to for a web address, each of them allowed; raises SourceRefused."""
        if not self.web or not location.is_web:
            raise SourceRefused(f"{location.shown}: addresses of this kind ({location.scheme}) may not be read here")
        parts = urlsplit(location.text)
        if not parts.hostname:
            raise SourceRefused(f"{location.shown}: names no host")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            found = self.resolver(parts.hostname, port)
        except (OSError, UnicodeError) as error:
            raise InputError(f"{location.shown}: the host {parts.hostname} is not known") from error
        if not self.private and parts.hostname not in self.hosts:
            for text in found:
                if not is_public(text):
                    raise SourceRefused(f"{location.shown}: leads to an address that is not public")
        return found

    def _object(self, location: Location) -> None:
        if self.objects is None:
            return
        for allowed in self.objects:
            prefix = allowed.rstrip("/")
            if location.text == prefix or location.text.startswith(prefix + "/"):
                if ".." in location.text.split("/") or "%" in location.text:
                    break
                return
        raise SourceRefused(f"{location.shown}: is outside the buckets that may be read")

    def _database(self, location: Location) -> None:
        if self.databases is None:
            return
        parts = urlsplit(location.text)
        host = (parts.hostname or "").lower()
        allowed = {entry.lower() for entry in self.databases}
        # A file (sqlite) or a socket has no host, and is never what a stranger may open.
        if not host or not ({host, f"{host}:{parts.port}"} & allowed):
            raise SourceRefused(f"{location.shown}: is not one of the databases that may be read")
        extra = _parameter_names(parts.query) - DATABASE_PARAMETERS
        if extra:
            raise SourceRefused(f"{location.shown}: the parameter {min(extra)!r} may not be given here")


def _parameter_names(query: str) -> set[str]:
    from urllib.parse import parse_qsl

    return {name.lower() for name, _ in parse_qsl(query, keep_blank_values=True)}


def is_public(text: str) -> bool:
    """Say whether an address is one of the public internet; those that embed another (IPv4 in IPv6) are judged by it too."""
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return all(part.is_global and not part.is_multicast for part in _embedded(address))


def _embedded(address: Address) -> Iterable[Address]:
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in ipaddress.ip_network("64:ff9b::/96"):
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        yield from (part for part in inner if part is not None)


KNOWN_SCHEMES = ("file", *sorted(OBJECT_SCHEMES), *sorted(WEB_SCHEMES))
