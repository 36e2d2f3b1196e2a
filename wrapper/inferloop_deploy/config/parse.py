"""YAML text to a tree of values with their places, by the strict subset of YAML 1.2 that configuration files use.

Left out of the language, each with a message: tags (so nothing is ever executed), anchors, aliases, duplicate keys,
keys that are not text, several documents, tabs for indentation. Plain scalars are read by the core schema of YAML 1.2
(https://yaml.org/spec/1.2.2/#103-core-schema): `on`, `no`, `012`, `1:30` and dates are text, not what YAML 1.1 makes
of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from inferloop_deploy.config.source import Layer, Node, Origin, Scalar, Sequence, Table
from inferloop_deploy.errors import Problem

MAX_BYTES = 1_000_000
"""Largest file that is read; a real one has some kilobytes."""
MAX_DEPTH = 32
"""Deepest nesting that is followed; the deepest field stands at nine."""

OVERRIDES = "environments"
"""The block of a service's file that holds what is different in single environments."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True)
class Parsed:
    """What a file says, and what is wrong with it as YAML; without a tree where it cannot be read at all."""

    file: str
    tree: Table | None
    problems: tuple[Problem, ...] = ()


def decode(content: bytes, file: str) -> str | Problem:
    """Return the text of a file, or what keeps it from being one."""
    if len(content) > MAX_BYTES:
        return too_large(file, len(content))
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _unreadable(file, 1, 1, "not UTF-8: it starts with a UTF-16 mark", "Save the file as UTF-8.")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _place(content[: error.start].decode("utf-8"))
        byte = f"0x{content[error.start]:02x}"
        return _unreadable(file, line, column, f"not UTF-8 (byte {byte})", "Save the file as UTF-8.")
    text = text.removeprefix("\ufeff")
    control = re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text)
    if control is not None:
        line, column = _place(text[: control.start()])
        code = f"U+{ord(control.group()):04X}"
        return _unreadable(
            file, line, column, f"a binary file? It holds the control character {code}", "Write plain text."
        )
    return text


def too_large(file: str, size: int) -> Problem:
    """Return the problem of a file over the limit of size, which is not read at all."""
    return Problem(
        file, 0, 0, "", "the file is too large", f"{size:,} bytes", f"at most {MAX_BYTES:,}",
        "Is this the right file? A configuration has some kilobytes.", "file-size",
    )  # fmt: skip


def parse(text: str, file: str, layer: Layer) -> Parsed:
    """Return the tree of a text and every problem of its YAML."""
    composer = _Composer(file, layer, yaml.parse(text, Loader=_LOADER))
    try:
        tree = composer.document()
    except yaml.MarkedYAMLError as error:
        return Parsed(file, None, (*composer.problems, _syntax(file, text, error)))
    except yaml.YAMLError as error:  # a character that YAML does not allow
        return Parsed(file, None, (_unreadable(file, 0, 0, str(error).splitlines()[0], None),))
    except _Stop:
        return Parsed(file, None, tuple(composer.problems))
    composer.problems += _tabs(file, text, composer.block_lines) if "\t" in text else []
    return Parsed(file, tree, tuple(composer.problems))


class _Stop(Exception):
    """The rest of the document is of no use."""


@dataclass
class _Composer:
    file: str
    layer: Layer
    events: Iterator[Any]
    problems: list[Problem] = field(default_factory=list)
    block_lines: set[int] = field(default_factory=set)

    def next(self) -> Any:
        return next(self.events)

    def document(self) -> Table | None:
        self.next()
        start = self.next()
        if isinstance(start, yaml.StreamEndEvent):
            self.report(
                start, "syntax", "the file is empty", hint="`inferloop-deploy init SERVICE` writes one to start from."
            )
            return None
        first = self.next()
        node = self.node(first, None, 1)
        self.next()
        after = self.next()
        if not isinstance(after, yaml.StreamEndEvent):
            self.report(
                after, "syntax", "a second document", hint="Keep one document in a file; remove the line `---`."
            )
        if isinstance(node, Table):
            return node
        if isinstance(node, Scalar) and node.value is None:
            self.report(
                first, "syntax", "the file is empty", hint="`inferloop-deploy init SERVICE` writes one to start from."
            )
        elif not self.problems:
            self.report(first, "syntax", "the file is not a mapping", expected="apiVersion, kind, metadata and spec")
        return None

    def report(
        self, event: Any, check: str, message: str, found: str | None = None, *,
        expected: str | None = None, hint: str | None = None,
    ) -> None:  # fmt: skip
        mark = event.start_mark
        self.problems.append(
            Problem(self.file, mark.line + 1, mark.column + 1, "", message, found, expected, hint, check)
        )

    def origin(self, event: Any) -> Origin:
        mark = event.start_mark
        return Origin(self.file, mark.line + 1, mark.column + 1, self.layer)

    def node(self, event: Any, key: Origin | None, depth: int) -> Node:
        """Return the node that starts with `event`, having read it to its end."""
        if isinstance(event, yaml.AliasEvent):
            self.report(
                event,
                "anchor",
                "an alias",
                f"*{event.anchor}",
                hint="Anchors and aliases are not read; repeat the value.",
            )
            return Scalar(None, self.origin(event), key)
        if event.anchor is not None:
            self.report(
                event, "anchor", "an anchor", f"&{event.anchor}", hint="Anchors and aliases are not read; remove it."
            )
        if event.tag not in (None, "!"):
            self.report(
                event, "tag", "a tag", event.tag, hint="Tags are not read, and never run; put text in quotes instead."
            )
        if isinstance(event, yaml.ScalarEvent):
            if event.style in ("|", ">"):
                self.block_lines.update(range(_line(event.start_mark), _line(event.end_mark) + 1))
            value = event.value if event.style or event.tag == "!" else scalar(event.value)
            return Scalar(value, self.origin(event), key)
        if depth > MAX_DEPTH:
            self.report(
                event,
                "depth",
                f"nested deeper than {MAX_DEPTH} levels",
                hint="No field of a configuration stands so deep.",
            )
            raise _Stop
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(event, key, depth)
        return self.table(event, key, depth)

    def sequence(self, start: Any, key: Origin | None, depth: int) -> Sequence:
        items = []
        while not isinstance(event := self.next(), yaml.SequenceEndEvent):
            items.append(self.node(event, None, depth + 1))
        return Sequence(tuple(items), self.origin(start), key)

    def table(self, start: Any, key: Origin | None, depth: int) -> Table:
        entries: dict[str, Node] = {}
        while not isinstance(event := self.next(), yaml.MappingEndEvent):
            place = self.origin(event)
            name = self.key(event, start, depth)
            child = self.child(name, place, depth)
            if name is None:
                continue
            if name in entries:
                first = entries[name].key
                where = "" if first is None else f" It stands on line {first.line} already."
                self.report(
                    event, "duplicate-key", "a key for the second time", f'"{name}"', hint=f"Keep one of them.{where}"
                )
                continue
            entries[name] = child
        return Table(entries, self.origin(start), key)

    def child(self, name: str | None, key: Origin, depth: int) -> Node:
        """Return the value of a key; what a service says for single environments is a layer of its own."""
        layer = self.layer
        if depth == 1 and layer == "service" and name == OVERRIDES:
            self.layer = "override"
        node = self.node(self.next(), key, depth + 1)
        self.layer = layer
        return node

    def key(self, event: Any, table: Any, depth: int) -> str | None:
        if isinstance(event, yaml.ScalarEvent):
            if event.anchor is not None or event.tag is not None:
                self.node(event, None, depth)  # which reports them
            return str(event.value)
        self.report(
            table,
            "syntax",
            "a key that is not text",
            hint="Write every key as a word. Is `{{ ... }}` meant to be in quotes?",
        )
        self.node(event, None, depth + 1)
        return None


def scalar(text: str) -> bool | int | float | str | None:
    """Return the value of a plain scalar by the core schema of YAML 1.2; numbers with leading zeros stay text."""
    first = text[:1]
    if first.isdigit() or first in ("-", "+", "."):
        if _INTEGER.fullmatch(text):
            return int(text)
        if _FLOAT.fullmatch(text):
            number = float(text)
            return number if abs(number) < 1e300 else text
        return text
    return _WORDS.get(text, text)


def _line(mark: Any) -> int:
    return int(mark.line)


def _syntax(file: str, text: str, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
    lines = text.split("\n")
    current = lines[line - 1] if 0 < line <= len(lines) else ""
    indentation = current[: len(current) - len(current.lstrip())]
    if "\t" in indentation:
        return Problem(file, line, indentation.index("\t") + 1, "", _TAB, hint=_TAB_HINT, check="tab")
    found = (error.problem or "cannot be read").replace("found ", "").replace("did not find ", "")
    context = f" {error.context}" if error.context else ""
    return Problem(
        file, line, column, "", f"not valid YAML: {found}{context}", hint=_syntax_hint(current), check="syntax"
    )


_TAB = "a tab for indentation"
_TAB_HINT = "YAML is indented with spaces; replace the tab by two or four of them."


def _syntax_hint(line: str) -> str:
    if re.search(r":\s+[@`%*&]", line) or re.search(r":\s+[^'\"\s][^'\"]*:\s", line):
        return "Put a value that holds `: ` or starts with one of @ ` % * & in quotes."
    if re.search(r"\{\{", line):
        return "Put a value that starts with `{{` in quotes."
    return "Look at the indentation, brackets and quotes of this line and the one above."


def _tabs(file: str, text: str, block_lines: set[int]) -> list[Problem]:
    """Return a problem for each line that is indented with a tab, text blocks left out."""
    return [
        Problem(file, number + 1, line.index("\t") + 1, "", _TAB, hint=_TAB_HINT, check="tab")
        for number, line in enumerate(text.split("\n"))
        if number not in block_lines and line.strip() and "\t" in line[: len(line) - len(line.lstrip())]
    ]


def _unreadable(file: str, line: int, column: int, message: str, hint: str | None) -> Problem:
    return Problem(file, line, column, "", message, hint=hint, check="encoding")


def _place(before: str) -> tuple[int, int]:
    """Return line and column, from 1, of what follows a text."""
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
