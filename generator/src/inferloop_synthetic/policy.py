"""What a synthetic table must reach before it is released, and the judgement of one that was validated.

A policy is a small YAML or JSON file:

    name: what leaves the company
    requirements:
      classifier_auc: {at_most: 0.65}
      membership_auc: {at_most: 0.55, certainty: proven}
      column_likeness: {at_least: 0.9, except: [notes]}
    fairness: {protected: [sex], target: income, favourable: ">50K"}

Every requirement bounds one measure of `MEASURES`; what is not named is not required.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from inferloop_synthetic.documents import Document, checked, parse_document, read_document
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.validation.bounds import MEASURES, NOTHING_TO_MEASURE, Measure
from inferloop_synthetic.validation.measures import Estimate
from inferloop_synthetic.validation.run import Validation

REFUSED = 4
"""Exit code of a command whose policy refuses release."""
DEFAULT = "default"


class Certainty(StrEnum):
    """How sure it must be that a limit is kept."""

    value = "value"
    """The measured value keeps it."""
    proven = "proven"
    """The whole 95 % interval keeps it: too few rows to be sure means refusal."""
    not_disproven = "not_disproven"
    """The interval reaches it: only what is surely beyond means refusal."""


class Severity(StrEnum):
    """What a broken requirement does."""

    refuse = "refuse"
    warn = "warn"


class Unmeasured(StrEnum):
    """What is done about a requirement that could not be measured."""

    refuse = "refuse"
    allow = "allow"


class Outcome(StrEnum):
    """How a requirement came out."""

    kept = "kept"
    warned = "warned"
    broken = "broken"
    unmeasured = "unmeasured"


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Requirement(_Closed):
    """The limit of a measure."""

    at_most: float | None = Field(None, ge=-1, le=1)
    at_least: float | None = Field(None, ge=-1, le=1)
    certainty: Certainty = Certainty.value
    severity: Severity = Severity.refuse
    without: tuple[str, ...] = Field((), alias="except", description="Columns (pairs, constraints) that it does not hold for.")

    @property
    def limit(self) -> float:
        """The bound, whichever side it is on."""
        bound = self.at_most if self.at_most is not None else self.at_least
        assert bound is not None  # noqa: S101  (checked when read)
        return bound


class Fairness(_Closed):
    """The columns that bias is looked for in, and what a model predicts of people."""

    protected: tuple[str, ...] = Field(min_length=1)
    target: str | None = None
    favourable: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Fairness:
        if self.favourable is not None and self.target is None:
            raise ValueError("`favourable` needs `target`, the column that has it")
        if self.target in self.protected:
            raise ValueError(f"{self.target!r} is both the target and protected")
        return self


class Policy(_Closed):
    """All requirements."""

    name: str = Field(min_length=1, max_length=200)
    requirements: dict[str, Requirement]
    """By the name of the measure."""
    unmeasured: Unmeasured = Unmeasured.refuse
    fairness: Fairness | None = None

    def required(self) -> list[tuple[Measure, Requirement]]:
        """Return the measures that are required, in the order of `MEASURES`."""
        return [(m, self.requirements[m.name]) for m in MEASURES if m.name in self.requirements]


@dataclass(frozen=True)
class Finding:
    """How one requirement came out, at its worst place."""

    measure: str
    title: str
    subject: str
    """The column, pair, group or constraint that is worst; empty for the whole table."""
    estimate: Estimate | None
    limit: float
    upward: bool
    certainty: Certainty
    outcome: Outcome
    fix: str
    others: int = 0
    """How many more columns, pairs, groups or constraints do not keep it."""

    def words(self) -> str:
        """Return the finding in one line."""
        of = f"{self.title}" + (f" ({self.subject})" if self.subject else "")
        if self.estimate is None:
            return f"{of}: " + ("there is none" if self.outcome is Outcome.kept else f"not measured; {self.fix}")
        sign = "at least" if self.upward else "at most"
        more = f", and {self.others} more" if self.others else ""
        e = self.estimate
        return f"{of}: {e.value:.3f} ({e.low:.3f} to {e.high:.3f}), {sign} {self.limit:g} {_DEMAND[self.certainty]}{more}"


_DEMAND = {
    Certainty.value: "is required",
    Certainty.proven: "must be certain",
    Certainty.not_disproven: "must be possible",
}


@dataclass(frozen=True)
class Verdict:
    """Whether a synthetic table may be released, and why."""

    policy: str
    released: bool
    findings: tuple[Finding, ...]

    @property
    def summary(self) -> str:
        """One sentence."""
        broken, unmeasured = (sum(f.outcome is o for f in self.findings) for o in (Outcome.broken, Outcome.unmeasured))
        total = len(self.findings)
        if self.released:
            return f"may be released: {total - unmeasured} of {total} requirements measured, none broken"
        parts = [f"{broken} broken"] * bool(broken) + [f"{unmeasured} not measured"] * bool(unmeasured)
        return f"must not be released: of {total} requirements {' and '.join(parts)}"

    def as_json(self) -> dict[str, Any]:
        """Return plain values; `verdict_from_json` reads them again."""
        return {**asdict(self), "summary": self.summary}


def verdict_from_json(tree: Any) -> Verdict:
    """Return the verdict whose `as_json` this is."""
    try:
        kept = {key: value for key, value in tree.items() if key != "summary"}
        return TypeAdapter(Verdict).validate_python(kept)
    except (AttributeError, ValidationError) as error:
        raise InputError(f"this is not a verdict's JSON: {str(error).splitlines()[0]}") from error


def judge(validation: Validation, policy: Policy) -> Verdict:
    """Judge a validated table by a policy."""
    findings = tuple(_judged(validation, measure, requirement) for measure, requirement in policy.required())
    unmeasured = policy.unmeasured is Unmeasured.refuse and any(f.outcome is Outcome.unmeasured for f in findings)
    return Verdict(policy.name, not unmeasured and not any(f.outcome is Outcome.broken for f in findings), findings)


def _judged(validation: Validation, measure: Measure, requirement: Requirement) -> Finding:
    whole = list(measure.found(validation))
    unknown = set(requirement.without) - {subject for subject, _ in whole}
    if unknown and whole:
        raise InputError(f"policy: requirements.{measure.name}.except: {min(unknown)!r} is not in the table")
    found = [(subject, estimate) for subject, estimate in whole if subject not in requirement.without]
    sign = 1 if measure.upward else -1
    limit, outcome, others, worst = requirement.limit, Outcome.unmeasured, 0, None
    if found:
        # The decisive end of the interval, turned so that more is better.
        ends = [sign * _end(estimate, requirement.certainty, measure.upward) for _, estimate in found]
        failing = sum(end < sign * limit - 1e-9 for end in ends)
        worst = found[min(range(len(found)), key=ends.__getitem__)]
        beyond = Outcome.warned if requirement.severity is Severity.warn else Outcome.broken
        outcome, others = (beyond if failing else Outcome.kept), max(failing - 1, 0)
    elif requirement.without or NOTHING_TO_MEASURE.get(measure.name, _never)(validation):
        outcome = Outcome.kept
    subject, estimate = worst or ("", None)
    advice = measure.needs if outcome is Outcome.unmeasured else measure.fix
    return Finding(
        measure.name, measure.title, subject, estimate, limit, measure.upward, requirement.certainty, outcome, advice, others
    )


def _never(validation: Validation) -> bool:
    return False


def _end(estimate: Estimate, certainty: Certainty, upward: bool) -> float:
    if certainty is Certainty.value:
        return estimate.value
    return estimate.low if upward is (certainty is Certainty.proven) else estimate.high


def read_policy(path: Path | str) -> Policy:
    """Read a policy file; "default" is the policy that comes with this package."""
    if str(path) == DEFAULT:
        return default_policy()
    return _checked(read_document(Path(path)))


def parse_policy(text: str, source: str) -> Policy:
    """Read a policy from YAML or JSON text; raises InputError with line and field."""
    return _checked(parse_document(text, source))


def default_policy() -> Policy:
    """Return the policy that comes with this package."""
    return parse_policy(default_policy_text(), "default policy")


def default_policy_text() -> str:
    """Return the file of the policy that comes with this package, with its comments."""
    return (files("inferloop_synthetic") / "default_policy.yaml").read_text("utf-8")


def _checked(document: Document) -> Policy:
    policy = checked(document, Policy)
    problems = [document.error(("requirements", name), text) for name, text in _problems(policy)]
    if problems:
        raise InputError("\n".join(str(problem) for problem in problems))
    if not policy.requirements:
        raise document.error(("requirements",), f"is empty; name at least one of {', '.join(m.name for m in MEASURES)}")
    return policy


def _problems(policy: Policy) -> Iterator[tuple[str, str]]:
    known = {measure.name: measure for measure in MEASURES}
    for name, requirement in policy.requirements.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            yield name, "is not measured; " + (f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}")
            continue
        better, wanted, other = ("more", "at_least", "at_most") if known[name].upward else ("less", "at_most", "at_least")
        if getattr(requirement, wanted) is None:
            yield name, f"needs `{wanted}`, because {better} is better"
        if getattr(requirement, other) is not None:
            yield name, f"`{other}` has no meaning here; `{wanted}` bounds it"
