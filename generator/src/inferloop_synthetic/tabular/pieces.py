"""Taking a table apart into pieces: columns as codes, time stamps as day and time of day, and relations between numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from inferloop_synthetic.tabular.arrays import Floats, Ints
from inferloop_synthetic.tabular.codecs import CellRules, Codec, Coded, encode_levels, encode_numbers
from inferloop_synthetic.tabular.forms import (
    NumberForm,
    is_number,
    level_numbers,
    number_form,
    without_rare,
)
from inferloop_synthetic.tabular.relations import Relation, find_relations, gap_relations, ordered_pairs
from inferloop_synthetic.tabular.stages import StageRules

WHOLE, DAY, TIME = "whole", "day", "time"


@dataclass(frozen=True)
class Column:
    """One column of the table as it is written out."""

    name: str
    form: NumberForm | None
    levels: pa.Array | None


@dataclass(frozen=True)
class Rules:
    """How a table is fitted."""

    cells: CellRules = field(default_factory=CellRules)
    stages: StageRules = field(default_factory=StageRules)
    level_rows: int = 2
    """Levels of a category seen in fewer rows are not released."""
    fit_rows: int = 100_000
    """At most this many rows, chosen at random, are learned from."""
    rare_rows_share: float = 0.04
    """Rows with such levels are left out as long as they are at most this share; beyond it their levels are drawn anew."""
    dependency_share: float = 0.998
    choosing_rows: int = 12_000
    """On so many rows, two thirds to fit and one third to judge, it is chosen how each column is fitted."""
    ordering_rows: int = 3_000
    """As many rows are fitted and judged by for every order of the columns that is tried."""


@dataclass(frozen=True)
class Piece:
    """A part before its stage is fitted."""

    column: int
    role: str
    codec: Codec
    coded: Coded
    relation: Relation | None
    moment: bool = False
    """Part of a date or time stamp."""


def read_columns(
    table: pa.Table, rules: Rules, rng: np.random.Generator
) -> tuple[list[Column], dict[int, tuple[Ints, int]], dict[int, Floats], list[str]]:
    """Return the columns, the levels of categories and how many they are, the values of numbers, and notes for the user."""
    table, notes = _without_rare_rows(table, rules)
    columns: list[Column] = []
    levels: dict[int, tuple[Ints, int]] = {}
    values: dict[int, Floats] = {}
    for i, name in enumerate(table.column_names):
        column = table.column(i)
        if _is_numeric(column):
            form, numbers = number_form(column)
            if not np.isnan(numbers).all():
                values[i] = numbers
                columns.append(Column(name, form, None))
                notes += _number_notes(name, form, numbers)
                continue
        found, redrawn = without_rare(level_numbers(column), rules.level_rows, rng)
        levels[i] = (found.level, len(found.levels))
        columns.append(Column(name, None, found.levels))
        if redrawn:
            notes.append(
                f"{name}: {redrawn} rows ({redrawn / table.num_rows:.1%}) had a value seen in fewer than "
                f"{rules.level_rows} rows; such values are not released"
            )
    return columns, levels, values, notes


def _number_notes(name: str, form: NumberForm, values: Floats) -> list[str]:
    if form.rounded:
        return [f"{name}: its whole numbers lie too far apart to be exact; they are kept to about 16 digits"]
    present = values[~np.isnan(values)]
    if not form.whole and np.abs(present).max() >= 2.0**63 and (present == np.rint(present)).all():
        return [f"{name}: numbers beyond 64 bits are kept to about 16 digits; if they are identifiers, write them as texts"]
    return []


def _is_numeric(column: pa.ChunkedArray) -> bool:
    return is_number(column.type) and column.null_count < len(column)


def _without_rare_rows(table: pa.Table, rules: Rules) -> tuple[pa.Table, list[str]]:
    """Leave out rows with a rare level, column by column while few are lost: redrawing it would break what depends on it."""
    keep = np.ones(table.num_rows, np.bool_)
    rare_rows = []
    for i in range(table.num_columns):
        if not _is_numeric(table.column(i)):
            found = level_numbers(table.column(i))
            rare = np.r_[found.count, rules.level_rows][found.level] < rules.level_rows
            rare_rows.append((int(rare.sum()), i, rare))
    for _, _, rare in sorted(rare_rows, key=lambda entry: entry[:2]):
        if (keep & ~rare).mean() >= 1 - rules.rare_rows_share:
            keep &= ~rare
    if keep.all():
        return table, []
    lost = int((~keep).sum())
    note = f"{lost} rows ({lost / table.num_rows:.1%}) were not learned from: they hold a value seen in too few rows"
    return table.filter(pa.array(keep)), [note]


def relations_between(
    columns: Sequence[Column], values: dict[int, Floats], leading: Sequence[int], gaps: Sequence[tuple[int, int]]
) -> dict[int, Relation]:
    """Return the numbers that are drawn as what others foretell and a residual."""
    forms = {c: form for c in values if (form := columns[c].form) is not None}
    free = [c for c in values if c not in leading]
    moments = [c for c in free if forms[c].arrow.startswith(("timestamp", "date"))]
    relations: dict[int, Relation] = {c: r for c, r in gap_relations(values, gaps).items() if c not in leading}
    for kind in sorted({(forms[c].arrow, forms[c].unit) for c in moments}):
        alike = [c for c in moments if (forms[c].arrow, forms[c].unit) == kind and c not in relations]
        relations |= gap_relations(values, ordered_pairs(values, alike))
    numbers = [c for c in values if c not in moments and c not in relations]
    by_variety = sorted(numbers, key=lambda c: (c not in leading, len(np.unique(values[c]))))
    found = find_relations({c: values[c] for c in numbers}, by_variety, lambda c: forms[c].whole)
    return relations | {c: relation for c, relation in found.items() if c not in leading}


def make_pieces(
    columns: Sequence[Column],
    levels: dict[int, tuple[Ints, int]],
    values: dict[int, Floats],
    relations: dict[int, Relation],
    rules: Rules,
    rng: np.random.Generator,
) -> list[Piece]:
    """Return every column as one piece, and time stamps with a time of day as two."""
    pieces = []
    for i, column in enumerate(columns):
        if i in levels:
            pieces.append(Piece(i, WHOLE, *encode_levels(*levels[i], rng), None))
            continue
        form = column.form
        assert form is not None  # noqa: S101
        relation = relations.get(i)
        if relation is not None:
            left = relation.residual(values[i], [values[c] for c in relation.inputs])
            pieces.append(Piece(i, WHOLE, *encode_numbers(left, rules.cells, rng), relation))
        elif form.day and i not in {c for r in relations.values() for c in r.inputs}:
            day = np.floor(values[i] / form.day)
            time = values[i] - day * form.day
            absent = np.isnan(time)
            time[absent] = rng.choice(time[~absent], int(absent.sum()))
            pieces.append(Piece(i, DAY, *encode_numbers(day, rules.cells, rng), None, moment=True))
            pieces.append(Piece(i, TIME, *encode_numbers(time, rules.cells, rng), None, moment=True))
        else:
            pieces.append(Piece(i, WHOLE, *encode_numbers(values[i], rules.cells, rng), None, form.arrow.startswith("date")))
    return pieces
