"""The list of decision records, from the records themselves."""

import re
from pathlib import Path

from markdown_text import GENERATED, paragraphs, table

RECORD = re.compile(r"^\d{4}-.*\.md$")


def decisions_page(folder: Path) -> str:
    """Return the index of the records in a folder, in the order of their numbers."""
    rows = []
    for path in sorted(path for path in folder.glob("*.md") if RECORD.match(path.name)):
        title = path.read_text().split("\n", 1)[0].removeprefix("# ").strip()
        rows.append((f"[{path.name[:4]}]({path.name})", re.sub(rf"^{path.name[:4]}[.:]?\s*", "", title)))
    return GENERATED.format(source="the records in this folder") + paragraphs(
        "# Decisions",
        "What a successor would ask about: what was decided, why, and what it costs.",
        table(("Record", "Decision"), rows),
    )
