"""What plan, apply, destroy and drift do, apart from what they print."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from inferloop_deploy.changes import Changes
from inferloop_deploy.config.environment import Environment
from inferloop_deploy.errors import InferloopError
from inferloop_deploy.journal import Journal, Phase
from inferloop_deploy.kubernetes.answers import Kind
from inferloop_deploy.kubernetes.checks import bringer
from inferloop_deploy.plan import Plan, PlannedChange, compare, digest_of, read_drift, read_plan
from inferloop_deploy.plan.digest import Normalised
from inferloop_deploy.plan.releases import RELEASES_MOVE
from inferloop_deploy.releasing import check_platform
from inferloop_deploy.render.write import replace_file
from inferloop_deploy.report.lines import count
from inferloop_deploy.stage import Stage, located, noting, release_own_lock
from inferloop_deploy.terraform import Locked, TerraformFailed

PLATFORM_MODULE = "module.platform"
"""What every service stands on, in the second stage."""
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


def is_production(environment: Environment) -> bool:
    """Tell whether an environment is production."""
    return environment.metadata.name in ("prod", "production")


def guarded(environment: Environment) -> bool:
    """Tell whether an environment is changed only after a question: prod, and whatever is protected from deletion."""
    return is_production(environment) or environment.spec.deletion_protection


def release_address(service: str) -> str:
    """Return the address of a service's release in the second stage's root."""
    return f'module.release["{service}"]'


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


def make_plan(
    stage: Stage, journal: Journal, changes: Changes, *, destroy: bool = False, targets: Sequence[str] = ()
) -> Plan:
    """Plan, and return what would change; terraform's own plan is kept for `carry_out`.

    `targets` are addresses that it keeps to, with what they stand on.
    """
    out = plan_file(stage, "destroy" if destroy else "plan")
    run_terraform(
        stage,
        journal,
        changes,
        lambda watched: watched.terraform.plan(stage.var_files, out, destroy=destroy, targets=targets),
    )
    with located(stage.sources):
        shown = stage.terraform.show_plan(out)
    return read_plan(shown, stage.sources, stage.cloud.holds_data)


def save_review(stage: Stage, plan: Plan) -> None:
    """Keep a plan that was shown, for apply to compare with.

    An empty one is not worth keeping, and one that stands on a placeholder is never applied.
    """
    path = review_file(stage)
    if plan.empty or (stage.releasing is not None and stage.releasing.placeholder):
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


def check_reviewed(plan: Plan, digests: Sequence[str], reviewed: Reviewed | None, options: str) -> bool:
    """Tell whether a plan was reviewed: by one of the digests that were given, else by the plan that was saved.

    Raises NotReviewed where there is one of them and the plan is another.
    """
    saved = [] if reviewed is None else [reviewed.digest]
    given = list(digests) or saved
    if not given:
        return False
    if plan.digest in given:
        return True
    wanted = next((one for one in given if one in saved), given[0])
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


def check_services(stage: Stage, *, destroy: bool, dry_run: bool) -> None:
    """Raise what keeps the second stage from being carried out; the first has nothing to be checked here."""
    releasing = stage.releasing
    if releasing is None:
        return
    if not (destroy or dry_run):
        check_platform(releasing, stage.target)
    if not releasing.placeholder:
        releasing.check()


WAIT_ATTEMPTS, WAIT_SECONDS = 120, 5.0
"""How often, and after how many seconds each, it is looked whether Argo CD has brought what the services need."""


def pause() -> None:
    """Wait a moment before the cluster is asked again."""
    time.sleep(WAIT_SECONDS)


@dataclass
class CarryOut:
    """Planning, asking and applying as phases; run again after an interruption it does what is left."""

    stage: Stage
    journal: Journal
    changes: Changes
    agree: Callable[[Plan], None]
    """Shows the plan and asks where it has to; raises where the answer is no."""
    destroy: bool = False
    targets: tuple[str, ...] = ()
    """Addresses that it keeps to; everything where there are none."""
    tell: Callable[[str], None] = lambda _: None
    """Says how far a wait is."""
    plan: Plan | None = field(default=None, init=False)
    outputs: dict[str, Any] = field(default_factory=dict, init=False)

    def phases(self) -> list[Phase]:
        """Return the phases."""
        title = "Destroy" if self.destroy else "Apply"
        return [
            Phase("Look at the cluster", self._check, lambda: self.stage.releasing is not None),
            Phase("Plan", self._plan),
            Phase("Review", lambda: self.agree(self._made())),
            Phase("Release what the services stand on", self._bring, self._brings),
            Phase(title, self._apply, lambda: not self._made().empty),
            Phase("Read back what was made", self._settle, self._made_something),
            Phase("Read the outputs", self._read, lambda: not self.destroy),
        ]

    def _made(self) -> Plan:
        if self.plan is None:
            raise RuntimeError("the plan comes first")
        return self.plan

    def _check(self) -> None:
        check_services(self.stage, destroy=self.destroy, dry_run=self.changes.dry_run)

    def _plan(self) -> None:
        self.plan = make_plan(self.stage, self.journal, self.changes, destroy=self.destroy, targets=self.targets)

    def _brings(self) -> bool:
        """Tell whether the services need kinds that the cluster does not know; raise where nobody brings them."""
        releasing = self.stage.releasing
        if releasing is None or self.destroy or self.changes.dry_run or self._made().empty or not releasing.missing():
            return False
        if not releasing.managed:
            releasing.check_kinds()
        return True

    def _bring(self) -> None:
        """Release the platform alone, and wait until it has brought the kinds that the services need."""
        agreed = self._made()
        part = make_plan(self.stage, self.journal, self.changes, targets=(PLATFORM_MODULE,))
        if not part.empty:
            self._carry_out("apply", plan_file(self.stage, "plan"), part)
        releasing = self.stage.releasing
        assert releasing is not None  # noqa: S101 - `_brings` said so
        releasing.wait(lambda missing: self.tell(waiting(missing)), attempts=WAIT_ATTEMPTS, pause=pause)
        self._plan()
        more = beyond(agreed, self._made())
        if more:
            raise NotReviewed(agreed.digest, self._made().digest, more, self.stage.target.options)

    def _apply(self) -> None:
        file = plan_file(self.stage, "destroy" if self.destroy else "plan")
        plan = self._made()
        self._carry_out("destroy" if self.destroy else "apply", file, plan)
        if not self.changes.dry_run:
            file.unlink(missing_ok=True)
            review_file(self.stage).unlink(missing_ok=True)

    def _carry_out(self, verb: str, file: Path, plan: Plan) -> None:
        def work(watched: Stage) -> bool:
            watched.terraform.apply(file)
            return True

        def run() -> None:
            try:
                run_terraform(self.stage, self.journal, self.changes, work)
            except TerraformFailed as failed:
                raise explained(failed, self.stage) from failed

        self.changes.change(
            f"{plan.environment} on {plan.cloud} ({self.stage.backend.place})",
            "destroy" if verb == "destroy" else f"apply plan {plan.digest} to",
            run,
        )

    def _made_something(self) -> bool:
        return not (self.destroy or self.changes.dry_run or self._made().empty)

    def _settle(self) -> None:
        """Bring the state up to what the cloud tells now that all is made.

        A resource was read when it was made, before others were attached to it: a role has no policies then, a bucket
        no rules. Left so, the first look for drift would report every one of them.
        """
        out = plan_file(self.stage, "settle")

        def work(watched: Stage) -> bool:
            if watched.terraform.plan(self.stage.var_files, out, refresh_only=True, targets=self.targets):
                watched.terraform.apply(out)
            return True

        run_terraform(self.stage, self.journal, self.changes, work)
        out.unlink(missing_ok=True)

    def _read(self) -> None:
        self.outputs = visible_outputs(self.stage.terraform.outputs())


def visible_outputs(outputs: dict[str, Any]) -> dict[str, Any]:
    """Return the values of outputs; those marked sensitive are replaced, whoever asks."""
    return {name: "(sensitive)" if one.get("sensitive") else one["value"] for name, one in sorted(outputs.items())}


def explained(failed: TerraformFailed, stage: Stage) -> TerraformFailed:
    """Return a failure of the second stage with what the cluster tells of its cause: secrets that nobody gave."""
    releasing = stage.releasing
    if releasing is None or releasing.cluster is None:
        return failed
    try:
        waiting_for = releasing.waiting_secrets()
    except InferloopError:
        return failed  # what went wrong first is what counts
    return failed.with_notes([f"{one}; put it into the store, and apply again." for one in waiting_for])


def waiting(missing: Sequence[Kind]) -> str:
    """Return what a wait is for."""
    names = ", ".join(sorted({bringer(one) for one in missing}))
    return f"waiting for Argo CD to bring {names} ({count(len(missing), 'kind')} missing)"


def beyond(agreed: Plan, current: Plan) -> list[str]:
    """Return what a plan would do that an agreed one would not; nothing where it is the rest of that."""
    known = {one["address"]: one for one in agreed.normalised["resource_changes"]}
    rest = [one for one in current.normalised["resource_changes"] if known.get(one["address"]) != one]
    names = {one["address"] for one in rest}
    reviewed = {**agreed.normalised, "resource_changes": [one for name, one in known.items() if name in names]}
    now = {**current.normalised, "resource_changes": rest}
    return compare({**reviewed, "output_changes": {}}, {**now, "output_changes": {}})


def find_drift(stage: Stage, journal: Journal, changes: Changes) -> tuple[PlannedChange, ...]:
    """Return what differs in the cloud from what was applied; nothing is changed, neither there nor in the state."""
    out = plan_file(stage, "drift")
    run_terraform(
        stage, journal, changes, lambda watched: watched.terraform.plan(stage.var_files, out, refresh_only=True)
    )
    with located(stage.sources):
        shown = stage.terraform.show_plan(out)
    out.unlink(missing_ok=True)
    return read_drift(shown, stage.sources, {**stage.cloud.moves_by_itself, **RELEASES_MOVE})
