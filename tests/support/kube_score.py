"""What kube-score would have otherwise, and the exceptions that we make, each with its reason."""

from __future__ import annotations

import fnmatch
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from charts import ROOT

from inferloop_deploy.programs import find_programs

GOOD = 10
EXCEPTIONS: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (ROOT / "tests" / "cluster" / "score-exceptions.yaml").read_text(encoding="utf-8")
)


@dataclass(frozen=True)
class Advice:
    """One thing that kube-score would have otherwise."""

    place: str
    check: str
    says: str


def advice(manifests: str) -> tuple[Advice, ...]:
    """Return what kube-score finds in manifests."""
    program = find_programs(ROOT, ["kube-score"])["kube-score"]
    command = [str(program), "score", "--output-format", "json", "--kubernetes-version", "v1.35", "-"]
    done = subprocess.run(command, input=manifests, check=False, capture_output=True, text=True)
    assert done.stdout.startswith("["), done.stderr
    return tuple(_found(json.loads(done.stdout)))


def _found(scored: list[dict[str, Any]]) -> Iterator[Advice]:
    """Return what is below the best grade."""
    for entry in scored:
        place = f"{entry['type_meta']['kind']}/{entry['object_meta']['name']}"
        for check in entry["checks"]:
            if not check["skipped"] and check["grade"] < GOOD:
                for comment in check["comments"] or [{"summary": ""}]:
                    yield Advice(place, check["check"]["id"], comment["summary"])


def excepted(exception: dict[str, Any], given: Advice) -> bool:
    """Tell whether an exception is about this advice."""
    return (
        exception["check"] == given.check
        and exception.get("says", given.says) == given.says
        and any(fnmatch.fnmatchcase(given.place, pattern) for pattern in exception["objects"])
    )


def without_a_reason(found: tuple[Advice, ...], exceptions: list[dict[str, Any]]) -> list[Advice]:
    """Return the advice that nobody has said a reason against."""
    return [each for each in found if not any(excepted(exception, each) for exception in exceptions)]
