"""The rules of the files' form, which reading and the schema enforce, and the checks of whole files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from inferloop_deploy.config.check import describe, fit
from inferloop_deploy.config.checks.rule import Rule
from inferloop_deploy.config.environment import Environment
from inferloop_deploy.config.fields import named_lists
from inferloop_deploy.config.load import EnvironmentFiles, Project, ServiceFile
from inferloop_deploy.config.parse import Parsed
from inferloop_deploy.config.service import ServiceConfig
from inferloop_deploy.config.source import Node, Origin, Path, Sequence, Table, find, is_null, name_of, spell
from inferloop_deploy.config.targets import TARGETS
from inferloop_deploy.errors import Problem
from inferloop_deploy.names import nearest_name

FILE = Rule(
    "file",
    "Every folder of services/ and environments/ has its file, and it can be read.",
    "Write the file, or remove the folder.",
)
FILE_SIZE = Rule("file-size", "A file has at most 1,000,000 bytes.", "Look whether it is the right file.")
ENCODING = Rule("encoding", "A file is UTF-8 text without control characters.", "Save it as UTF-8.")
SYNTAX = Rule(
    "syntax",
    "A file is one YAML document that is a mapping with text as keys.",
    "Look at indentation, brackets and quotes.",
)
TAB = Rule("tab", "Lines are indented with spaces.", "Replace the tab by spaces.")
TAG = Rule("tag", "YAML tags are not read, and nothing is ever executed.", "Remove the tag; put text in quotes.")
ANCHOR = Rule(
    "anchor", "YAML anchors, aliases and merge keys are not read.", "Repeat the value, or use serviceDefaults."
)
DUPLICATE_KEY = Rule("duplicate-key", "A key stands once in its mapping.", "Keep one of the two.")
DEPTH = Rule("depth", "Nothing is nested deeper than 32 levels.", "No field stands so deep.")
UNKNOWN_KEY = Rule(
    "unknown-key",
    "Every key is one that the schema knows.",
    "Look at the nearest name, or at `inferloop-deploy explain`.",
)
MISSING = Rule("missing", "What is required is there.", "Write the key.")
WRONG_TYPE = Rule(
    "wrong-type", "A value has the type of its field.", "Text that looks like a number or a boolean needs quotes."
)
ACCEPTED = Rule("accepted-values", "A value is one that its field accepts.", "Write one that is accepted.")
DUPLICATE_NAME = Rule("duplicate-name", "Items of a list have different names.", "Rename one, or merge the two.")
OVERRIDE = Rule(
    "override",
    "The block environments overrides metadata and spec for environments that exist.",
    "Name a folder of environments/, and write metadata or spec below it.",
)
CLOUD_FILE = Rule(
    "cloud-file", "A file beside environment.yaml has the name of a cloud.", "Rename it, or move it away."
)

FORM_RULES = (
    FILE, FILE_SIZE, ENCODING, SYNTAX, TAB, TAG, ANCHOR, DUPLICATE_KEY, DEPTH, UNKNOWN_KEY, MISSING, WRONG_TYPE,
    ACCEPTED, DUPLICATE_NAME, OVERRIDE, CLOUD_FILE,
)  # fmt: skip


def _problem(
    rule: Rule, place: Origin, path: str, message: str, found: str | None, expected: str | None, hint: str | None = None
) -> Problem:
    return Problem(
        place.file, place.line, place.column, path, message, found, expected, hint or rule.fix, rule.id, rule.severity
    )


def duplicate_names(tree: Table, named: frozenset[str]) -> list[Problem]:
    """Return a problem for each item of a named list that has the name of one before it."""
    return [problem for path, items in _named_lists(tree, (), named) for problem in _duplicates(tree, path, items)]


def _named_lists(node: Node, path: Path, named: frozenset[str]) -> Iterator[tuple[Path, Sequence]]:
    if isinstance(node, Table):
        for key, child in node.entries.items():
            if isinstance(child, Sequence) and key in named:
                yield (*path, key), child
            yield from _named_lists(child, (*path, key), named)
    elif isinstance(node, Sequence):
        for index, child in enumerate(node.items):
            yield from _named_lists(child, (*path, index), named)


def _duplicates(tree: Table, path: Path, items: Sequence) -> Iterator[Problem]:
    first: dict[str, Origin] = {}
    for item in items.items:
        name = name_of(item)
        if name is None:
            continue
        place = _name_origin(item)
        if name in first:
            message = f"a name for the second time; it stands on line {first[name].line} already"
            yield _problem(DUPLICATE_NAME, place, f"{spell(path, tree)}[{name}].name", message, f'"{name}"', None)
        first.setdefault(name, place)


def _name_origin(item: Node) -> Origin:
    return item.entries["name"].origin if isinstance(item, Table) else item.origin


def overrides(service: ServiceFile, environments: Mapping[str, EnvironmentFiles]) -> Iterator[Problem]:
    """Yield what is wrong with the block of a service's file that holds overrides, as far as the schema cannot tell."""
    tree = service.source.tree
    block = None if tree is None else tree.entries.get("environments")
    if block is None or is_null(block):
        return
    if not isinstance(block, Table):
        yield _problem(
            WRONG_TYPE, block.origin, "environments", "wrong type", describe(block), "a mapping of environments"
        )
        return
    known = sorted(environments)
    for name, override in block.entries.items():
        path, place = f"environments.{name}", override.key or override.origin
        if environments and name not in environments:
            near = nearest_name(name, known)
            hint = f"Did you mean {near}?" if near else None
            yield _problem(
                OVERRIDE,
                place,
                path,
                "an environment that does not exist",
                f'"{name}"',
                f"one of {', '.join(known)}",
                hint,
            )
        if isinstance(override, Table):
            yield from _override_keys(override, path)
        elif not is_null(override):
            yield _problem(
                WRONG_TYPE, override.origin, path, "wrong type", describe(override), "a mapping with metadata or spec"
            )


def _override_keys(override: Table, path: str) -> Iterator[Problem]:
    for key, child in override.entries.items():
        if key not in ("metadata", "spec"):
            near = nearest_name(key, ["metadata", "spec"])
            hint = f"Did you mean {near}?" if near else None
            yield _problem(
                UNKNOWN_KEY,
                child.key or child.origin,
                f"{path}.{key}",
                "unknown key",
                f'"{key}"',
                "metadata or spec",
                hint,
            )
    name = find(override, ("metadata", "name"))
    if name is not None and not is_null(name):
        message = "a service has the same name everywhere"
        yield _problem(
            UNKNOWN_KEY, name.key or name.origin, f"{path}.metadata.name", message, describe(name), None, "Remove it."
        )


def cloud_files(environment: EnvironmentFiles, clouds: list[str]) -> Iterator[Problem]:
    """Yield a problem for each file beside environment.yaml that no cloud is called after, and where there is none."""
    for name, parsed in environment.clouds.items():
        if name not in clouds:
            near = nearest_name(name, clouds)
            hint = f"Rename it to {near}.yaml." if near else None
            place = Origin(parsed.file, 0, 0, "cloud")
            yield _problem(
                CLOUD_FILE, place, "", "a cloud that does not exist", f'"{name}"', f"one of {', '.join(clouds)}", hint
            )
    if not environment.clouds:
        place = Origin(environment.source.file, 0, 0, "environment")
        yield _problem(
            CLOUD_FILE,
            place,
            "",
            "no cloud beside environment.yaml",
            None,
            f"a file such as {clouds[0]}.yaml",
            "Write one.",
        )


def headers(environment: EnvironmentFiles) -> Iterator[Problem]:
    """Yield a problem for each file of an environment that does not say what it is."""
    for parsed in (environment.source, *environment.clouds.values()):
        for key in ("apiVersion", "kind"):
            if parsed.tree is not None and not _says(parsed.tree, key):
                place = parsed.tree.origin
                yield _problem(MISSING, place, key, "missing", None, "v1" if key == "apiVersion" else "Environment")


def _says(tree: Table, key: str) -> bool:
    node = tree.entries.get(key)
    return node is not None and not is_null(node)


def service_defaults(environment: EnvironmentFiles) -> Iterator[Problem]:
    """Yield what is wrong with the defaults for services by themselves; they may leave out anything."""
    for parsed in (environment.source, *environment.clouds.values()):
        node = None if parsed.tree is None else find(parsed.tree, ("spec", "serviceDefaults"))
        if isinstance(node, Table):
            found = fit(Table({"spec": node}, node.origin), ServiceConfig).problems
            yield from (problem for problem in found if problem.check != MISSING.id)


def form_problems(project: Project) -> Iterator[Problem]:
    """Yield what is wrong with the files themselves, before anything is merged."""
    named = named_lists(ServiceConfig) | named_lists(Environment)
    yield from project.problems
    for source in sources(project):
        if source.tree is not None:
            yield from duplicate_names(source.tree, named)
    for service in project.services.values():
        yield from overrides(service, project.environments)
    for environment in project.environments.values():
        yield from cloud_files(environment, sorted(TARGETS))
        yield from headers(environment)
        yield from service_defaults(environment)


def sources(project: Project) -> Iterator[Parsed]:
    """Yield every file of a project."""
    for service in project.services.values():
        yield service.source
    for environment in project.environments.values():
        yield environment.source
        yield from environment.clouds.values()
