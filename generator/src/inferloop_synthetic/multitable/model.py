"""A model of several tables: what was learned, in one file without pickle."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from inferloop_synthetic.errors import ModelFileError
from inferloop_synthetic.generators import Template
from inferloop_synthetic.multitable.design import Design, Relationship
from inferloop_synthetic.multitable.drawing import TablesDrawing
from inferloop_synthetic.multitable.fitting import Fitted, FittedLink, FittedTable
from inferloop_synthetic.multitable.grouping import Feature, Groups
from inferloop_synthetic.multitable.keys import KeptKeys, KeyMaker, NumberKeys, TextKeys, UuidKeys
from inferloop_synthetic.tabular import storage
from inferloop_synthetic.tabular.arrays import AnyArray, Floats
from inferloop_synthetic.tabular.engine import TabularEngine


@dataclass(frozen=True)
class _TableContent:
    name: str
    model: AnyArray | None
    """The bytes of the table's own model file."""
    kept: tuple[tuple[str, pa.Array], ...] | None
    order: tuple[str, ...]
    rows: int
    keys: KeyMaker | None
    orphans: float


@dataclass(frozen=True)
class _LinkContent:
    child: str
    column: str
    main: bool
    groups: Groups
    unique: bool
    mean: float
    childless: float
    shares: Floats


@dataclass(frozen=True)
class _Content:
    design: str
    tables: tuple[_TableContent, ...]
    links: tuple[_LinkContent, ...]


CLASSES: dict[str, type] = {
    f"tables{c.__name__}": c
    for c in (_Content, _LinkContent, _TableContent, Feature, Groups, KeptKeys, NumberKeys, TextKeys, UuidKeys, Template)
}


def save_tables(fitted: Fitted, path: Path) -> None:
    """Write everything that was learned to one file of arrays and JSON."""
    tables = []
    for table in fitted.tables.values():
        kept = None if table.kept is None else tuple((n, table.kept[n].combine_chunks()) for n in table.kept.column_names)
        data = None
        if table.model is not None:
            with tempfile.TemporaryDirectory() as folder:
                table.model.save(Path(folder) / "model")
                data = np.frombuffer((Path(folder) / "model").read_bytes(), np.uint8)
        tables.append(_TableContent(table.name, data, kept, table.order, table.rows, table.keys, table.orphans))
    links = [
        _LinkContent(k.relation.child, k.relation.column, k.main, k.groups, k.unique, k.mean, k.childless, k.shares)
        for k in fitted.links.values()
    ]
    design = fitted.design.model_dump_json(by_alias=True)
    storage.save(path, _Content(design, tuple(tables), tuple(links)), CLASSES)


def load_tables(path: Path) -> Fitted:
    """Read what `save_tables` wrote; raises ModelFileError for anything else or an altered file."""
    content = storage.load(path, CLASSES)
    if not isinstance(content, _Content):
        raise ModelFileError(f"{path}: not a model of several tables")
    design = Design.model_validate_json(content.design)
    tables = {}
    for table in content.tables:
        model = None
        if table.model is not None:
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "model"
                file.write_bytes(table.model.tobytes())
                model = TabularEngine().load(file)
        kept = None if table.kept is None else pa.table(dict(table.kept))
        tables[table.name] = FittedTable(table.name, model, kept, table.order, table.rows, table.keys, table.orphans)
    relations = {(r.child, r.column): r for r in design.relationships}
    links = {
        (k.child, k.column): FittedLink(_relation(relations, k), k.main, k.groups, k.unique, k.mean, k.childless, k.shares)
        for k in content.links
    }
    return Fitted(design, tables, links)


def _relation(relations: dict[tuple[str, str], Relationship], link: _LinkContent) -> Relationship:
    return relations[link.child, link.column]


def draw_all(fitted: Fitted, seed: int, scale: float = 1.0) -> dict[str, pa.Table]:
    """Return all tables at once, for notebooks and programs; `TablesDrawing` yields them in batches."""
    with tempfile.TemporaryDirectory() as folder:
        drawing = TablesDrawing(fitted, seed, Path(folder), scale)
        return {name: pa.Table.from_batches(list(batches)) for name, batches in drawing.tables()}
