"""What is done in a process of its own: reading uploads, learning, comparing. Nothing here knows of HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from inferloop_synthetic.data.cleaning import clean_table
from inferloop_synthetic.data.limits import Limits
from inferloop_synthetic.data.policy import SourcePolicy
from inferloop_synthetic.data.reading import read_table
from inferloop_synthetic.data.sources import read_sample
from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.errors import InputError, SyntheticError
from inferloop_synthetic.pipeline.prepare import keep, learn, prepare
from inferloop_synthetic.pipeline.spec import GenerationSpec, read_spec
from inferloop_synthetic.schema import parse_schema, schema_yaml


@dataclass(frozen=True)
class Ingested:
    """A table that was uploaded, as it was understood."""

    rows: int
    columns: tuple[str, ...]
    bytes: int


def read_upload(path: Path, shown: str, limits: Limits, *, clean: bool) -> pa.Table:
    """Return an uploaded table; messages name it as the caller does and not by its path here."""
    try:
        table = read_table(path, limits)
        return clean_table(table) if clean else table
    except SyntheticError as error:
        raise type(error)(str(error).replace(str(path), shown)) from None


def ingest(path: Path, shown: str, target: Path, limits: Limits, clean: bool) -> Ingested:
    """Turn an uploaded table into Parquet."""
    table = read_upload(path, shown, limits, clean=clean)
    pq.write_table(table, target, compression="zstd", compression_level=1)
    return Ingested(table.num_rows, tuple(table.column_names), target.stat().st_size)


def learn_upload(path: Path, shown: str, spec: dict[str, Any], folder: Path, limits: Limits, clean: bool) -> None:
    """Learn a model of an uploaded table and keep it in a folder."""
    table = path.with_name(f"{shown}.clean.parquet")
    ingest(path, shown, table, limits, clean)
    keep(learn(read_spec(spec | {"source": str(table)}), policy=SourcePolicy((table.parent,)), limits=limits), folder)


def prepare_into(spec: dict[str, Any], folder: Path, policy: SourcePolicy | None, limits: Limits | None) -> None:
    """Prepare a job in a folder."""
    prepare(read_spec(spec), folder, policy=policy, limits=limits)


@dataclass(frozen=True)
class Origin:
    """Where a table of a request is: uploaded, or named."""

    path: Path | None
    shown: str
    source: str | None


@dataclass(frozen=True)
class Compared:
    """What a comparison found."""

    summary: str
    validation: dict[str, Any]
    verdict: dict[str, Any]
    released: bool
    page: str


def table_of(origin: Origin, policy: SourcePolicy, limits: Limits, *, clean: bool) -> pa.Table:
    """Return a request's table."""
    if origin.path is not None:
        return read_upload(origin.path, origin.shown, limits, clean=clean)
    asked = GenerationSpec(source=origin.source, fit_rows=min(limits.rows, 1_000_000))
    return read_sample(asked, policy, limits, lambda rows: None).table


def detect(origin: Origin, policy: SourcePolicy, limits: Limits, clean: bool) -> str:
    """Return the schema of a table as YAML."""
    return schema_yaml(detect_schema(table_of(origin, policy, limits, clean=clean)))


def compare(
    origins: Mapping[str, Origin | None],
    schema_text: str | None,
    policy_text: str | None,
    target: str | None,
    seed: int,
    sources: SourcePolicy,
    limits: Limits,
    clean: bool,
) -> Compared:
    """Validate a synthetic table and judge it; the default policy judges where none is given."""
    from inferloop_synthetic.pipeline.validating import summary
    from inferloop_synthetic.policy import default_policy, judge, parse_policy
    from inferloop_synthetic.reporting.page import render
    from inferloop_synthetic.validation.run import from_json, validate

    tables = {name: table_of(o, sources, limits, clean=clean) for name, o in origins.items() if o is not None}
    real, synthetic = tables["real"], tables["synthetic"]
    schema = detect_schema(real) if schema_text is None else parse_schema(schema_text, "schema")
    for column in schema.columns:
        for name, table in tables.items():
            if column.name not in table.column_names:
                whose = "real table" if schema_text is None else "schema"
                raise InputError(f"{name}: there is no column {column.name!r}, which the {whose} has")
    rules = default_policy() if policy_text is None else parse_policy(policy_text, "policy")
    fair = rules.fairness
    found = validate(
        real, synthetic, schema, holdout=tables.get("holdout"), target=target or (fair.target if fair else None), seed=seed,
        protected=fair.protected if fair else (), favourable=fair.favourable if fair else None,
    )  # fmt: skip
    found = from_json(found.as_json())
    verdict = judge(found, rules)
    page = render(found, f"{synthetic.num_rows:,} synthetic rows", (), verdict)
    return Compared(summary(found), found.as_json(), verdict.as_json(), verdict.released, page)
