"""The last stage that a specification can ask for: compare what was drawn with real rows that nothing was learned from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from inferloop_synthetic.data.location import Location
from inferloop_synthetic.pipeline.make import part_rows
from inferloop_synthetic.pipeline.parts import Part, PartReceipt, plan_parts
from inferloop_synthetic.pipeline.prepare import Learned, Prepared
from inferloop_synthetic.pipeline.stages import Outcome

if TYPE_CHECKING:
    from inferloop_synthetic.validation.run import Validation

MOST_COMPARED = 50_000
LEAST_COMPARED = 10
REPORT, NUMBERS = "_report/report.html", "_report/report.json"


class Validate:
    """Writes a report on quality and privacy beside the parts."""

    name = "validation"
    title = "compare with rows held out: likeness, privacy, bias"
    order = 10

    def applies(self, prepared: Prepared) -> bool:
        """Say whether the specification asks for it."""
        return prepared.spec.check

    def run(self, prepared: Prepared, receipts: Sequence[PartReceipt]) -> Outcome:
        """Compare; the manifest gets the numbers, and the report is written as a page and as JSON."""
        from inferloop_synthetic.policy import default_policy, judge, parse_policy
        from inferloop_synthetic.reporting.files import Report
        from inferloop_synthetic.reporting.page import render
        from inferloop_synthetic.validation.run import from_json, validate

        spec = prepared.spec
        rules = default_policy() if spec.policy is None else parse_policy(json.dumps(spec.policy), "policy")
        fair = rules.fairness
        real, held_out = prepared.real()
        found = validate(
            real,
            rows_to_compare(prepared, min(real.num_rows, MOST_COMPARED)),
            prepared.schema,
            holdout=held_out,
            target=fair.target if fair else None,
            favourable=fair.favourable if fair else None,
            protected=fair.protected if fair else (),
            seed=spec.seed,
        )
        found = from_json(found.as_json())  # rounded, so that a page made from the JSON again is the same
        verdict = judge(found, rules)
        source = Location.parse(spec.source or "").name
        report = Report(f"{spec.rows or 0:,} rows from {source}", tuple(prepared.notes), found, verdict)
        page = render(report.validation, report.title, report.notes, report.verdict)
        numbers = json.dumps(report.as_json(), indent=1) + "\n"
        # The default policy advises; only one that was asked for keeps results back.
        result = {"released": verdict.released or spec.policy is None, "verdict": verdict.as_json(), "summary": summary(found)}
        return Outcome(result, {REPORT: page.encode(), NUMBERS: numbers.encode()})


def summary(found: Validation) -> str:
    """Return the numbers that matter most, in a few words."""
    words = f"likeness {found.score:.3f}, classifier AUC {found.classifier.value:.3f}"
    if found.privacy is not None:
        worst = max(found.privacy.membership, found.privacy.membership_calibrated, key=lambda estimate: estimate.value)
        words += f", membership AUC {worst.value:.3f} ({worst.low:.3f} to {worst.high:.3f})"
    return words


def rows_to_compare(prepared: Prepared, wanted: int) -> pa.Table:
    """Return the first rows of the parts, drawn again: the very rows that were written, without reading them back.

    Where conditions make rows that are no picture of the whole table, or fewer were drawn than are needed, rows are drawn without
    conditions from a shard that no part uses.
    """
    parts = plan_parts(prepared.spec)
    wanted = max(wanted, LEAST_COMPARED)
    if not prepared.spec.where and (prepared.spec.rows or 0) >= wanted:
        batches: Iterator[pa.RecordBatch] = (batch for part in parts for batch in part_rows(prepared, part))
    else:
        shard = len(parts)
        start = shard * prepared.spec.part_rows
        free = prepared.spec.model_copy(update={"where": {}})
        unconditional = Learned(prepared.model, free).prepared()
        batches = part_rows(unconditional, Part(shard, wanted, shard, start, "validation"))
    taken: list[pa.RecordBatch] = []
    left = wanted
    for batch in batches:
        taken.append(batch.slice(0, left))
        left -= taken[-1].num_rows
        if left <= 0:
            break
    return pa.Table.from_batches(taken)
