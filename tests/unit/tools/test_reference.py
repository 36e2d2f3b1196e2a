"""The generators of the reference pages: what the source says is what the page says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from checks_page import checks_page
from cli_page import cli_page
from decisions_page import decisions_page
from module_pages import index_page, module_page, one_line
from schema_page import schema_page
from terraform_files import Module, read_interface, read_module

VARIABLES = """\
variable "cidr" {
  description = "Range of the network, for example \\"10.0.0.0/16\\"."
  type        = string
  default     = "10.0.0.0/16"
  nullable    = false
  validation {
    condition     = can(cidrnetmask(var.cidr))
    error_message = "cidr must be an IPv4 range."
  }
}

variable "pools" {
  description = "Node pools by name | one per kind."
  type = map(object({
    min = optional(number, 1)
    gpu = optional(object({ type = string }))
  }))
}

output "id" {
  description = "Id of the network."
  value       = "x"
}

output "password" {
  description = "Password."
  value       = "x"
  sensitive   = true
}
"""
README = """\
# network

For a network of
three zones.

Not for peering; see [storage](../storage/README.md) and [the docs](https://example.com/docs).
"""


@pytest.fixture
def module(tmp_path: Path) -> Module:
    (tmp_path / "variables.tf").write_text(VARIABLES)
    (tmp_path / "README.md").write_text(README)
    return read_module(tmp_path, "modules/aws/network")


def test_a_variable_is_read_with_its_type_default_and_rules() -> None:
    variables, _ = read_interface(VARIABLES)

    cidr, pools = variables
    assert cidr.description == 'Range of the network, for example "10.0.0.0/16".'
    assert (cidr.type, cidr.default, cidr.rules) == ("string", '"10.0.0.0/16"', ("cidr must be an IPv4 range.",))
    assert pools.default is None
    assert pools.type.splitlines() == [
        "map(object({",
        "  min = optional(number, 1)",
        "  gpu = optional(object({ type = string }))",
        "}))",
    ]


def test_an_output_is_read_with_whether_it_is_secret() -> None:
    _, outputs = read_interface(VARIABLES)

    assert [(output.name, output.sensitive) for output in outputs] == [("id", False), ("password", True)]


def test_a_variable_that_is_not_laid_out_is_an_error_and_not_left_out() -> None:
    with pytest.raises(ValueError, match="terraform fmt"):
        read_interface('variable "a" { type = string }\n')


def test_a_module_page_has_readme_variables_rules_and_outputs(module: Module) -> None:
    page = module_page(
        module, {"modules/aws/network": "modules/aws-network.md", "modules/aws/storage": "modules/aws-storage.md"}
    )

    assert "# modules/aws/network\n\nFor a network of" in page
    assert "[storage](aws-storage.md)" in page
    assert "[the docs](https://example.com/docs)" in page
    assert '| [`cidr`](#cidr) | `string` | `"10.0.0.0/16"` | Range of the network' in page
    assert "| [`pools`](#pools) | `map(object({min…` | required | Node pools by name \\| one per kind. |" in page
    assert "### cidr\n\nWhat is accepted:\n\n- cidr must be an IPv4 range.\n" in page
    assert "  gpu = optional(object({ type = string }))\n" in page
    assert "| `password` | Password. Sensitive. |" in page


def test_the_index_says_what_each_module_is_for(module: Module) -> None:
    assert "| [`modules/aws/network`](aws-network.md) | For a network of three zones. |" in index_page([module])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("string", "string"),
        ("object({\n  id = string\n})", "object({id = string})"),
        ("[]", "[]"),
        ('optional(string, "' + "x" * 60 + '")', "optional(string…"),
    ],
)
def test_a_long_type_is_shown_by_its_shape(text: str, shown: str) -> None:
    assert one_line(text) == shown


SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 40, "description": "Name of {it}."},
        "mode": {"enum": ["fast", "safe"], "default": "safe", "description": "Mode."},
        "limits": {"anyOf": [{"$ref": "#/$defs/Limits"}, {"type": "null"}], "default": None, "description": "Limits."},
        "spare": {"$ref": "#/$defs/Limits", "description": "Spare."},
        "parts": {
            "type": "array",
            "items": {"oneOf": [{"$ref": "#/$defs/Disk"}, {"$ref": "#/$defs/Fan"}]},
            "description": "Parts.",
        },
    },
    "required": ["name"],
    "$defs": {
        "Limits": {
            "type": "object",
            "description": "How much.",
            "properties": {"cpu": {"type": "integer", "minimum": 1, "maximum": 9, "description": "Cores."}},
        },
        "Disk": {
            "type": "object",
            "properties": {"type": {"const": "disk"}, "size": {"type": "integer", "description": "Size of a disk."}},
        },
        "Fan": {"type": "object", "properties": {"type": {"const": "fan"}}},
    },
}


def test_a_schema_page_has_a_section_per_object_and_says_where_else_it_stands() -> None:
    page = schema_page("Machine", "Introduction.", SCHEMA, "`x`")

    assert page.count("How much.") == 1
    assert "## limits { #limits }\n\nHow much.\n\nThe same at `spare`." in page
    assert "| `cpu` | whole number |  | 1 to 9 | Cores. |" in page


def test_a_schema_page_gives_type_default_and_limits_of_each_field() -> None:
    page = schema_page("Machine", "Introduction.", SCHEMA, "`x`")

    assert "| `name` | string | required | at most 40 characters | Name of &#123;it}. |" in page
    assert '| `mode` | `fast`, `safe` | `"safe"` |  | Mode. |' in page
    assert "| `limits` | [object](#limits) |  |  | Limits. |" in page


def test_variants_of_an_object_are_told_apart_by_their_type() -> None:
    page = schema_page("Machine", "Introduction.", SCHEMA, "`x`")

    assert "list of [disk](#parts-type-disk) or [fan](#parts-type-fan)" in page
    assert "## parts[] (type: disk) { #parts-type-disk }" in page
    assert "Size of a disk." in page


def test_the_command_page_shows_sub_commands_options_and_arguments() -> None:
    app = typer.Typer(help="All commands.")
    group = typer.Typer(help="One group.")
    app.add_typer(group, name="state")

    @group.command(help="Make the bucket.")
    def bootstrap(name: str, region: str = typer.Option("here", "--region", help="Where it is.")) -> None:
        pass

    @group.command(hidden=True)
    def secret() -> None:
        pass

    page = cli_page(typer.main.get_command(app), "inferloop-deploy")

    assert "# inferloop-deploy\n\nAll commands." in page
    assert "## inferloop-deploy state bootstrap\n\nMake the bucket." in page
    assert "--region" in page
    assert "Where it is." in page
    assert "| Argument | What it is |\n|---|---|\n| `{name}` |" in page
    assert "secret" not in page


@dataclass(frozen=True)
class Rule:
    id: str
    sentence: str
    fix: str
    severity: str


def test_each_check_has_its_id_as_anchor_and_warnings_say_so() -> None:
    page = checks_page(
        [Rule("gpu", "A GPU is offered.", "Take {one}.", "error"), Rule("drain", "It drains.", "Wait.", "warning")]
    )

    assert "## `gpu` { #gpu }\n\nA GPU is offered.\n\nTo put it right: Take &#123;one}.\n" in page
    assert "## `drain` { #drain }\n\nIt drains. A warning: it does not stop anything." in page


def test_the_decisions_are_listed_by_number_with_their_titles(tmp_path: Path) -> None:
    (tmp_path / "0002-second.md").write_text("# 0002. Do the second thing\n")
    (tmp_path / "0001-first.md").write_text("# 0001: Do the first thing\n")
    (tmp_path / "notes.md").write_text("# Not a record\n")

    page = decisions_page(tmp_path)

    first = page.index("| [0001](0001-first.md) | Do the first thing |")
    assert first < page.index("| [0002](0002-second.md) | Do the second thing |")
    assert "Not a record" not in page
