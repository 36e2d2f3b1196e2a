"""Read, detect the schema and fit: everything that is done once, before parts are made."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc

from inferloop_synthetic import __version__
from inferloop_synthetic.advisor.costs import CostLimits, check_fits
from inferloop_synthetic.data.limits import Limits
from inferloop_synthetic.data.location import Location
from inferloop_synthetic.data.policy import SourcePolicy
from inferloop_synthetic.data.sources import read_sample
from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.engine import Condition, Model, find_engine
from inferloop_synthetic.errors import InputError, ModelFileError
from inferloop_synthetic.pipeline.conditions import settle
from inferloop_synthetic.pipeline.spec import SCHEMA_ROWS, GenerationSpec, read_spec
from inferloop_synthetic.schema import TableSchema
from inferloop_synthetic.tabular.engine import model_from_schema
from inferloop_synthetic.telemetry.parts import TraceContext

MODEL, REAL, HELD_OUT, RECORD = "model", "real.arrow", "holdout.arrow", "prepared.json"
LEAST_HELD_OUT = 20


class Progress(Protocol):
    """Is told how far a stage is."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take note: `done` of `total` rows (or steps; None where nobody knows) of the stage `stage` are done."""
        ...


@dataclass(frozen=True)
class Learned:
    """A model, and the rows that it was learned from and compared with."""

    model: Model
    spec: GenerationSpec
    """The specification with the number of rows settled."""
    real: pa.Table | None = None
    held_out: pa.Table | None = None
    rows_read: int = 0

    def prepared(self) -> Prepared:
        """Return it as what parts are drawn from in this process; nothing is written, and it has no digest."""
        return Prepared(Path(), self.spec, "", tuple(self.model.notes), self.rows_read, self)


@dataclass
class Prepared:
    """A folder with a fitted model, from which any process can make parts."""

    folder: Path
    spec: GenerationSpec
    digest: str
    """Of the specification and the model: parts of the same digest have the same bytes."""
    notes: tuple[str, ...] = ()
    rows_read: int = 0
    _learned: Learned | None = field(default=None, repr=False, compare=False)
    trace: TraceContext | None = field(default=None, repr=False, compare=False)
    """The trace that the making of parts belongs to, in whichever process."""

    @property
    def model(self) -> Model:
        """The model, read at the first use."""
        if self._learned is None:
            self._learned = Learned(find_engine(self.spec.engine).load(self.folder / MODEL), self.spec)
        return self._learned.model

    @property
    def schema(self) -> TableSchema:
        """The schema of the rows."""
        return self.model.schema

    @property
    def conditions(self) -> dict[str, Condition]:
        """What rows must hold."""
        return self.spec.conditions()

    def real(self) -> tuple[pa.Table, pa.Table | None]:
        """Return the rows learned from and those held out; raises InputError where they were not kept."""
        if self._learned is not None and self._learned.real is not None:
            return self._learned.real, self._learned.held_out
        if not (self.folder / REAL).is_file():
            raise InputError("validate: the rows learned from are kept only where the specification says `validate`")
        return _read(self.folder / REAL), _read(self.folder / HELD_OUT) if (self.folder / HELD_OUT).is_file() else None

    def __getstate__(self) -> dict[str, Any]:
        """Travel to other processes without the model, which they read from the folder."""
        return self.__dict__ | {"_learned": None}


def learn(
    spec: GenerationSpec, progress: Progress | None = None, *, policy: SourcePolicy | None = None, limits: Limits | None = None
) -> Learned:
    """Return the model of a specification, kept in memory only.

    `policy` says which sources may be read (any, where it is not given), `limits` how large they may be.
    """
    tell = progress or _silent
    rules = policy or SourcePolicy.anything()
    if spec.model is not None:
        path = rules.local(Location.parse(spec.model))
        model = find_engine(spec.engine).load(path)
        return Learned(model, _settled(spec, SCHEMA_ROWS, model.schema))
    if spec.source is None:
        alone = spec.table_schema
        assert alone is not None  # noqa: S101  (the specification has been checked)
        # Without rows there is nothing for an engine to learn; the default engine, which alone is taken, draws from schemas.
        return Learned(model_from_schema(alone), _settled(spec, SCHEMA_ROWS, alone))
    read = read_sample(spec, rules, limits or Limits(), lambda rows: tell("read", rows, None))
    real, held_out = _split(read.table, spec) if spec.check else (read.table, None)
    schema = spec.table_schema or detect_schema(real)
    spec = _settled(spec, read.rows, schema)
    bounds = limits or Limits()
    costs = CostLimits.here(bounds.learning_bytes, spec.timeout or bounds.learning_seconds)
    check_fits(real, schema, spec.engine, costs, options=spec.engine_options)
    tell("fit", 0, real.num_rows)
    model = find_engine(spec.engine, spec.engine_options).fit(real, schema, seed=spec.seed, first=list(spec.where))
    tell("fit", real.num_rows, real.num_rows)
    return Learned(model, spec, real, held_out, read.rows)


def prepare(
    spec: GenerationSpec,
    folder: Path,
    progress: Progress | None = None,
    *,
    policy: SourcePolicy | None = None,
    limits: Limits | None = None,
) -> Prepared:
    """Fit a model and keep it in `folder`; a folder that holds the model of this very specification is used as it is.

    The folder is made readable by its owner only: where the specification says `validate`, real rows are kept in it.
    """
    asked = _sha256(json.dumps(spec.as_json(), sort_keys=True).encode())
    found = _existing(folder, asked)
    if found is not None:
        return found
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in (RECORD, REAL, HELD_OUT):
        (folder / name).unlink(missing_ok=True)
    learned = learn(spec, progress, policy=policy, limits=limits)
    return keep(learned, folder, asked)


def keep(learned: Learned, folder: Path, asked: str = "") -> Prepared:
    """Write what was learned into `folder`; the record that makes it valid comes last."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _remove(folder / MODEL)
    learned.model.save(folder / MODEL)
    for name, table in ((REAL, learned.real), (HELD_OUT, learned.held_out)):
        if learned.spec.check and table is not None:
            _write(folder / name, table)
    notes = tuple(learned.model.notes)
    model_sha256 = _sha256_of(folder / MODEL)
    # The source was read; its credentials are needed no more, and this folder may travel.
    spec = read_spec(learned.spec.shown())
    record = {
        "asked": asked,
        "version": __version__,
        "spec": spec.as_json(),
        "model_sha256": model_sha256,
        "notes": list(notes),
        "rows_read": learned.rows_read,
    }
    temporary = folder / f".{RECORD}.part"
    temporary.write_text(json.dumps(record), "utf-8")
    temporary.chmod(0o600)
    temporary.replace(folder / RECORD)
    return Prepared(folder, spec, _digest(spec, model_sha256), notes, learned.rows_read, learned)


def open_prepared(folder: Path) -> Prepared:
    """Return what `prepare` left in a folder; raises ModelFileError where it is not whole."""
    try:
        record = json.loads((folder / RECORD).read_text("utf-8"))
        spec = read_spec(record["spec"])
        if record["version"] != __version__:
            raise ModelFileError(f"{folder}: prepared by version {record['version']}; this is {__version__}")
        if record["model_sha256"] != _sha256_of(folder / MODEL):
            raise ModelFileError(f"{folder}: the model was altered after it was written")
        return Prepared(folder, spec, _digest(spec, record["model_sha256"]), tuple(record["notes"]), record["rows_read"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelFileError(f"{folder}: holds nothing that was prepared: {error}") from error


def _existing(folder: Path, asked: str) -> Prepared | None:
    try:
        record = json.loads((folder / RECORD).read_text("utf-8"))
        return open_prepared(folder) if record.get("asked") == asked else None
    except (OSError, ValueError, AttributeError, ModelFileError):
        return None


def _settled(spec: GenerationSpec, rows: int, schema: TableSchema) -> GenerationSpec:
    """Return the specification with all that only the data could say."""
    return spec.model_copy(update={"rows": rows if spec.rows is None else spec.rows, "where": settle(spec.where, schema)})


def _split(table: pa.Table, spec: GenerationSpec) -> tuple[pa.Table, pa.Table]:
    order = np.random.default_rng([spec.seed, 30]).permutation(table.num_rows)
    cut = round(table.num_rows * spec.holdout)
    if cut < LEAST_HELD_OUT:
        raise InputError(
            f"a report needs at least {LEAST_HELD_OUT} rows to hold out; {spec.holdout:.0%} of {table.num_rows} rows are {cut}"
        )
    return table.take(pa.array(np.sort(order[cut:]))), table.take(pa.array(np.sort(order[:cut])))


def _digest(spec: GenerationSpec, model_sha256: str) -> str:
    """Return the digest of what decides a part's bytes (where the rows came from does not, beyond the model)."""
    drawn = spec.model_dump(mode="json", include={"rows", "seed", "where", "format", "part_rows", "guard_spreadsheets"})
    return _sha256(json.dumps([__version__, pa.__version__, model_sha256, drawn], sort_keys=True).encode())


def _write(path: Path, table: pa.Table) -> None:
    temporary = path.with_name(f".{path.name}.part")
    with pa.OSFile(str(temporary), "wb") as sink, ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    temporary.chmod(0o600)
    temporary.replace(path)


def _read(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as source:
        return ipc.open_file(source).read_all()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sha256_of(path: Path) -> str:
    """Return the digest of a file, or of all files of a folder with their names."""
    files: Sequence[Path] = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    total = hashlib.sha256()
    for file in files:
        with file.open("rb") as handle:
            total.update(f"{file.relative_to(path)}\n{hashlib.file_digest(handle, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()


def _silent(stage: str, done: int, total: int | None) -> None:
    """Tell nobody."""
