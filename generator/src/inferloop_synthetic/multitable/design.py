"""Which tables there are and how they refer to each other: the file `tables.yaml`."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from inferloop_synthetic.documents import checked, read_document

DESIGN_FILE = "tables.yaml"


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TableEntry(_Closed):
    """One table."""

    file: str = Field(min_length=1, description="The table's file, seen from the folder of this one.")
    key: str | None = Field(None, description="The column by which other tables refer to it.")
    keep: bool = Field(False, description="Give the table out as it is: a list of countries, say, in which nothing is private.")
    table_schema: str | None = Field(None, alias="schema", description="A schema file, instead of the one that is detected.")


class Relationship(_Closed):
    """A column of `child` names a row of `parent` by its key."""

    child: str
    column: str
    parent: str


class Design(_Closed):
    """Tables and relationships. A child's first relationship is its main one: its rows are drawn parent by parent."""

    tables: dict[str, TableEntry] = Field(min_length=1)
    relationships: list[Relationship] = []

    @model_validator(mode="after")
    def _consistent(self) -> Design:
        for name in self.tables:
            if not name or "/" in name or name.startswith("."):
                raise ValueError(f"{name!r} cannot be the name of a table: files are named so")
        seen = set()
        for relation in self.relationships:
            for role, name in (("child", relation.child), ("parent", relation.parent)):
                if name not in self.tables:
                    raise ValueError(f"relationship: {role} {name!r} is not among the tables {', '.join(self.tables)}")
            if self.tables[relation.parent].key is None:
                raise ValueError(
                    f"relationship {relation.child}.{relation.column}: its parent {relation.parent!r} has no `key`; "
                    "name the column"
                )
            if (relation.child, relation.column) in seen:
                raise ValueError(f"column {relation.child}.{relation.column} refers to two tables")
            if relation.column == self.tables[relation.child].key:
                raise ValueError(
                    f"column {relation.child}.{relation.column} is the table's own key and refers to another table too"
                )
            if self.tables[relation.child].keep:
                raise ValueError(
                    f"table {relation.child!r} is kept as it is, and cannot refer to {relation.parent!r}, which is not"
                )
            seen.add((relation.child, relation.column))
        self.order()
        return self

    def parents(self, table: str) -> list[Relationship]:
        """Return the relationships in which a table is the child, the main one first."""
        return [r for r in self.relationships if r.child == table]

    def children(self, table: str) -> list[Relationship]:
        """Return the relationships in which a table is the parent."""
        return [r for r in self.relationships if r.parent == table]

    def order(self) -> list[str]:
        """Return the tables, parents before children; raises ValueError naming a circle."""
        done: list[str] = []

        def visit(table: str, way: tuple[str, ...]) -> None:
            if table in way:
                circle = " -> ".join([*way[way.index(table) :], table])
                raise ValueError(f"the tables refer to each other in a circle: {circle}; leave one of the relationships out")
            if table not in done:
                for relation in self.parents(table):
                    visit(relation.parent, (*way, table))
                done.append(table)

        for table in self.tables:
            visit(table, ())
        return done


def read_design(path: Path) -> Design:
    """Read a design; raises InputError with the line of what is wrong."""
    return checked(read_document(path), Design)


def design_yaml(design: Design, *, relationships: bool = False) -> str:
    """Return a design as YAML that `read_design` reads again; with `relationships` their list is there even where it is empty."""
    tree = design.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if relationships:
        tree.setdefault("relationships", [])
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=110)
