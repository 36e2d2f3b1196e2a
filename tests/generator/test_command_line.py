"""The commands as a user runs them."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.csv as pacsv
import pytest

from inferloop_synthetic.cli import main
from inferloop_synthetic.data.reading import read_table


@dataclass(frozen=True)
class Done:
    """What a command printed and how it ended."""

    returncode: int
    stdout: str
    stderr: str


class Run(Protocol):
    """Runs a command line in a folder."""

    def __call__(self, *arguments: object, cwd: Path) -> Done: ...


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run commands in this process: starting Python anew for each would take most of the time."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def call(*arguments: object, cwd: Path) -> Done:
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["inferloop-synthetic", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ending:
            main()
        out, err = capsys.readouterr()
        return Done(int(ending.value.code or 0), out, err)

    yield call
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def folder(orders: pa.Table, tmp_path: Path) -> Path:
    pacsv.write_csv(orders.slice(0, 1500), tmp_path / "orders.csv")
    return tmp_path


def test_generate_writes_the_rows_and_the_report(run: Run, folder: Path) -> None:
    done = run(
        "generate", "orders.csv", "--rows", 3000, "--seed", 7, "-o", "out.parquet", "--report", "r.html", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    assert "3,000 rows" in done.stdout
    assert "rows/s" in done.stderr
    assert read_table(folder / "out.parquet").num_rows == 3000
    assert "<svg" in (folder / "r.html").read_text()
    written = json.loads((folder / "r.json").read_text())
    assert written["validation"]["rows_holdout"] == 300
    assert written["validation"]["privacy"]["membership"]["high"] > 0.4
    again = run("report", "r.json", "-o", "again.html", cwd=folder)
    assert again.returncode == 0
    assert (folder / "again.html").read_text() == (folder / "r.html").read_text()


def test_the_same_seed_gives_the_same_file(run: Run, folder: Path) -> None:
    for name, seed, threads in (("a.csv", 3, 1), ("b.csv", 3, 2), ("c.csv", 4, 1)):
        assert (
            run("generate", "orders.csv", "--seed", seed, "--threads", threads, "-o", name, cwd=folder).returncode == 0
        )
    a, b, c = ((folder / name).read_bytes() for name in ("a.csv", "b.csv", "c.csv"))
    assert a == b
    assert a != c


def test_conditions_hold_in_every_row(run: Run, folder: Path) -> None:
    done = run(
        "generate", "orders.csv", "--rows", 200, "-o", "o.csv", "--where", "country=IT|FR", "--where", "quantity>=10",
        "--where", "quantity<=12", cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    table = read_table(folder / "o.csv")
    assert set(table["country"].to_pylist()) == {"IT", "FR"}
    assert set(table["quantity"].to_pylist()) == {10, 11, 12}


def test_a_detected_schema_can_be_edited_and_given_back(run: Run, folder: Path) -> None:
    assert run("schema", "orders.csv", "-o", "s.yaml", cwd=folder).returncode == 0
    text = (folder / "s.yaml").read_text()
    edited = text + "constraints:\n- {type: inequality, left: free, right: quantity}\n"
    (folder / "s.yaml").write_text(edited)
    assert run("generate", "orders.csv", "--schema", "s.yaml", "-o", "o.parquet", cwd=folder).returncode == 0
    table = read_table(folder / "o.parquet")
    assert all(f <= q for f, q in zip(table["free"].to_pylist(), table["quantity"].to_pylist(), strict=True))


def test_a_schema_alone_is_enough(run: Run, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"id": "integer[1:9]", "name": "string"}')
    assert run("generate", "s.json", "--rows", 50, "-o", "o.jsonl", cwd=tmp_path).returncode == 0
    assert len((tmp_path / "o.jsonl").read_text().splitlines()) == 50


def test_validate_finds_a_copied_table(run: Run, folder: Path, orders: pa.Table) -> None:
    pacsv.write_csv(orders.slice(1500, 1500), folder / "holdout.csv")
    done = run("validate", "orders.csv", "orders.csv", "--holdout", "holdout.csv", "--output", "json", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["privacy"]["membership"]["low"] > 0.8
    words = run("validate", "orders.csv", "orders.csv", cwd=folder)
    assert "not attacked" in words.stdout


def test_info_lists_the_engine(run: Run, tmp_path: Path) -> None:
    assert "tabular" in json.loads(run("info", "--output", "json", cwd=tmp_path).stdout)["engines"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["generate", "orders.csv", "-o", "o.xyz"], "extension .xyz"),
        (["generate", "nothing.csv", "-o", "o.csv"], "no such file"),
        (["generate", "orders.csv", "-o", "no/o.csv"], "no folder no"),
        (["generate", "orders.csv", "-o", "o.csv", "--engine", "magic"], "no engine 'magic'; installed are copulagan"),
        (["generate", "orders.csv", "-o", "o.csv", "--where", "colour=red"], "no column 'colour'"),
        (["generate", "orders.csv", "-o", "o.csv", "--where", "country=XX"], "no value XX"),
        (["generate", "orders.csv", "-o", "o.csv", "--where", "price>=cheap"], "'cheap' is not a number"),
        (["generate", "orders.csv", "-o", "o.csv", "--where", "shipped>=soon"], "column 'shipped': 'soon'"),
        (["report", "orders.csv", "-o", "r.html"], "JSON"),
        (
            ["generate", "orders.csv", "-o", "o.csv", "--where", "note="],
            "rows whose note is missing cannot be asked for",
        ),
        (["generate", "orders.csv", "-o", "o.csv", "--where", "note=gift|"], "rows whose note is missing cannot be"),
        (["generate", "orders.csv", "-o", "-", "--part-rows", "9"], "parts cannot go to standard output"),
        (["generate", "--tables", "t", "-o", "-"], "--output -: this cannot go to standard output"),
        (["generate", "orders.csv", "-o", "o.csv", "--save-model", "-"], "--save-model -: this cannot go to standard"),
        (["report", "s.json", "-o", "-"], "--output -: this cannot go to standard output"),
        (["generate", "s.json", "-o", "o.csv", "--engine", "ctgan"], "--engine: engines learn from rows"),
        (["generate", "s.json", "-o", "o.csv", "--engine-option", "epochs=xx"], "--engine-option: engines learn from"),
        (["generate", "m.model", "-o", "o.csv", "--engine-option", "epochs=5"], "m.model was learned already"),
    ],
)
def test_mistakes_are_one_line_that_names_them(run: Run, folder: Path, arguments: list[str], message: str) -> None:
    (folder / "s.json").write_text('{"id": "integer[1:9]"}')
    (folder / "m.model").write_bytes(b"PK\x03\x04")
    done = run(*arguments, cwd=folder)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(folder.glob("o.*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_file(folder: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", "from inferloop_synthetic.cli import main; main()"]
    arguments = ["generate", "orders.csv", "--rows", "900000000", "-o", "big.csv"]
    with subprocess.Popen([*command, *arguments], cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        while not list(folder.glob(".big.csv*")):
            assert process.poll() is None
        process.send_signal(number)
        _, errors = process.communicate()
    assert process.returncode == 130
    assert "interrupted" in errors
    assert sorted(p.name for p in folder.iterdir()) == ["orders.csv"]


def test_an_interrupt_while_the_end_of_a_stage_is_written_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaving ends the stage, too, and found no bar to take away any more."""
    from rich.console import Console

    from inferloop_synthetic.cli.progress import Narrator

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    console = Console(file=io.StringIO())
    monkeypatch.setattr(console, "print", interrupted)

    def work() -> None:
        with Narrator(console) as narrator:
            narrator("fit", 10, 10)
            narrator("parts", 0, 10)

    with pytest.raises(KeyboardInterrupt):
        work()


def test_a_model_for_which_the_disk_is_too_full_is_an_error_and_leaves_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno
    import zipfile

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "s.json").write_text('{"id": "integer[1:9]"}')
    (tmp_path / "m.model").write_bytes(b"before")
    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    done = run("generate", "s.json", "--rows", 5, "-o", "o.csv", "--save-model", "m.model", cwd=tmp_path)
    assert done.returncode == 2
    assert "m.model: nothing was written: No space left on device" in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.model", "s.json"]
    assert (tmp_path / "m.model").read_bytes() == b"before"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["generate", "orders.csv", "-o", "orders.csv"], "--output orders.csv would replace what SOURCE reads"),
        (["generate", "orders.csv", "-o", "./soft.csv"], "--output ./soft.csv would replace what SOURCE reads"),
        (["generate", "soft.csv", "-o", "orders.csv"], "--output orders.csv would replace what SOURCE reads"),
        (["generate", "orders.csv", "-o", "hard.csv"], "--output hard.csv would replace what SOURCE reads"),
        (
            ["generate", "orders.csv", "-o", "o.csv", "--save-model", "orders.csv"],
            "--save-model orders.csv would replace",
        ),
        (["generate", "orders.csv", "-o", "o.csv", "--report", "orders.csv"], "--report orders.csv would replace"),
        (["generate", "s.json", "-o", "o.csv", "--report", "s.html"], "--report (its .json) s.json would replace"),
        (["generate", "orders.csv", "-o", "o.csv", "--save-model", "o.csv"], "would replace what --output writes"),
        (["generate", "orders.csv", "--part-rows", "9", "-o", "./"], "holds what SOURCE reads; name another folder"),
        (["generate", "sqlite:///base.db", "--table", "t", "-o", "o.csv", "--save-model", "base.db"], "SOURCE reads"),
        (["schema", "orders.csv", "-o", "orders.csv"], "--output orders.csv would replace what TABLE reads"),
        (["report", "s.json", "-o", "s.json"], "--output s.json would replace what VALIDATION reads"),
        (["validate", "orders.csv", "orders.csv", "--report", "orders.csv"], "would replace what REAL reads"),
    ],
)
def test_nothing_that_is_read_is_written_over(run: Run, folder: Path, arguments: list[str], message: str) -> None:
    (folder / "soft.csv").symlink_to(folder / "orders.csv")
    (folder / "hard.csv").hardlink_to(folder / "orders.csv")
    (folder / "s.json").write_text('{"id": "integer[1:9]"}')
    (folder / "base.db").write_bytes(b"")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = run(*arguments, cwd=folder)
    assert done.returncode == 2
    assert message in done.stderr
    assert "reading" not in done.stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_dash_is_standard_output_and_nothing_else_is_written_there(run: Run, folder: Path) -> None:
    (folder / "s.json").write_text('{"id": "integer[1:9]"}')
    before = sorted(path.name for path in folder.iterdir())
    done = run("generate", "s.json", "--rows", 3, "-o", "-", cwd=folder)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert (lines[0], len(lines)) == ('"id"', 4)
    assert "standard output: 3 rows" in done.stderr
    shown = run("schema", "orders.csv", cwd=folder)
    assert run("schema", "orders.csv", "-o", "-", cwd=folder).stdout == shown.stdout
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_reader_that_has_enough_ends_the_command_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"id": "integer[1:9]"}')
    command = [sys.executable, "-c", "from inferloop_synthetic.cli import main; main()"]
    arguments = ["generate", "s.json", "--rows", "900000000", "-o", "-"]
    with subprocess.Popen(
        [*command, *arguments], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == '"id"\n'
        process.stdout.close()
        errors = process.stderr.read()
    assert process.returncode == 1
    assert "error: standard output took no more" in errors
    assert "Traceback" not in errors
    assert "Exception ignored" not in errors


def test_the_command_line_says_what_its_configuration_leaves_out(run: Run, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"id": "integer[1:9]"}')
    (tmp_path / "c.json").write_text('{"rows": 4, "output": "c.csv"}')
    assert run("generate", "s.json", "--config", "c.json", cwd=tmp_path).returncode == 0
    assert len((tmp_path / "c.csv").read_text().splitlines()) == 5
    (tmp_path / "c.yaml").write_text("rows: 4\nsource: s.json\n")
    assert run("generate", "--config", "c.yaml", "-o", "y.csv", cwd=tmp_path).returncode == 0
    assert len((tmp_path / "y.csv").read_text().splitlines()) == 5
    missing = run("generate", "--config", "c.json", cwd=tmp_path)
    assert missing.returncode == 2
    assert "give a table, a schema or a model to start from" in missing.stderr
    assert "--output" in run("generate", "--config", "c.yaml", cwd=tmp_path).stderr
