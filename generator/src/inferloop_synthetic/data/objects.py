"""Object storage through obstore: S3 (and what speaks its protocol), Google Cloud Storage, Azure Blob Storage."""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

from inferloop_synthetic.data.location import Location
from inferloop_synthetic.errors import InputError


def obstore_module() -> ModuleType:
    """Return obstore; raises InputError naming the extra where it is not installed."""
    try:
        import_module("obstore.exceptions")
        import_module("obstore.store")
        return import_module("obstore")
    except ImportError as error:
        raise InputError("object storage needs the extra [objects]: pip install 'inferloop-synthetic[objects]'") from error


def object_store(location: Location) -> tuple[Any, str]:
    """Return the store of a URL's bucket, and the path in it.

    Credentials, region and endpoint come from where the cloud's own tools take them (AWS_*, GOOGLE_*, AZURE_* variables, or the
    identity of the machine), never from the URL. An endpoint without TLS is used only on AWS_ALLOW_HTTP=true.
    """
    stores = obstore_module().store
    parts = urlsplit(location.text)
    if not parts.netloc or "@" in parts.netloc:
        raise InputError(f"{location.shown}: write {location.scheme}://bucket/path; credentials come from the environment")
    path = unquote(parts.path).strip("/")
    if path and any(piece in {"", ".", ".."} for piece in path.split("/")):
        raise InputError(f"{location.shown}: the path holds empty pieces or dots")
    if location.scheme == "s3":
        virtual = os.environ.get("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "false").lower() == "true"
        return stores.S3Store(parts.netloc, virtual_hosted_style_request=virtual), path
    if location.scheme == "gs":
        return stores.GCSStore(parts.netloc), path
    return stores.AzureStore(parts.netloc), path
