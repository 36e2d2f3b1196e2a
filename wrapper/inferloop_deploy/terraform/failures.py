"""What goes wrong with terraform, as errors that say what to do next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from inferloop_deploy.errors import USAGE, InferloopError
from inferloop_deploy.terraform.messages import Diagnostic, Lock


class TerraformMissing(InferloopError):
    """There is no terraform program to run."""


class TerraformTooOld(InferloopError):
    """The terraform program lacks what the platform needs."""


class Interrupted(InferloopError):
    """A person or the machine stopped the command; what was done until then is kept in the state."""


class PluginsMissing(InferloopError):
    """The folder that a person named for provider plug-ins holds none."""

    exit_code = USAGE


NEXT_STEPS = (
    (
        re.compile(r"Source image \S+ does not exist"),
        "A function needs its image, and the repository is there now: push the image, then apply again.",
    ),
    (
        re.compile(r"waiting for ACM Certificate .* to be issued"),
        "A certificate is issued when the domain is delegated: name the zone's servers in its parent; apply again.",
    ),
    (
        re.compile(r"[Ll]imit exceeded on dimensional spend monitor"),
        "An account has one monitor of cost anomalies. Name it: spec.budget.existingMonitor in the environment's file.",
    ),
    (
        re.compile(r"detector already exists for the current account", re.IGNORECASE),
        "A region has one GuardDuty detector. Name it: spec.security.existingDetector in the environment's file.",
    ),
    (
        re.compile(r"another operation \(install/upgrade/rollback\) is in progress"),
        "An earlier release was cut off in the middle: inferloop-deploy release unlock SERVICE puts it back.",
    ),
    (
        re.compile(r"cannot re-use a name that is still in use"),
        (
            "A release of this name is in the cluster, and not in the state: look at it with `helm list "
            "--all-namespaces --all`, and take it in with `terraform import`, or remove it with `helm uninstall`."
        ),
    ),
    (
        re.compile(r'no matches for kind "[^"]+" in version|ensure CRDs are installed first'),
        "The cluster does not know a kind of object: bring it with spec.clusterServices.managed: true, or install it.",
    ),
    (
        re.compile(r"exceeded quota"),
        "The namespace's quota is smaller than what its services ask for: spec.clusterServices.quotas.",
    ),
    (
        re.compile(r"context deadline exceeded|timed out waiting for the condition"),
        (
            "Pods did not become ready in time, and the release was taken back: inferloop-deploy logs SERVICE, and "
            "`kubectl describe pods`, tell why."
        ),
    ),
)
"""What clouds and clusters say of things that no plan can foresee, and what a person does about them."""


@dataclass(frozen=True)
class Located:
    """A diagnostic, and the YAML line that it is about where that can be told."""

    diagnostic: Diagnostic
    place: str = ""


class TerraformFailed(InferloopError):
    """Terraform ended with errors: its own diagnostics, or the end of what it said where it gave none."""

    def __init__(
        self,
        command: str,
        code: int,
        diagnostics: Sequence[Located],
        said: Sequence[str],
        log: str,
        notes: Sequence[str] = (),
    ) -> None:
        self.command = command
        self.code = code
        self.located = tuple(diagnostics)
        self.said = tuple(said)
        self.log = log
        self.notes = tuple(notes)
        super().__init__(f"terraform {command} failed (exit code {code}).", f"Everything it said: {log}")

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The errors as terraform gave them."""
        return tuple(located.diagnostic for located in self.located)

    def with_places(self, located: Sequence[Located]) -> TerraformFailed:
        """Return the same failure with the YAML lines of its diagnostics."""
        return TerraformFailed(self.command, self.code, located, self.said, self.log, self.notes)

    def with_notes(self, notes: Sequence[str]) -> TerraformFailed:
        """Return the same failure with what else is known of its cause."""
        return TerraformFailed(self.command, self.code, self.located, self.said, self.log, notes)

    @property
    def next_steps(self) -> list[str]:
        """What to do about those of the errors that are known, and about what was found beside them."""
        texts = [diagnostic.text for diagnostic in self.diagnostics]
        return [step for said, step in NEXT_STEPS if any(said.search(text) for text in texts)] + list(self.notes)

    def __str__(self) -> str:
        parts = [_say(located) for located in self.located] or list(self.said)
        parts += self.next_steps
        return "\n".join([*parts, self.message, self.hint or ""]).rstrip()

    def as_json(self) -> dict[str, object]:
        """Return the failure as `--output json` prints it."""
        return {
            **super().as_json(),
            "diagnostics": [
                {
                    "severity": located.diagnostic.severity,
                    "summary": located.diagnostic.summary,
                    "detail": located.diagnostic.detail,
                    "address": located.diagnostic.address or None,
                    "file": located.diagnostic.file or None,
                    "line": located.diagnostic.line or None,
                    "caused_by": located.place or None,
                }
                for located in self.located
            ],
            "next_steps": self.next_steps,
            "said": list(self.said),
        }


def _say(located: Located) -> str:
    diagnostic = located.diagnostic
    terraform_place = f"{diagnostic.file}:{diagnostic.line}" if diagnostic.file else ""
    place = located.place or terraform_place
    said = f"{place}: {diagnostic.text}" if place else diagnostic.text
    about = [diagnostic.address] if diagnostic.address else []
    if located.place and terraform_place:
        about.append(terraform_place)
    return f"{said} [{', '.join(about)}]" if about else said


class Locked(InferloopError):
    """Somebody else holds the state."""

    def __init__(self, lock: Lock, release: str) -> None:
        self.lock = lock
        super().__init__(
            f"The state is locked by {lock.who or 'an unknown person'} since {lock.created or 'an unknown time'} "
            f"({lock.operation or 'unknown operation'}, lock {lock.id}).",
            f"Wait until that run is over. If it is certain that it no longer runs: {release}",
        )

    def as_json(self) -> dict[str, object]:
        """Return the failure and the lock, as `--output json` prints them."""
        lock = self.lock
        return {
            **super().as_json(),
            "lock": {
                "id": lock.id,
                "who": lock.who,
                "operation": lock.operation,
                "created": lock.created,
                "path": lock.path,
            },
        }
