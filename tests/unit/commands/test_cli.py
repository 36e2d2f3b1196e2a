"""The command line as a whole: help, exit codes, failures, completion."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from inferloop_deploy import __version__
from inferloop_deploy.cli import COMMANDS, main, run, wants_json
from inferloop_deploy.errors import InferloopError

Command = Callable[..., Any]
OURS = ("init", "validate", "show", "explain", "diff", "schema", "completion")


def test_help_lists_every_command_and_loads_none_of_them(command: Command) -> None:
    result = command("--help")
    assert result.code == 0
    for name, meaning in COMMANDS.items():
        assert f"  {name:<14}{meaning}" in result.out


def test_help_starts_without_what_only_commands_need() -> None:
    script = (
        "import sys; from inferloop_deploy.cli import run; run(['--help'])\n"
        "heavy = {'pydantic', 'yaml', 'boto3', 'jinja2', 'rich', 'python_terraform'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_its_help_has_an_example(name: str, command: Command) -> None:
    assert importlib.import_module(f"inferloop_deploy.commands.{name.replace('-', '_')}").app is not None
    result = command(name, "--help")
    assert result.code == 0
    assert result.out.startswith(f"Usage: inferloop-deploy {name}")


@pytest.mark.parametrize("name", OURS)
def test_the_help_is_as_reviewed(
    name: str, command: Command, golden: Callable[[Path, str], None], repository: Path
) -> None:
    result = command(name, "--help")
    assert "Example: inferloop-deploy" in result.out
    golden(repository / f"tests/golden/commands/help-{name}.txt", result.out)


def test_the_version_is_printed(command: Command) -> None:
    assert command("--version").out == f"inferloop-deploy {__version__}\n"


def test_no_command_shows_the_help(command: Command) -> None:
    result = command()
    assert result.code == 2
    assert "Commands:" in result.out + result.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["shw"], "Did you mean show?"),
        (["--bogus"], "No such option"),
        (["show"], "Missing option '--env'"),
        (["show", "--env", "dev", "--output", "xml"], "'xml' is not one of"),
        (["validate", "--bogus"], "See inferloop-deploy validate --help."),
    ],
)
def test_a_wrong_call_says_what_is_wrong_and_exits_with_2(arguments: list[str], said: str, command: Command) -> None:
    result = command(*arguments)
    assert result.code == 2
    assert said in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-o", "json"], True),
        (["--output", "json"], True),
        (["--output=json"], True),
        (["-ojson"], True),
        (["-o", "text"], False),
        (["--root", "json"], False),
        (["-o"], False),
        ([], False),
    ],
)
def test_json_is_asked_for_in_any_spelling(arguments: list[str], expected: bool) -> None:
    assert wants_json(arguments) is expected


@pytest.mark.parametrize(
    "arguments", [["show", "x", "--env", "dev", "-o", "json"], ["shw", "-o", "json"], ["show", "--output=json"]]
)
def test_failures_are_json_too(arguments: list[str], command: Command, tmp_path: Path) -> None:
    result = command(*arguments, at=tmp_path)
    assert result.code == 2
    assert set(json.loads(result.err)) >= {"error", "hint"}


def test_outside_a_project_the_message_says_where_to_go(command: Command, tmp_path: Path) -> None:
    result = command("validate", at=tmp_path)
    assert result.code == 2
    assert "No project here" in result.err
    assert "--root DIR" in result.err


def test_the_root_is_given_before_the_command(
    command: Command, make_project: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    assert command("--root", str(make_project()), "validate", at=tmp_path / "elsewhere").code == 0
    assert "no services/ and environments/ there" in command("--root", str(tmp_path), "validate").err


def test_an_interruption_is_no_failure_of_the_program(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("inferloop_deploy.schema.schema_of", interrupt)
    assert command("schema").code == 130


def test_a_question_that_is_answered_with_no_is_a_failure(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise typer.Abort

    monkeypatch.setattr("inferloop_deploy.schema.schema_of", refuse)
    result = command("schema")
    assert (result.code, result.err) == (1, "Stopped; nothing else was done.\n")


def test_a_failure_of_a_command_has_its_exit_code(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise InferloopError("It did not work.", "Try again.")

    monkeypatch.setattr("inferloop_deploy.schema.schema_of", fail)
    result = command("schema")
    assert (result.code, result.err) == (1, "It did not work.\nTry again.\n")


def test_the_program_exits_with_the_code_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["inferloop-deploy", "shw"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("line", "position", "expected"),
    [
        ("inferloop-deploy s", 1, ["show", "schema", "status", "scale", "state", "sandbox"]),
        ("inferloop-deploy show t", 2, ["tabular", "textnlp"]),
        ("inferloop-deploy show --env ", 3, ["dev", "prod", "staging"]),
        ("inferloop-deploy show --cloud ", 3, ["aws"]),
        ("inferloop-deploy validate --out", 2, ["--output"]),
    ],
)
def test_the_shell_completes_commands_options_and_names(
    line: str, position: int, expected: list[str], repository: Path
) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        "_INFERLOOP_DEPLOY_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(position),
    }
    script = "from inferloop_deploy.cli import main; import sys; sys.argv = ['inferloop-deploy']; main()"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=repository, env=environment
    )
    assert done.stdout.split() == expected, done.stderr


def test_outside_a_project_nothing_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from inferloop_deploy.commands.options import complete_cloud, complete_environment, complete_service

    class Context:
        params: dict[str, object] = {"root": None}  # noqa: RUF012 - as typer has it

        def find_root(self) -> Context:
            return self

    monkeypatch.chdir(tmp_path)
    assert complete_service(Context(), "") == []  # type: ignore[arg-type]
    assert complete_environment(Context(), "") == []  # type: ignore[arg-type]
    assert complete_cloud("a") == ["aws"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_the_script_of_a_shell(shell: str, command: Command) -> None:
    result = command("completion", shell)
    assert result.code == 0
    assert "_INFERLOOP_DEPLOY_COMPLETE" in result.out
    assert command("completion", shell, "-o", "json").json["shell"] == shell


def test_completion_is_installed_in_the_home(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "Installed in" in command("completion", "bash", "--install").out
    installed = command("completion", "fish", "--install", "--output", "json").json["installed"]
    assert Path(installed).is_relative_to(tmp_path)
    assert "_INFERLOOP_DEPLOY_COMPLETE" in Path(installed).read_text(encoding="utf-8")


def test_running_twice_in_one_process_is_the_same(command: Command) -> None:
    assert run(["--version"]) == run(["--version"]) == 0
