"""The little Markdown that the reference pages need."""

from collections.abc import Iterable, Sequence

GENERATED = "<!-- Written by `make docs` from {source}; do not edit. -->\n\n"


def cell(text: str) -> str:
    """Return text that stands in one cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def prose(text: str) -> str:
    """Return text whose braces and angles Markdown's extensions leave alone."""
    return text.replace("{", "&#123;").replace("<", "&lt;")


def code(text: str) -> str:
    """Return text as inline code, also where it holds back quotes."""
    fence = "``" if "`" in text else "`"
    return f"{fence} {text} {fence}" if "`" in text else f"`{text}`"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, or nothing where it would have no rows."""
    lines = [f"| {' | '.join(cell(text) for text in row)} |" for row in rows]
    if not lines:
        return ""
    rule = f"|{'---|' * len(header)}"
    return "\n".join([f"| {' | '.join(header)} |", rule, *lines]) + "\n"


def paragraphs(*parts: str) -> str:
    """Return the parts that are not empty, with one blank line between them."""
    return "\n\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"
