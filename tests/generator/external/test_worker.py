"""The worker process: what it is given, how it ends, and what is said when it fails."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.external import worker
from inferloop_synthetic.external.engines import CtganEngine, GaussianCopulaEngine
from inferloop_synthetic.external.worker import MissingExtraError, WorkerError, WorkerMemoryError, WorkerPlace, ask

LONG = {"epochs": 100_000, "batch_size": 100}


def request(engine: str = "ctgan", **options: object) -> dict[str, object]:
    return {"engine": engine, "seed": 1, "order": ["c0"], "numbers": [], "categories": ["c0"], "options": options}


def arrays() -> dict[str, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    return {"c0": np.arange(200) % 3}


def wait_until_gone(process: int) -> None:
    """Return when a process that is not our child has ended; fail after a minute."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return
    try:
        ended, _, _ = select.select([handle], [], [], 60)
    finally:
        os.close(handle)
    assert ended, f"process {process} still runs"


def bare_environment(folder: Path) -> str:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return str(folder / "bin" / "python")


def test_a_missing_library_names_the_extra_and_the_interpreter(people: pa.Table, tmp_path: Path) -> None:
    data = people.select(["level", "income"])
    python = bare_environment(tmp_path / "bare")
    for kind, extra in ((GaussianCopulaEngine, "sdv"), (CtganEngine, "ctgan")):
        with pytest.raises(MissingExtraError) as caught:
            kind(place=WorkerPlace(python)).fit(data, detect_schema(data))
        assert f"pip install 'inferloop-synthetic[{extra}]'" in str(caught.value)
        assert python in str(caught.value)
        assert "GUARDIAN_ENGINE_PYTHON" in str(caught.value)


def test_a_wrong_interpreter_is_named(people: pa.Table) -> None:
    data = people.select(["level", "income"])
    with pytest.raises(WorkerError, match=r"GUARDIAN_ENGINE_PYTHON: there is no interpreter /nowhere/python"):
        CtganEngine(place=WorkerPlace("/nowhere/python")).fit(data, detect_schema(data))


def test_the_environment_says_where_workers_run_and_how_much_memory_they_take() -> None:
    place = WorkerPlace.from_environment(
        {"GUARDIAN_ENGINE_PYTHON": "/opt/engines/bin/python", "GUARDIAN_MAX_MEMORY_USAGE_MB": "900"}
    )
    assert place == WorkerPlace("/opt/engines/bin/python", 900 * 2**20)
    assert WorkerPlace.from_environment({}).python == sys.executable
    with pytest.raises(WorkerError, match="GUARDIAN_MAX_MEMORY_USAGE_MB=much"):
        WorkerPlace.from_environment({"GUARDIAN_MAX_MEMORY_USAGE_MB": "much"})


def test_a_worker_that_needs_too_much_memory_ends_with_a_clear_error(engine_python: str) -> None:
    rows = 100_000
    wide = {f"c{k}": np.arange(rows) % 199 for k in range(30)}
    asked = request(epochs=1) | {"order": list(wide), "categories": list(wide)}
    with pytest.raises(WorkerMemoryError, match="needs more than the 1,500 MB"):
        ask(WorkerPlace(engine_python, 1500 * 2**20), asked, wide, extra="ctgan")


def test_what_the_library_says_is_passed_on(place: WorkerPlace) -> None:
    with pytest.raises(WorkerError, match=r"engine ctgan failed in its library: .*TypeError.*no_such_option"):
        ask(place, request(no_such_option=1), arrays(), extra="ctgan")


def test_ctrl_c_ends_the_worker(place: WorkerPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    start = worker._start

    def remembered(*arguments: object) -> object:
        found = start(*arguments)  # type: ignore[arg-type]
        started.append(found[0].pid)
        return found

    monkeypatch.setattr(worker, "_start", remembered)

    def interrupt(done: int, total: int) -> None:
        assert total == LONG["epochs"]
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(place, request(**LONG), arrays(), extra="ctgan", progress=interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(started[0], 0)


def test_a_worker_ends_when_its_owner_is_killed(engine_python: str, tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("owner_to_kill.py")), engine_python],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert owner.stdout is not None
    child = int(owner.stdout.readline())
    assert owner.stdout.readline() == "learning\n"
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    wait_until_gone(child)


def test_a_worker_that_dies_says_how(tmp_path: Path) -> None:
    python = bare_environment(tmp_path / "dying")
    site = next((tmp_path / "dying" / "lib").iterdir()) / "site-packages"
    # A stand-in for an interpreter that crashes: the start-up hook of this environment kills the process.
    (site / "crash.pth").write_text("import os; os.kill(os.getpid(), 11)\n")
    with pytest.raises(WorkerError, match="ended by signal SIGSEGV"):
        ask(WorkerPlace(python), request(), arrays(), extra="ctgan")


def test_a_worker_gets_no_variables_that_may_hold_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = bare_environment(tmp_path / "telling")
    site = next((tmp_path / "telling" / "lib").iterdir()) / "site-packages"
    # A stand-in for an interpreter that tells what it was given: its start-up hook writes the variables down.
    (site / "tell.pth").write_text(
        f"import os; open({str(tmp_path / 'told')!r}, 'w').write(' '.join(sorted(os.environ)))\n"
    )
    for name in (
        "POSTGRES_PASSWORD",
        "AWS_SECRET_ACCESS_KEY",
        "GUARDIAN_JWT_KEY",
        "OMP_NUM_THREADS",
        "CUDA_VISIBLE_DEVICES",
    ):
        monkeypatch.setenv(name, "1")
    with pytest.raises(MissingExtraError):
        ask(WorkerPlace(python), request(), arrays(), extra="ctgan")
    told = set((tmp_path / "told").read_text().split())
    assert {"OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "PATH"} <= told
    assert not {"POSTGRES_PASSWORD", "AWS_SECRET_ACCESS_KEY", "GUARDIAN_JWT_KEY"} & told
