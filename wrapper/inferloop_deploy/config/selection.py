"""Which files a check is about: all of a project, or some, which may also lie outside of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from inferloop_deploy.config.load import Project, load_project, read_document, with_service
from inferloop_deploy.config.parse import Parsed
from inferloop_deploy.config.source import Path as NodePath
from inferloop_deploy.config.source import Scalar, Table, find
from inferloop_deploy.config.targets import TARGETS
from inferloop_deploy.config.validate import validate
from inferloop_deploy.errors import Problem, UsageError


@dataclass(frozen=True)
class Selection:
    """A project with the files that are asked about."""

    project: Project
    files: tuple[str, ...]

    @property
    def targets(self) -> tuple[str, ...]:
        """Return the environments and clouds that everything is checked for, as `dev/aws`."""
        environments = self.project.environments.items()
        return tuple(f"{env}/{cloud}" for env, files in environments for cloud in files.clouds if cloud in TARGETS)

    def problems(self) -> list[Problem]:
        """Return what is wrong with these files."""
        return [problem for problem in validate(self.project) if problem.file in self.files]

    def summary(self, problems: Sequence[Problem]) -> str:
        """Return one sentence about the outcome."""
        if not self.files:
            return "There is nothing to check yet; `inferloop-deploy init SERVICE` writes a first file."
        errors = sum(problem.severity == "error" for problem in problems)
        warnings = len(problems) - errors
        also = f" and {_count(warnings, 'warning')}" if warnings else ""
        where = f" for {', '.join(self.targets)}" if self.targets else ""
        if errors:
            return f"{_count(errors, 'error')}{also} in {_count(len({problem.file for problem in problems}), 'file')}."
        return f"{_count(len(self.files), 'file')} valid{where}{also.replace(' and', ', with') if also else ''}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def everything(root: Path) -> Selection:
    """Return all files of a project."""
    project = load_project(root)
    files = [service.source.file for service in project.services.values()]
    for environment in project.environments.values():
        files += [environment.source.file, *(parsed.file for parsed in environment.clouds.values())]
    return Selection(project, tuple(files))


def some(root: Path | None, paths: Sequence[Path]) -> Selection:
    """Return single files of a project, or files from elsewhere, which are checked as if they were services of it.

    A folder stands for the files in it. Raises UsageError where there is no such file, and for an environment's file
    from elsewhere, which means nothing without the others of its folder.
    """
    project = Project(Path.cwd(), {}, {}) if root is None else load_project(root)
    known = set(everything(root).files) if root is not None else set()
    files: list[str] = []
    for path in _files(paths):
        inside = _within(root, path)
        if inside in known:
            files.append(inside)
            continue
        parsed = read_document(path, str(path), "service")
        if parsed.tree is not None and _text(parsed.tree, ("kind",)) == "Environment":
            raise UsageError(
                f"{path}: a file of an environment is checked where it belongs.",
                "Put it into environments/<env>/, beside the other files of the environment.",
            )
        project = _with_guest(project, parsed)
        files.append(str(path))
    return Selection(project, tuple(dict.fromkeys(files)))


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        inside = sorted(path.glob("**/*.yaml")) if path.is_dir() else [path] if path.is_file() else []
        if not inside:
            kind = "no YAML file in this folder" if path.is_dir() else "no such file"
            hint = "Name a deployment-config.yaml, environment.yaml or <cloud>.yaml, or a folder with some."
            raise UsageError(f"{path}: there is {kind}.", hint)
        yield from inside


def _text(tree: Table, path: NodePath) -> str | None:
    node = find(tree, path)
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else None


def _within(root: Path | None, path: Path) -> str:
    """Return a path relative to a root, or the empty string where it is not below it."""
    resolved = path.resolve()
    return resolved.relative_to(root).as_posix() if root is not None and resolved.is_relative_to(root) else ""


def _with_guest(project: Project, parsed: Parsed) -> Project:
    """Return a project with one more service, which stands in for one of the same name."""
    name = None if parsed.tree is None else _text(parsed.tree, ("metadata", "name"))
    return with_service(project, name or parsed.file, parsed, in_project=False)
