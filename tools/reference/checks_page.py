"""The list of everything that `inferloop-deploy validate` looks for, from the rules themselves."""

from collections.abc import Iterable
from typing import Protocol

from markdown_text import GENERATED, code, paragraphs, prose


class Rule(Protocol):
    """What a rule says of itself."""

    @property
    def id(self) -> str:
        """The name that messages show in square brackets."""

    @property
    def sentence(self) -> str:
        """What holds where all is well."""

    @property
    def fix(self) -> str:
        """How to put it right."""

    @property
    def severity(self) -> str:
        """How bad it is: error or warning."""


def checks_page(rules: Iterable[Rule]) -> str:
    """Return the page of all rules, in their order; each has its id as its anchor."""
    parts = []
    for rule in rules:
        warning = " A warning: it does not stop anything." if rule.severity == "warning" else ""
        heading = f"## {code(rule.id)} {{ #{rule.id} }}"
        parts.append(f"{heading}\n\n{prose(rule.sentence)}{warning}\n\nTo put it right: {prose(rule.fix)}")
    return GENERATED.format(source="the checks themselves") + paragraphs(
        "# Checks",
        "What `inferloop-deploy validate`, and every command before it does anything, looks for. A message ends with "
        "the name of its check in square brackets.",
        *parts,
    )
