"""Read what a request carries, within limits that hold while it is read and not after."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import orjson
from fastapi import Request
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inferloop_synthetic.api.problems import ApiError, FieldProblem
from inferloop_synthetic.settings import Settings

JSON, FORM = "application/json", "multipart/form-data"
IDLE_SECONDS = 30.0
"""A body of which nothing arrives for so long is given up."""
MOST_FILES, MOST_FIELDS = 4, 64
SUFFIXES = {
    "text/csv": ".csv", "application/csv": ".csv", "text/tab-separated-values": ".tsv", "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl", "application/vnd.apache.parquet": ".parquet", "application/x-parquet": ".parquet",
    "application/vnd.apache.arrow.file": ".arrow", "application/vnd.apache.arrow.stream": ".arrow",
}  # fmt: skip
NAMES = (".csv.gz", ".tsv.gz", ".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".pq", ".arrow", ".feather")
_TEXT_FIELDS = frozenset({"source", "format", "engine", "generator_type", "template", "target", "policy"})


@dataclass(frozen=True)
class Body:
    """What a request asked for: a JSON object, and files by the name of their field."""

    tree: dict[str, Any]
    folder: Path
    """Where files of this request are, and may be put; it is gone when the request is answered."""
    files: dict[str, Path] = field(default_factory=dict)


class LimitBodies:
    """Stop reading a request that is larger than allowed, or that stops arriving, whatever its headers say."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._json, self._upload = settings.max_request_bytes, settings.max_upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on with its body counted."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        upload = headers.get(b"content-type", b"").lower().startswith(FORM.encode())
        limit = self._upload if upload else self._json
        said = headers.get(b"content-length", b"")
        announced = int(said) if said.isdigit() and len(said) < 20 else 0
        seen, whole = 0, False

        async def counted() -> Message:
            nonlocal seen, whole
            if announced > limit:
                raise _too_large(limit, upload=upload)
            if whole:
                return await receive()
            try:
                async with asyncio.timeout(IDLE_SECONDS):
                    message = await receive()
            except TimeoutError:
                hint = "Send the request again over a connection that does not stall."
                raise ApiError(408, "body-stalled", f"Nothing arrived for {IDLE_SECONDS:.0f} s.", hint) from None
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                whole = not message.get("more_body", False)
                if seen > limit:
                    raise _too_large(limit, upload=upload)
            return message

        await self.app(scope, counted, send)


def _too_large(limit: int, *, upload: bool) -> ApiError:
    setting = "GUARDIAN_MAX_UPLOAD_BYTES" if upload else "GUARDIAN_MAX_REQUEST_BYTES"
    hint = f"Send less, name a `source` that the service may read, or ask the operator to raise {setting}."
    return ApiError(413, "too-large", f"The body is larger than the {limit:,} bytes that are read.", hint)


@asynccontextmanager
async def reading(request: Request, settings: Settings, *, files: frozenset[str]) -> AsyncIterator[Body]:
    """Give the body of a request; `files` are the fields that may hold a file. Files are removed at the end."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in {"", "identity"}:
        raise ApiError(
            415, "encoded-body", f"Bodies in content encoding {coding[:40]!r} are not read.", "Send the body as it is."
        )
    folder = settings.temp_dir / "incoming" / uuid4().hex
    try:
        if media == JSON or media.endswith("+json"):
            yield Body(parse_json(await request.body(), settings.max_json_depth), folder)
        elif media == FORM:
            yield await _read_form(request, settings, files, folder)
        else:
            raise _not_understood(media, files)
    finally:
        if folder.exists():
            await run_in_threadpool(shutil.rmtree, folder, ignore_errors=True)


def _not_understood(media: str, files: frozenset[str]) -> ApiError:
    said = f"{media[:80]!r} is" if media else "No media type is given; a body without one is"
    hint = f"Send `Content-Type: {JSON}`, or {FORM} with the file in the field {min(files)!r}."
    return ApiError(
        415, "unsupported-media-type", f"{said} not understood here.", hint, headers={"Accept-Post": f"{JSON}, {FORM}"}
    )


def parse_json(body: bytes, most_depth: int) -> dict[str, Any]:
    """Return the JSON object in a body; depth is judged before anything is built from it."""
    depth = json_depth(body)
    if depth > most_depth:
        hint = "Write the same with fewer levels of brackets."
        raise ApiError(422, "too-deep", f"The JSON has {depth:,} levels; at most {most_depth} are read.", hint)
    try:
        tree = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        hint = "JSON has no NaN, Infinity, comments or trailing commas, and is in UTF-8."
        raise ApiError(400, "not-json", f"The body is not JSON: {error}", hint) from None
    if not isinstance(tree, dict):
        raise ApiError(422, "not-an-object", "The body must be a JSON object.", 'Write {"schema": {...}, "rows": 100}.')
    return tree


def json_depth(body: bytes) -> int:
    """Return how deeply brackets are nested outside of texts, at a cost that grows with the bytes only."""
    bare = body.replace(rb"\\", b"").replace(rb"\"", b"")
    letters = np.frombuffer(bare, np.uint8)
    outside = (np.cumsum(letters == ord('"')) % 2) == 0
    opens = ((letters == ord("[")) | (letters == ord("{"))) & outside
    closes = ((letters == ord("]")) | (letters == ord("}"))) & outside
    levels = np.cumsum(opens.astype(np.int64) - closes)
    return int(levels.max(initial=0))


async def _read_form(request: Request, settings: Settings, allowed: frozenset[str], folder: Path) -> Body:
    form = await _parse_form(request, settings)
    tree: dict[str, Any] = {}
    files: dict[str, Path] = {}
    try:
        for name, value in form.multi_items():
            if name in tree or name in files:
                raise _wrong_field(name, "is given twice")
            if isinstance(value, UploadFile):
                if name not in allowed:
                    raise _wrong_field(name, f"is no file here; files are {', '.join(sorted(allowed))}")
                files[name] = folder / f"{name}{_suffix(name, value)}"
                await run_in_threadpool(_store, value, files[name])
            elif name == "request":
                tree |= parse_json(value.encode(), settings.max_json_depth)
            else:
                tree[name] = _field_value(name, value, settings.max_json_depth)
    finally:
        await form.close()
    return Body(tree, folder, files)


async def _parse_form(request: Request, settings: Settings) -> FormData:
    """Return a form; one that ends before its last boundary was cut off on its way, and is no form."""
    _, options = parse_options_header(request.headers["content-type"])
    end, tail = b"--" + options.get(b"boundary", b"") + b"--", b""

    async def stream() -> AsyncGenerator[bytes, None]:
        nonlocal tail
        async for chunk in request.stream():
            tail = (tail + chunk)[-1024:]
            yield chunk

    parser = MultiPartParser(
        request.headers, stream(), max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=settings.max_request_bytes
    )
    hint = "Send multipart/form-data as `curl -F data=@table.csv -F rows=100` does."
    try:
        form = await parser.parse()
    except (MultiPartException, MultipartParseError, KeyError) as error:
        reason = getattr(error, "message", "") or "it has no boundary"
        raise ApiError(400, "not-a-form", f"The form cannot be read: {reason}", hint) from None
    if not tail.rstrip().endswith(end):
        await form.close()
        raise ApiError(400, "not-a-form", "The form ends before its last boundary: it was cut off.", hint)
    return form


def _wrong_field(name: str, message: str) -> ApiError:
    problems = [FieldProblem(field=name[:100], message=message)]
    return ApiError(422, "invalid-request", f"{name[:100]}: {message}", "Correct the fields named.", errors=problems)


def _field_value(name: str, text: str, most_depth: int) -> Any:
    """Return what stands in a field of a form: JSON where it is, else the text."""
    if name in _TEXT_FIELDS and not text.lstrip().startswith("{"):
        return text
    if json_depth(text.encode()) > most_depth:
        raise _wrong_field(name, f"has more than {most_depth} levels of brackets")
    with contextlib.suppress(orjson.JSONDecodeError):
        return orjson.loads(text)
    return text


def _suffix(name: str, file: UploadFile) -> str:
    given = (file.filename or "").lower()
    for suffix in NAMES:
        if given.endswith(suffix):
            return suffix
    media = (file.content_type or "").partition(";")[0].strip().lower()
    if media in SUFFIXES:
        return SUFFIXES[media]
    hint = f"Name the file with one of {', '.join(NAMES)}, or give its part a Content-Type such as text/csv."
    raise ApiError(415, "unknown-table-format", f"{name[:100]}: it is not said in which format the file is.", hint)


def _store(file: UploadFile, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("xb") as target:
        shutil.copyfileobj(file.file, target, 1 << 20)
