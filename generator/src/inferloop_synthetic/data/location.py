"""Where a table, a model or a result is: a path, an object's URL, a web address, or a database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from inferloop_synthetic.errors import InputError

OBJECT_SCHEMES = {"s3", "gs", "az"}
WEB_SCHEMES = {"http", "https"}
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://")
_SECRET = re.compile(r"(?i)((?:^|[?&;])[^=&;]*(?:password|passwd|pwd|secret|token|key|sig|credential)[^=&;]*=)[^&;]*")


@dataclass(frozen=True, repr=False)
class Location:
    """A place as it was written; `shown` is what may be printed of it."""

    text: str
    scheme: str
    """Lower case; `file` for a path; the dialect without driver (`postgresql`) for a database."""

    @classmethod
    def parse(cls, text: str) -> Location:
        """Read a path or URL; raises InputError for one that cannot be read."""
        match = _SCHEME.match(text)
        if match is None:
            return cls(text, "file")
        scheme = match[1].lower()
        if scheme == "file":
            parts = urlsplit(text)
            if parts.netloc not in {"", "localhost"}:
                raise InputError(f"{text}: a file URL names no machine; write file:///folder/name")
            return cls(unquote(parts.path), "file")
        try:
            parts = urlsplit(text)
            parts.port  # noqa: B018  (raises ValueError for a port that is none)
        except ValueError as error:
            raise InputError(f"{scheme}://...: not a URL: {error}") from error
        return cls(text, scheme.split("+")[0])

    @property
    def is_local(self) -> bool:
        """Whether it is a path on this machine."""
        return self.scheme == "file"

    @property
    def is_object(self) -> bool:
        """Whether it is in object storage."""
        return self.scheme in OBJECT_SCHEMES

    @property
    def is_web(self) -> bool:
        """Whether it is a web address."""
        return self.scheme in WEB_SCHEMES

    @property
    def is_sql(self) -> bool:
        """Whether it is a database: any other URL is taken for one."""
        return not (self.is_local or self.is_object or self.is_web)

    @property
    def path(self) -> Path:
        """The path of a local place."""
        return Path(self.text)

    @property
    def host(self) -> str:
        """The host, bucket or container that a URL names."""
        return urlsplit(self.text).hostname or ""

    @property
    def name(self) -> str:
        """The last piece of the path, by which a format is recognised."""
        return self.path.name if self.is_local else unquote(urlsplit(self.text).path).rstrip("/").rpartition("/")[2]

    @property
    def shown(self) -> str:
        """The text with user, password and secret parameters hidden."""
        if self.is_local:
            return self.text
        parts = urlsplit(self.text)
        authority = parts.netloc.rpartition("@")[2]
        if parts.username and parts.password is None and not self.is_web:
            authority = parts.netloc
        elif "@" in parts.netloc:
            authority = f"***@{authority}"
        query = _SECRET.sub(r"\1***", parts.query)
        return f"{parts.scheme}://{authority}{parts.path}" + (f"?{query}" if query else "")

    def scrubbed(self, message: str) -> str:
        """Return a message of a library with the credentials of this place taken out."""
        if self.is_local:
            return message
        message = message.replace(self.text, self.shown)
        parts = urlsplit(self.text)
        secrets = {parts.password, unquote(parts.password or "")}
        secrets |= {pair.partition("=")[2] for pair in parts.query.split("&") if _SECRET.search(pair)}
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            message = message.replace(secret, "***")
        return message

    def __repr__(self) -> str:
        return f"Location({self.shown!r})"
