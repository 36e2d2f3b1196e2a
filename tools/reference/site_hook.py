"""A hook of MkDocs: lists the module pages, the runbooks and the decision records in the navigation."""

from pathlib import Path
from typing import Any


def _pages(docs: Path, folder: str) -> list[str]:
    names = sorted(path.name for path in (docs / folder).glob("*.md"))
    return [f"{folder}/{name}" for name in sorted(names, key=lambda name: (name != "index.md", name))]


def on_config(config: Any) -> Any:
    """Fill the parts of the navigation that follow from the files in a folder."""
    docs = Path(config["docs_dir"])
    reference = next(entry["Reference"] for entry in config["nav"] if "Reference" in entry)
    for entries, title, folder in (
        (reference, "Modules", "reference/modules"),
        (config["nav"], "Runbooks", "runbooks"),
        (config["nav"], "Decisions", "decisions"),
    ):
        next(entry for entry in entries if title in entry)[title] = _pages(docs, folder)
    return config
