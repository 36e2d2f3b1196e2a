"""What will not fit is refused over HTTP before learning begins: at once with a problem, and as a job with its reason."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from inferloop_synthetic.api import isolated

from .conftest import ROWS, Api
from .test_refusals import check

FOR_HOURS = {"data": ROWS, "engine": "ctgan", "engine_options": {"epochs": 100_000, "enable_gpu": False}}


def test_a_job_that_takes_too_long_fails_before_it_learns(open_api: Callable[..., Api]):
    job = open_api(default_timeout=20, engine_python=sys.executable).made(**FOR_HOURS)
    assert job["state"] == "failed"
    assert "engine ctgan would learn this table for about" in job["error"]
    assert "20 seconds are allowed" in job["error"]
    assert "fewer epochs" in job["hint"]


def test_a_jobs_own_time_counts(open_api: Callable[..., Api]):
    job = open_api(engine_python=sys.executable).made(**FOR_HOURS, timeout=15)
    assert "15 seconds are allowed" in job["error"]


def test_what_needs_more_memory_than_the_settings_allow_is_refused(
    open_api: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
):
    api = open_api(max_memory_usage_mb=150, engine_python=sys.executable)
    # This process and the one that learns are larger than that already; here only the prediction is to refuse.
    monkeypatch.setattr(type(api.services.memory), "check", lambda self, expected=0: None)
    monkeypatch.setattr(isolated, "resident_bytes", lambda pid: 0)
    answer = api.client.post("/generate", json={"data": ROWS, "wait": True})
    problem = check(answer, 413, "will-not-fit")
    assert "engine tabular would need about" in problem["detail"]
    assert "150 MB are there" in problem["detail"]
    assert "GUARDIAN_MAX_MEMORY_USAGE_MB" in problem["hint"]
    assert "150 MB are there" in api.made(data=ROWS, engine="ctgan")["error"]


def test_without_resource_monitoring_the_setting_refuses_nothing(open_api: Callable[..., Api]):
    assert open_api(max_memory_usage_mb=150, enable_resource_monitoring=False).services.limits.learning_bytes is None


@pytest.mark.parametrize(
    ("engine", "options", "message"),
    [
        ("ctgan", {"epoch": 1}, "there is no option 'epoch'"),
        ("ctgan", {"epochs": "many"}, "epochs: Input should be a valid integer"),
        ("tabular", {"epochs": 1}, "engine tabular takes no options"),
    ],
)
def test_a_hyper_parameter_that_is_wrong_is_named(
    open_api: Callable[..., Api], engine: str, options: dict, message: str
):
    answer = open_api().client.post("/generate", json={"data": ROWS, "engine": engine, "engine_options": options})
    problem = check(answer, 422, "invalid-request")
    assert problem["errors"][0]["field"] == "engine_options"
    assert message in problem["detail"]


def test_hyper_parameters_are_taken_from_forms_too(open_api: Callable[..., Api]):
    form = {"data": ("a.csv", b"a,b\n" + b"1,x\n2,y\n" * 60)}
    asked = {"engine": "ctgan", "engine_options": '{"epochs": 7}'}
    job = open_api(run_jobs=False).client.post("/generate", files=form, data=asked).json()
    assert job["specification"]["engine_options"] == {"epochs": 7}
