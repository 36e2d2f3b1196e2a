"""What offline tools say of every case: kubeconform, and kube-score with the exceptions that we make, each with its reason."""

from __future__ import annotations

import json
import subprocess
from functools import cache

import pytest
from charts import ROOT, case_names, rendered_case
from kube_score import EXCEPTIONS, Advice, advice, excepted, without_a_reason

from inferloop_deploy.programs import find_programs, schema_location

OURS = EXCEPTIONS["everywhere"] + EXCEPTIONS["cases"]


@cache
def advice_for(case: str) -> tuple[Advice, ...]:
    """Return what kube-score finds in a case."""
    return advice("\n---\n".join(document.text for document in rendered_case(case)))


@pytest.mark.parametrize("case", case_names())
def test_advice_is_followed_or_has_a_reason_not_to_be(case: str) -> None:
    assert without_a_reason(advice_for(case), OURS) == []


def test_every_exception_is_needed_and_says_why() -> None:
    everything = [each for case in case_names() for each in advice_for(case)]
    for exception in OURS:
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
