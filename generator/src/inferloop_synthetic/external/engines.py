"""The engines gaussian-copula, copulagan and tvae (SDV) and ctgan."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from inferloop_synthetic import generators
from inferloop_synthetic.advisor.costs import CostLimits, check_fits
from inferloop_synthetic.distinct import (
    DistinctGenerator,
    distinct_generators,
    with_identifiers,
)
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.external import options
from inferloop_synthetic.external.frames import as_frame
from inferloop_synthetic.external.importing import understand
from inferloop_synthetic.external.learned import Copula, Network
from inferloop_synthetic.external.model import Cost, ExternalContent, ExternalModel, GeneratedColumn, load_model
from inferloop_synthetic.external.worker import Progress, WorkerPlace, ask, missing_extra
from inferloop_synthetic.formulas import formula_inputs, formula_notes
from inferloop_synthetic.schema import FixedCombinations, Formula, Kind, TableSchema, schema_yaml
from inferloop_synthetic.tabular.engine import check_table
from inferloop_synthetic.tabular.forms import infinity_notes
from inferloop_synthetic.tabular.telling import text_notes

GENERATED = {Kind.identifier, Kind.text, Kind.personal}


class ExternalEngine:
    """An engine whose learning runs in a worker process; `place` and `options` say where and how."""

    name: ClassVar[str]
    description: ClassVar[str]
    extra: ClassVar[str]
    """What brings the library, by whose name it is imported."""
    options_kind: ClassVar[type[options.EngineOptions]]

    def __init__(
        self, given: Mapping[str, Any] | None = None, *, place: WorkerPlace | None = None, progress: Progress | None = None
    ) -> None:
        """Take the hyper-parameters `given`; raises InputError naming one that is wrong."""
        self.options = options.read_options(self.options_kind, given or {}, self.name)
        self._place = place
        self._progress = progress

    def fit(self, table: pa.Table, schema: TableSchema, *, seed: int = 0, first: Sequence[str] = ()) -> ExternalModel:
        """Learn a model in a worker process.

        `first` is taken, but conditions are kept by throwing rows away whichever columns they are on. Raises InputError naming
        the column that cannot be learned, MissingExtraError, WorkerMemoryError or WorkerError.
        """
        check_table(table, schema)
        computed = {c.column: c.expression for c in schema.constraints if isinstance(c, Formula)}
        distinct = distinct_generators(schema, table)
        _check_formulas(schema, computed)
        schema = with_identifiers(schema, distinct)
        generated = tuple(_generated(table, schema, seed, distinct))
        apart = set(computed) | {g.name for g in generated}
        names = [c.name for c in schema.columns if c.name not in apart]
        for name in first:
            if name not in names:
                raise InputError(f"column {name!r} is generated or computed, and cannot be conditioned on")
        data = _plain(table.select(names))
        place = self._place or WorkerPlace.from_environment()
        check_fits(data, schema, self.name, CostLimits(place.limit), options=self.options.model_dump())
        groups = _groups(schema, names)
        chosen = self.options
        columns, frame = as_frame(data, groups, chosen.discrete_up_to, chosen.most_categories, seed)
        learned: Copula | Network | None = None
        notes = tuple(text_notes(table, schema))
        cost = None
        if frame.order:
            request = {
                "engine": self.name, "seed": seed, "order": frame.order, "numbers": list(frame.numbers),
                "categories": list(frame.categories), "options": chosen.for_library(),
            }  # fmt: skip
            arrays = {**frame.numbers, **frame.categories}
            header, answer = ask(place, request, arrays, extra=self.extra, progress=self._progress)
            learned = understand(header, answer)
            notes = (*_notes(header), *notes)
            cost = Cost(float(header["seconds"]), float(header["processor_seconds"]), int(header["peak_bytes"]))
        types = tuple((n, e, bool(pa.types.is_integer(table.schema.field(n).type))) for n, e in computed.items())
        notes = (*notes, *infinity_notes(data), *formula_notes(computed))
        content = ExternalContent(self.name, schema_yaml(schema), notes, columns, learned, generated, types)
        return ExternalModel(content, cost)

    def check_installed(self, python: str | None) -> None:
        """Raise MissingExtraError where learning would happen in this process's Python, and that has not the library.

        `python` is the interpreter that the settings name for learning; what that one has is not known here.
        """
        if python is None and find_spec(self.extra) is None:
            raise missing_extra(self.name, self.extra, sys.executable, self.extra)

    def configured(self, given: Mapping[str, Any]) -> ExternalEngine:
        """Return this engine with other hyper-parameters; raises InputError naming one that is wrong."""
        return type(self)(given, place=self._place, progress=self._progress)

    def load(self, path: Path) -> ExternalModel:
        """Read a model file that this engine wrote; the library is not needed for that, nor for drawing."""
        return load_model(path, self.name)


class GaussianCopulaEngine(ExternalEngine):
    """SDV's Gaussian copula."""

    name = "gaussian-copula"
    description = "SDV's Gaussian copula, learned in a worker process; quick, knows linear dependencies only (extra [sdv])."
    extra = "sdv"
    options_kind = options.GaussianCopulaOptions


class CopulaganEngine(ExternalEngine):
    """SDV's CopulaGAN."""

    name = "copulagan"
    description = "SDV's CopulaGAN, CTGAN on columns made normal, learned in a worker process (extra [sdv])."
    extra = "sdv"
    options_kind = options.CopulaganOptions


class TvaeEngine(ExternalEngine):
    """SDV's variational autoencoder."""

    name = "tvae"
    description = "SDV's variational autoencoder, learned in a worker process, on a GPU when there is one (extra [sdv])."
    extra = "sdv"
    options_kind = options.TvaeOptions


class CtganEngine(ExternalEngine):
    """CTGAN."""

    name = "ctgan"
    description = "CTGAN, learned in a worker process, on a GPU when there is one (extra [ctgan])."
    extra = "ctgan"
    options_kind = options.CtganOptions


EXTERNAL_ENGINES: dict[str, type[ExternalEngine]] = {
    engine.name: engine for engine in (GaussianCopulaEngine, CopulaganEngine, TvaeEngine, CtganEngine)
}


def _check_formulas(schema: TableSchema, computed: Mapping[str, str]) -> None:
    known = {column.name for column in schema.columns}
    for name, expression in computed.items():
        for read in formula_inputs(expression):
            if read not in known:
                raise InputError(f"formula of {name!r}: there is no column {read!r}")
            if read in computed:
                raise InputError(f"formula of {name!r}: {read!r} is itself computed")


def _groups(schema: TableSchema, names: Sequence[str]) -> list[list[str]]:
    groups = [c.columns for c in schema.constraints if isinstance(c, FixedCombinations)]
    taken: set[str] = set()
    for group in groups:
        for name in group:
            if name not in names or name in taken:
                raise InputError(f"fixed_combinations: column {name!r} is generated, computed or in another combination")
            taken.add(name)
    return groups


def _plain(table: pa.Table) -> pa.Table:
    for field in table.schema:
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            raise InputError(f"column {field.name!r} holds {kind}; only numbers, texts, booleans, dates and times can be learned")
    return table


def _generated(
    table: pa.Table, schema: TableSchema, seed: int, distinct: Mapping[str, DistinctGenerator | None]
) -> Iterator[GeneratedColumn]:
    for column in schema.columns:
        unique = distinct.get(column.name)
        if column.kind not in GENERATED and unique is None:
            continue
        data = table.column(column.name)
        data = data.cast(data.type.value_type) if pa.types.is_dictionary(data.type) else data
        made = unique if unique is not None else generators.learned_generator(column, data, seed)
        whole = isinstance(made, (generators.Numbering, generators.Whole)) or generators.is_whole(made, data)
        yield GeneratedColumn(column.name, made, data.null_count / max(len(data), 1), whole)


def _notes(header: Mapping[str, Any]) -> Iterator[str]:
    versions = ", ".join(f"{name} {number}" for name, number in header["versions"].items())
    yield f"learned by {versions} on {header['device']}; drawn by this package from what they learned"
    if header.get("distributions"):
        yield "families of the number columns: " + ", ".join(sorted(set(header["distributions"].values())))
