"""The reference of the generator's settings, from their model."""

from __future__ import annotations

from markdown_text import GENERATED, code, paragraphs, table
from pydantic import BaseModel
from pydantic.fields import FieldInfo

INTRODUCTION = """\
Settings of `inferloop-synthetic serve` and `worker`. A variable wins over the file that `GUARDIAN_CONFIG_FILE` (or
`--config`) names, in which the same names stand in small letters without `GUARDIAN_`. `GUARDIAN_…_FILE` names a file
that holds a value, such as a mounted secret. `inferloop-synthetic info --settings` prints each with its value and where
that was written.
"""


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return ""
    value = field.default
    if isinstance(value, tuple):
        value = ",".join(map(str, value))
    return "" if value in (None, "") else code(str(value).lower() if isinstance(value, bool) else str(value))


def settings_page(settings: type[BaseModel], prefix: str) -> str:
    """Return the page of all settings."""
    rows = [
        (code(prefix + name.upper()), _default(field), field.description or "")
        for name, field in settings.model_fields.items()
    ]
    return GENERATED.format(source="the model of the settings") + paragraphs(
        "# Settings of the generator", INTRODUCTION, table(("Variable", "Default", "What it does"), rows)
    )
