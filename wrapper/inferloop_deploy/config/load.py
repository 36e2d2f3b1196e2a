"""Reading a project: every service and every environment, with what is wrong with the files themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from inferloop_deploy.config.merge import expand_short_forms
from inferloop_deploy.config.parse import MAX_BYTES, OVERRIDES, Parsed, decode, parse, too_large
from inferloop_deploy.config.source import Layer, Table, without
from inferloop_deploy.errors import Problem

SERVICE_FILE = "deployment-config.yaml"
ENVIRONMENT_FILE = "environment.yaml"


@dataclass(frozen=True)
class ServiceFile:
    """One service's file, under the name of its folder."""

    name: str
    source: Parsed
    in_project: bool = True
    """Whether it lies in services/; a file from elsewhere can be checked too, and may have any name."""

    @cached_property
    def base(self) -> Table | None:
        """What the service says for every environment; the same object each time, so that work on it is done once."""
        return None if self.source.tree is None else without(self.source.tree, OVERRIDES)


@dataclass(frozen=True)
class EnvironmentFiles:
    """One environment's files: environment.yaml and one more for each cloud."""

    name: str
    source: Parsed
    clouds: Mapping[str, Parsed]


@dataclass(frozen=True)
class Project:
    """Everything that a project's people wrote, as it was written."""

    root: Path
    services: Mapping[str, ServiceFile]
    environments: Mapping[str, EnvironmentFiles]
    problems: tuple[Problem, ...] = field(default=())
    """What is wrong with the files as such: unreadable, missing, not YAML."""


def load_project(root: Path) -> Project:
    """Read the services and environments under a root; what cannot be read becomes a problem of the project."""
    services = {
        folder.name: ServiceFile(folder.name, _read_file(root, folder / SERVICE_FILE, "service"))
        for folder in _folders(root / "services")
    }
    environments = {
        folder.name: EnvironmentFiles(
            folder.name,
            _read_file(root, folder / ENVIRONMENT_FILE, "environment"),
            {file.stem: _read_file(root, file, "cloud") for file in _cloud_files(folder)},
        )
        for folder in _folders(root / "environments")
    }
    sources = [service.source for service in services.values()]
    for environment in environments.values():
        sources += [environment.source, *environment.clouds.values()]
    problems = tuple(problem for source in sources for problem in source.problems)
    return Project(root, services, environments, problems)


def _folders(parent: Path) -> list[Path]:
    return sorted(entry for entry in parent.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _cloud_files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("*.yaml") if file.name != ENVIRONMENT_FILE)


def _read_file(root: Path, path: Path, layer: Layer) -> Parsed:
    file = path.relative_to(root).as_posix()
    return read_document(path, file, layer)


def read_document(path: Path, file: str, layer: Layer) -> Parsed:
    """Read one file, called `file` in messages; nothing over the limit of size is read."""
    try:
        if not path.is_file():
            return Parsed(file, None, (_missing(path, file),))
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
            size = stream.seek(0, 2)
    except OSError as error:
        reason = error.strerror or str(error)
        return Parsed(file, None, (Problem(file, 0, 0, "", f"cannot be read: {reason}", check="file"),))
    if size > MAX_BYTES:
        return Parsed(file, None, (too_large(file, size),))
    text = decode(content, file)
    return Parsed(file, None, (text,)) if isinstance(text, Problem) else parse_document(text, file, layer)


def parse_document(text: str, file: str, layer: Layer) -> Parsed:
    """Return what a text says, with its short forms written out."""
    parsed = parse(text, file, layer)
    if parsed.tree is None:
        return parsed
    tree = expand_short_forms(parsed.tree)
    assert isinstance(tree, Table)  # noqa: S101 - the short forms of a table make a table
    return Parsed(file, tree, parsed.problems)


def with_service(project: Project, name: str, source: Parsed, *, in_project: bool = True) -> Project:
    """Return a project with one more service, which stands in for one of the same name."""
    service = ServiceFile(name, source, in_project)
    return replace(
        project, services={**project.services, name: service}, problems=(*project.problems, *source.problems)
    )


def _missing(path: Path, file: str) -> Problem:
    other = path.with_suffix(".yml")
    hint = f"Rename {other.name} to {path.name}." if other.is_file() else f"Write {path.name}, or remove the folder."
    return Problem(file, 0, 0, "", "the file is missing", hint=hint, check="file")
