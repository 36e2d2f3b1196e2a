"""What goes wrong with terraform, as errors that say what to do next."""

from __future__ import annotations

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


@dataclass(frozen=True)
class Located:
    """A diagnostic, and the YAML line that it is about where that can be told."""

    diagnostic: Diagnostic
    place: str = ""


class TerraformFailed(InferloopError):
    """Terraform ended with errors: its own diagnostics, or the end of what it said where it gave none."""

    def __init__(self, command: str, code: int, diagnostics: Sequence[Located], said: Sequence[str], log: str) -> None:
        self.command = command
        self.code = code
        self.located = tuple(diagnostics)
        self.said = tuple(said)
        self.log = log
        super().__init__(f"terraform {command} failed (exit code {code}).", f"Everything it said: {log}")

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The errors as terraform gave them."""
        return tuple(located.diagnostic for located in self.located)

    def with_places(self, located: Sequence[Located]) -> TerraformFailed:
        """Return the same failure with the YAML lines of its diagnostics."""
        return TerraformFailed(self.command, self.code, located, self.said, self.log)

    def __str__(self) -> str:
        parts = [_say(located) for located in self.located] or list(self.said)
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
