"""What plan, apply, destroy and drift do, apart from what they print."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from inferloop_deploy.changes import Changes
from inferloop_deploy.config.environment import Environment
from inferloop_deploy.errors import InferloopError
from inferloop_deploy.journal import Journal, Phase
from inferloop_deploy.plan import Plan, PlannedChange, compare, digest_of, read_drift, read_plan
from inferloop_deploy.plan.digest import Normalised
from inferloop_deploy.render.write import replace_file
from inferloop_deploy.stage import Stage, located, noting, release_own_lock
from inferloop_deploy.terraform import Locked, TerraformFailed

NEEDS_INIT = (
    "Backend initialization required",
    "Inconsistent dependency lock file",
    "Missing required provider",
    "Module not installed",
    "Module source has changed",
    "Required plugins are not installed",
)
"""How terraform's diagnostics begin when init has to be done again."""


class NotReviewed(InferloopError):
    """What would be applied is not what was reviewed."""

    def __init__(self, digest: str, current: str, differences: list[str] | None, options: str) -> None:
        self.differences = differences
        named = (
            "The reviewed plan is not on this machine, so the differences cannot be named."
            if differences is None
            else "\n".join(f"  {difference}" for difference in differences)
        )
        super().__init__(
            "Nothing was applied: the plan is not the reviewed one any more.\n"
            f"  reviewed {digest}\n  now      {current}\n{named}",
            f"Review it again: inferloop-deploy plan {options}",
        )

    def as_json(self) -> dict[str, object]:
        """Return the failure and what differs, as `--output json` prints them."""
        return {**super().as_json(), "differences": self.differences}


class Protected(InferloopError):
    """What would be destroyed is protected."""


@dataclass(frozen=True)
class Reviewed:
    """A plan that was shown to somebody, as it was saved for apply to compare with."""

    digest: str
    normalised: Normalised


def plan_file(stage: Stage, command: str) -> Path:
    """Return where a command keeps terraform's own plan."""
    return stage.target.work / f"{command}.tfplan"


def review_file(stage: Stage) -> Path:
    """Return where the plan is kept that was shown for review."""
    return stage.target.work / "plan.json"


def guarded(environment: Environment) -> bool:
    """Tell whether an environment is changed only after a question: prod, and whatever is protected from deletion."""
    return environment.metadata.name in ("prod", "production") or environment.spec.deletion_protection


def run_terraform(stage: Stage, journal: Journal, changes: Changes, work: Callable[[Stage], bool]) -> bool:
    """Run what needs the state, once more after init or after a lock of our own was released, and return its answer."""
    watched = replace(stage, terraform=replace(stage.terraform, listen=noting(journal, stage.terraform.listen)))
    with located(stage.sources):
        try:
            return work(watched)
        except Locked as locked:
            if not release_own_lock(stage, locked, changes):
                raise
        except TerraformFailed as failed:
            if not any(one.summary.startswith(NEEDS_INIT) for one in failed.diagnostics):
                raise
            stage.init()
        return work(watched)


def make_plan(stage: Stage, journal: Journal, changes: Changes, *, destroy: bool = False) -> Plan:
    """Plan, and return what would change; terraform's own plan is kept for `carry_out`."""
    out = plan_file(stage, "destroy" if destroy else "plan")
    run_terraform(
        stage, journal, changes, lambda watched: watched.terraform.plan(stage.var_files, out, destroy=destroy)
    )
    with located(stage.sources):
        shown = stage.terraform.show_plan(out)
    return read_plan(shown, stage.sources, stage.cloud.holds_data)


def save_review(stage: Stage, plan: Plan) -> None:
    """Keep a plan that was shown, for apply to compare with; an empty one is not worth keeping."""
    path = review_file(stage)
    if plan.empty:
        path.unlink(missing_ok=True)
        return
    document = {"digest": plan.digest, "plan": plan.normalised}
    replace_file(path, json.dumps(document, indent=2, sort_keys=True) + "\n")


def read_review(stage: Stage) -> Reviewed | None:
    """Return the plan that was shown last, or None where there is none that can be trusted."""
    try:
        document: dict[str, Any] = json.loads(review_file(stage).read_text(encoding="utf-8"))
        reviewed = Reviewed(document["digest"], document["plan"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return reviewed if digest_of(reviewed.normalised) == reviewed.digest else None


def check_reviewed(plan: Plan, digest: str | None, reviewed: Reviewed | None, options: str) -> bool:
    """Tell whether a plan was reviewed: by the digest that was given, else by the plan that was saved.

    Raises NotReviewed where there is one of them and the plan is another.
    """
    wanted = digest or (reviewed.digest if reviewed is not None else None)
    if wanted is None:
        return False
    if wanted == plan.digest:
        return True
    known = reviewed is not None and reviewed.digest == wanted
    differences = compare(reviewed.normalised, plan.normalised) if known and reviewed is not None else None
    raise NotReviewed(wanted, plan.digest, differences, options)


def check_unprotected(stage: Stage, place: str) -> None:
    """Raise Protected where the environment refuses to be destroyed; `place` is where it says so."""
    if stage.environment.spec.deletion_protection:
        raise Protected(
            f"Nothing was destroyed: {place} protects the environment from deletion.",
            "Set spec.deletionProtection: false there, apply that, and destroy then.",
        )


@dataclass
class CarryOut:
    """Planning, asking and applying as phases; run again after an interruption it does what is left."""

    stage: Stage
    journal: Journal
    changes: Changes
    agree: Callable[[Plan], None]
    """Shows the plan and asks where it has to; raises where the answer is no."""
    destroy: bool = False
    plan: Plan | None = field(default=None, init=False)
    outputs: dict[str, Any] = field(default_factory=dict, init=False)

    def phases(self) -> list[Phase]:
        """Return the phases."""
        title = "Destroy" if self.destroy else "Apply"
        return [
            Phase("Plan", self._plan),
            Phase("Review", lambda: self.agree(self._made())),
            Phase(title, self._apply, lambda: not self._made().empty),
            Phase("Read back what was made", self._settle, self._made_something),
            Phase("Read the outputs", self._read, lambda: not self.destroy),
        ]

    def _made(self) -> Plan:
        if self.plan is None:
            raise RuntimeError("the plan comes first")
        return self.plan

    def _plan(self) -> None:
        self.plan = make_plan(self.stage, self.journal, self.changes, destroy=self.destroy)

    def _apply(self) -> None:
        file = plan_file(self.stage, "destroy" if self.destroy else "plan")
        plan = self._made()

        def work(watched: Stage) -> bool:
            watched.terraform.apply(file)
            return True

        self.changes.change(
            f"{plan.environment} on {plan.cloud} ({self.stage.backend.place})",
            "destroy" if self.destroy else f"apply plan {plan.digest} to",
            lambda: run_terraform(self.stage, self.journal, self.changes, work),
        )
        if not self.changes.dry_run:
            file.unlink(missing_ok=True)
            review_file(self.stage).unlink(missing_ok=True)

    def _made_something(self) -> bool:
        return not (self.destroy or self.changes.dry_run or self._made().empty)

    def _settle(self) -> None:
        """Bring the state up to what the cloud tells now that all is made.

        A resource was read when it was made, before others were attached to it: a role has no policies then, a bucket
        no rules. Left so, the first look for drift would report every one of them.
        """
        out = plan_file(self.stage, "settle")

        def work(watched: Stage) -> bool:
            if watched.terraform.plan(self.stage.var_files, out, refresh_only=True):
                watched.terraform.apply(out)
            return True

        run_terraform(self.stage, self.journal, self.changes, work)
        out.unlink(missing_ok=True)

    def _read(self) -> None:
        self.outputs = visible_outputs(self.stage.terraform.outputs())


def visible_outputs(outputs: dict[str, Any]) -> dict[str, Any]:
    """Return the values of outputs; those marked sensitive are replaced, whoever asks."""
    return {name: "(sensitive)" if one.get("sensitive") else one["value"] for name, one in sorted(outputs.items())}


def find_drift(stage: Stage, journal: Journal, changes: Changes) -> tuple[PlannedChange, ...]:
    """Return what differs in the cloud from what was applied; nothing is changed, neither there nor in the state."""
    out = plan_file(stage, "drift")
    run_terraform(
        stage, journal, changes, lambda watched: watched.terraform.plan(stage.var_files, out, refresh_only=True)
    )
    with located(stage.sources):
        shown = stage.terraform.show_plan(out)
    out.unlink(missing_ok=True)
    return read_drift(shown, stage.sources, stage.cloud.moves_by_itself)
