"""Markdown pages as the tests read them: their fenced blocks, in order, each with what stands before it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(
    r"(?:^<!-- (?P<note>[^\n]*?) -->\n)?^```(?P<language>\w*)(?P<rest>[^\n]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    title: str
    note: str
    """The comment right above the block, such as `not run: needs an AWS account`."""
    text: str
    line: int
    start: int
    """Where its text begins in the page."""


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page in order."""
    found = []
    for match in FENCE.finditer(page):
        title = re.search(r'title="([^"]*)"', match["rest"])
        line = page.count("\n", 0, match.start("text"))
        found.append(
            Block(
                match["language"],
                title[1] if title else "",
                match["note"] or "",
                match["text"],
                line,
                match.start("text"),
            )
        )
    return found


def written_pages(root: Path) -> list[Path]:
    """Return the pages that people wrote: README, CONTRIBUTING and docs/, without the generated reference."""
    docs = [path for path in (root / "docs").rglob("*.md") if not path.read_text().startswith("<!-- Written by")]
    return sorted([root / "README.md", root / "CONTRIBUTING.md", *docs])
