"""Making sure that no command writes over what it reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from inferloop_synthetic.data.location import Location
from inferloop_synthetic.errors import InputError

STANDARD_OUTPUT = "-"
Named = Mapping[str, str | Path | None]
"""Paths and URLs by the option that names them; None where it is not given."""


def refuse_overwriting(reads: Named, writes: Named, *, folder: str | None = None) -> None:
    """Raise InputError where two options write to one file, or one writes to a file that another reads, also through links.

    `folder` is the folder or prefix that `--output` fills with parts, where it does; nothing that is read may lie in it.
    """
    written: dict[str, str] = {}
    for option, place in _given(writes):
        if place == STANDARD_OUTPUT:
            raise InputError(f"{option} -: this cannot go to standard output; name a file (./- is a file of this name)")
        for other, read in _given(reads):
            if _same(place, read):
                raise InputError(
                    f"{option} {_shown(place)} would replace what {other} reads; nothing was read or written, name another file"
                )
        for other, earlier in written.items():
            if other != option and _same(place, earlier):
                raise InputError(f"{option} {_shown(place)} would replace what {other} writes; name another file")
        written[option] = place
    for other, read in _given(reads) if folder is not None else ():
        if _inside(read, str(folder)):
            raise InputError(
                f"--output {_shown(str(folder))} is to be filled with parts, and holds what {other} reads; name another folder"
            )


def with_numbers(report: Path | None) -> dict[str, Path | None]:
    """Return both files of a report: the page, and the numbers beside it."""
    return {"--report": report, "--report (its .json)": None if report is None else report.with_suffix(".json")}


def _given(places: Named) -> list[tuple[str, str]]:
    return [(option, str(place)) for option, place in places.items() if place is not None and str(place)]


def _shown(place: str) -> str:
    return Location.parse(place).shown


def _file(place: str) -> Path | None:
    """Return the file on this machine that a place is, that of a SQLite database included."""
    location = Location.parse(place)
    if location.is_local:
        return location.path
    path = unquote(urlsplit(place).path).removeprefix("/")
    return Path(path) if location.scheme == "sqlite" and path else None


def _same(one: str, other: str) -> bool:
    first, second = _file(one), _file(other)
    if first is None or second is None:
        return first is second and one == other
    try:
        return first.samefile(second)
    except OSError:
        return first.resolve() == second.resolve()


def _inside(place: str, folder: str) -> bool:
    file, within = _file(place), _file(folder)
    if file is None or within is None:
        return file is within and place.startswith(f"{folder.rstrip('/')}/")
    return file.resolve().is_relative_to(within.resolve())
