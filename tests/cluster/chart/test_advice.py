"""What offline tools say of every case: kubeconform, and kube-score with the exceptions that we make, each with its reason."""

from __future__ import annotations

import fnmatch
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import yaml
from charts import ROOT, case_names, rendered_case

from inferloop_deploy.programs import find_programs, schema_location

GOOD = 10
EXCEPTIONS: list[dict[str, object]] = yaml.safe_load(
    Path(__file__).with_name("score-exceptions.yaml").read_text(encoding="utf-8")
)


@dataclass(frozen=True)
class Advice:
    """One thing that kube-score would have otherwise."""

    place: str
    check: str
    says: str


@cache
def advice(case: str) -> tuple[Advice, ...]:
    """Return what kube-score finds in a case."""
    program = find_programs(ROOT, ["kube-score"])["kube-score"]
    manifests = "\n---\n".join(document.text for document in rendered_case(case))
    command = [str(program), "score", "--output-format", "json", "--kubernetes-version", "v1.35", "-"]
    done = subprocess.run(command, input=manifests, check=False, capture_output=True, text=True)
    assert done.stdout.startswith("["), done.stderr
    return tuple(found(json.loads(done.stdout)))


def found(scored: list[dict[str, dict]]) -> Iterator[Advice]:  # type: ignore[type-arg]
    """Return what is below the best grade."""
    for entry in scored:
        place = f"{entry['type_meta']['kind']}/{entry['object_meta']['name']}"
        for check in entry["checks"]:
            if not check["skipped"] and check["grade"] < GOOD:
                for comment in check["comments"] or [{"summary": ""}]:
                    yield Advice(place, check["check"]["id"], comment["summary"])


def excepted(exception: dict[str, object], given: Advice) -> bool:
    """Tell whether an exception is about this advice."""
    objects = exception["objects"]
    assert isinstance(objects, list)
    says = exception.get("says", given.says)
    return (
        exception["check"] == given.check
        and says == given.says
        and any(fnmatch.fnmatchcase(given.place, pattern) for pattern in objects)
    )


@pytest.mark.parametrize("case", case_names())
def test_advice_is_followed_or_has_a_reason_not_to_be(case: str) -> None:
    open_advice = [each for each in advice(case) if not any(excepted(exception, each) for exception in EXCEPTIONS)]
    assert open_advice == []


def test_every_exception_is_needed_and_says_why() -> None:
    everything = [each for case in case_names() for each in advice(case)]
    for exception in EXCEPTIONS:
        assert str(exception["reason"]).endswith("."), exception["check"]
        assert any(excepted(exception, each) for each in everything), exception["check"]


@pytest.mark.parametrize("case", case_names())
def test_every_object_keeps_to_its_schema(case: str) -> None:
    """The schemas are those of the API server and of the custom resource definitions; Kong has none to be had."""
    program = find_programs(ROOT, ["kubeconform"])["kubeconform"]
    sent = [document for document in rendered_case(case) if document.kind not in {"KongConsumer", "KongPlugin"}]
    command = [str(program), "-strict", "-summary", "-output", "json", "-schema-location", schema_location(ROOT), "-"]
    text = "\n---\n".join(document.text for document in sent)
    done = subprocess.run(command, input=text, check=False, capture_output=True, text=True)
    answer = json.loads(done.stdout)
    assert answer["resources"] == []
    assert answer["summary"] == {"valid": len(sent), "invalid": 0, "errors": 0, "skipped": 0}
