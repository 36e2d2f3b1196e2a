"""Running terraform: the one class around python-terraform.

python-terraform writes the command lines; it cannot stream, so the process is run here. The process has a session of
its own, and writes into a file instead of a pipe: Ctrl-C in a terminal and the death of this process reach it as one
interrupt, after which it finishes what it is doing, saves the state and gives the lock back.
"""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO

import python_terraform
from python_terraform import IsFlagged

from inferloop_deploy.errors import InferloopError
from inferloop_deploy.terraform.failures import Interrupted, Located, Locked, TerraformFailed
from inferloop_deploy.terraform.messages import (
    Diagnostic,
    Event,
    Started,
    Stopping,
    Text,
    missed_release,
    read_lock,
    read_message,
)
from inferloop_deploy.terraform.program import own_environment

LOOK = 0.05
"""Seconds between looks at what terraform has written."""
ENCODED = re.compile(rb'"([A-Za-z0-9+/]+=*)"')
"""What terraform's console prints of a text in base64."""
TAIL = 20
"""Lines kept of what terraform says outside its messages, for when it ends without a diagnostic."""
UNSAVED = "errored.tfstate"
LOCK_PATIENCE = "5s"
"""How long to wait for a state that somebody else holds."""
MISSED_RELEASES = 5
"""How often to try again where the lock was released in the moment in which terraform looked who has it."""


def ignore(event: Event) -> None:
    """Listen to nothing."""


def command_line(program: Path, command: str, *arguments: str, **options: Any) -> list[str]:
    """Return the argv of a terraform command, as python-terraform writes it.

    Underscores in option names become hyphens; None leaves an option out; IsFlagged stands for one without a value.
    """
    writer = python_terraform.Terraform.__new__(python_terraform.Terraform)  # its __init__ looks for state files
    writer.terraform_bin_path = str(program)
    line: list[str] = writer.generate_cmd_string(command, *arguments, **options)
    return line


def flag(wanted: bool) -> object:
    """Return what python-terraform takes for an option without a value."""
    return IsFlagged if wanted else None


@dataclass(frozen=True)
class Finished:
    """How a command ended, and what it said."""

    code: int
    diagnostics: tuple[Diagnostic, ...]
    said: tuple[str, ...]
    log: Path


@dataclass(frozen=True)
class Terraform:
    """Terraform in one root module, with one data folder."""

    program: Path
    folder: Path
    data: Path
    logs: Path
    environ: Mapping[str, str]
    listen: Callable[[Event], None] = ignore
    release: str = "inferloop-deploy state unlock"
    """The command that releases the state, for messages."""
    readonly_lockfile: bool = True
    """Refuse to change `.terraform.lock.hcl`; false for OpenTofu, whose providers have other addresses."""

    def init(self, backend: Mapping[str, str]) -> None:
        """Get the modules and provider plug-ins, and connect to the state."""
        self._checked(
            "init",
            json=IsFlagged,
            input=False,
            reconfigure=IsFlagged,
            lockfile="readonly" if self.readonly_lockfile else None,
            backend_config=dict(backend) or None,
        )

    def plan(
        self,
        var_files: Sequence[Path],
        out: Path,
        *,
        destroy: bool = False,
        refresh_only: bool = False,
        refresh: bool = True,
        targets: Sequence[str] = (),
    ) -> bool:
        """Write a plan to `out`, and return whether it changes anything; `targets` are addresses that it keeps to."""
        finished = self._run(
            "plan",
            json=IsFlagged,
            input=False,
            detailed_exitcode=IsFlagged,
            lock_timeout=LOCK_PATIENCE,
            destroy=flag(destroy),
            refresh_only=flag(refresh_only),
            refresh=None if refresh else False,
            target=list(targets) or None,
            var_file=[str(path) for path in var_files],
            out=str(out),
        )
        if finished.code not in (0, 2):
            self._fail("plan", finished)
        out.chmod(0o600)
        return finished.code == 2

    def apply(self, plan: Path) -> None:
        """Do what a plan says."""
        self._checked("apply", str(plan), json=IsFlagged, input=False, lock_timeout=LOCK_PATIENCE)

    def show_plan(self, plan: Path) -> dict[str, Any]:
        """Return a plan as terraform's JSON has it."""
        shown: dict[str, Any] = self._read("show", str(plan), json=IsFlagged)
        return shown

    def evaluate(self, expression: str, var_files: Sequence[Path]) -> Any:
        """Return the value of an expression, quicker than a plan would; None where terraform has anything to say.

        Its console ends well whatever is wrong, and what it says of that is for eyes; a plan says it to be read.
        """
        # There is no state; its place says where the lock is, and others may ask the same root.
        state = self.data.parent / "console.tfstate"
        line = command_line(self.program, "console", state=str(state), var_file=[str(path) for path in var_files])
        # Base64 has no letter that the console would write differently.
        finished = self._captured(line, input=f"base64encode(jsonencode({expression}))\n".encode())
        found = ENCODED.fullmatch(finished.stdout.strip())
        if finished.returncode != 0 or finished.stderr or found is None:
            return None
        return json.loads(base64.b64decode(found[1]))

    def outputs(self) -> dict[str, Any]:
        """Return the outputs of the state: value, type and sensitive, by name."""
        shown: dict[str, Any] = self._read("output", json=IsFlagged)
        return shown

    def state(self) -> dict[str, Any] | None:
        """Return the state, or None where nothing was applied yet."""
        shown: dict[str, Any] | None = self._read("state pull")
        return shown

    @property
    def unsaved(self) -> Path:
        """Where terraform leaves a state that it could not write to its place."""
        return self.folder / UNSAVED

    def push_state(self, file: Path) -> None:
        """Write a state to its place; terraform refuses one that is older, or another environment's."""
        self._checked("state push", str(file), lock_timeout=LOCK_PATIENCE)

    def force_unlock(self, lock: str) -> None:
        """Take a lock away from whoever holds it."""
        self._checked("force-unlock", lock, force=IsFlagged)

    def _checked(self, command: str, *arguments: str, **options: Any) -> None:
        finished = self._run(command, *arguments, **options)
        if finished.code != 0:
            self._fail(command, finished)

    def _read(self, command: str, *arguments: str, **options: Any) -> Any:
        """Return the JSON document that a command prints, None where it prints nothing.

        Such documents hold secrets in the clear: they go through a pipe, and into no file.
        """
        line = command_line(self.program, command, *arguments, **options)
        finished = self._captured(line, stdin=subprocess.DEVNULL)
        said = finished.stderr.decode("utf-8", "replace").strip().splitlines()
        if finished.returncode != 0:
            raise TerraformFailed(command, finished.returncode, (), said[-TAIL:], str(self.logs))
        if not finished.stdout.strip():
            return None
        try:
            return json.loads(finished.stdout)
        except ValueError as error:
            raise TerraformFailed(
                command, finished.returncode, (), [f"What it printed is not JSON: {error}."], str(self.logs)
            ) from error

    def _captured(self, line: list[str], **given: Any) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end with what it prints in memory alone; `given` is what it reads."""
        return subprocess.run(
            line,
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            check=False,
            start_new_session=True,
            **given,
        )

    def _fail(self, command: str, finished: Finished) -> None:
        errors = [diagnostic for diagnostic in finished.diagnostics if diagnostic.severity == "error"]
        for diagnostic in errors:
            lock = read_lock(diagnostic.detail)
            if lock is not None:
                raise Locked(lock, f"{self.release} {lock.id}")
        raise TerraformFailed(
            command, finished.code, [Located(error) for error in errors], finished.said, str(finished.log)
        )

    def _environment(self) -> dict[str, str]:
        return {**own_environment(self.environ), "TF_DATA_DIR": str(self.data)}

    def _run(self, command: str, *arguments: str, **options: Any) -> Finished:
        """Run a command to its end, again where it did nothing because it missed that the state was released."""
        finished = self._once(command, *arguments, **options)
        for _ in range(MISSED_RELEASES):
            if finished.code == 0 or not any(missed_release(diagnostic) for diagnostic in finished.diagnostics):
                break
            finished = self._once(command, *arguments, **options)
        return finished

    def _once(self, command: str, *arguments: str, **options: Any) -> Finished:
        """Run a command to its end, handing on everything it says while it says it."""
        line = command_line(self.program, command, *arguments, **options)
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{command.replace(' ', '-')}.log"
        log.unlink(missing_ok=True)
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL, 0o600)
        with _signals_for_terraform() as signals, log.open("rb") as written:
            try:
                process = self._start(line, handle)
            finally:
                os.close(handle)
            signals.reach(process)
            self.listen(Started(command, process.pid))
            diagnostics, said = self._follow(process, written, signals)
        if signals.came:
            raise Interrupted(
                f"Stopped during terraform {command}; terraform has ended"
                + (" at once, as asked." if len(signals.came) > 1 else ", and the state has everything it did."),
                "Run the same command again: it continues from there.",
            )
        return Finished(process.returncode, tuple(diagnostics), tuple(said), log)

    def _start(self, line: list[str], output: int) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                [*end_with_parent(), *line],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        except OSError as error:
            raise InferloopError(f"{self.program} cannot be run: {error.strerror}.") from error

    def _follow(
        self, process: subprocess.Popen[bytes], written: BinaryIO, signals: _Signals
    ) -> tuple[list[Diagnostic], deque[str]]:
        diagnostics: list[Diagnostic] = []
        said: deque[str] = deque(maxlen=TAIL)
        told = 0
        try:
            for line in _lines(process, written):
                for count in range(told, len(signals.came)):
                    self.listen(Stopping(forced=count > 0))
                    told = count + 1
                if line is None:
                    continue
                event = read_message(line)
                if isinstance(event, Diagnostic):
                    diagnostics.append(event)
                if isinstance(event, Text) and event.plain and event.text.strip():
                    said.append(event.text)
                self.listen(event)
        finally:
            # Only a failing listener (a closed terminal) leaves it running: it must still end in order.
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait()
        return diagnostics, said


def _lines(process: subprocess.Popen[bytes], written: BinaryIO) -> Iterator[str | None]:
    """Yield the lines that a process writes until it has ended and everything is read, and None now and then."""
    rest = b""
    ended = False
    while not ended:
        with suppress(subprocess.TimeoutExpired):
            process.wait(LOOK)
            ended = True
        yield None
        *lines, rest = (rest + written.read()).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace")
    if rest:
        yield rest.decode("utf-8", "replace")


@dataclass
class _Signals:
    """Interrupts that came while terraform was to run; the first two are passed on to it.

    The first makes it end in order, the second at once; it knows no third.
    """

    came: list[int] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    def take(self, number: int, _frame: FrameType | None = None) -> None:
        self.came.append(number)
        if self.process is not None and len(self.came) <= 2:
            self.process.send_signal(signal.SIGINT)

    def reach(self, process: subprocess.Popen[bytes]) -> None:
        """Pass interrupts on to this process, and those that came before it ran."""
        self.process = process
        if self.came:
            process.send_signal(signal.SIGINT)


@contextmanager
def _signals_for_terraform() -> Iterator[_Signals]:
    """Take interrupts, terminations and hang-ups of this process on terraform's behalf."""
    signals = _Signals()
    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's business
        yield signals
        return
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signals.take) for number in numbers}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_ASK_AND_RUN = """\
import ctypes, os, sys
parent = int(sys.argv[1])
ctypes.CDLL(None).prctl(1, int(sys.argv[2]))
if os.getppid() != parent:
    sys.exit(f"{sys.argv[3]} was not started: who asked for it is gone.")
try:
    os.execv(sys.argv[3], sys.argv[3:])
except OSError as error:
    sys.exit(f"{sys.argv[3]} cannot be run: {error.strerror}.")
"""
"""Asks the kernel for a signal when the parent dies, however it dies (1: PR_SET_PDEATHSIG), then becomes the program.

https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
"""


def end_with_parent(platform: str = sys.platform, number: signal.Signals = signal.SIGINT) -> list[str]:
    """Return what stands before a command line so that its process ends when this one is killed: it gets the signal.

    Linux alone has it. Elsewhere terraform goes on to its end, and gives the lock back then.
    """
    if platform != "linux":
        return []
    return [sys.executable, "-I", "-S", "-c", _ASK_AND_RUN, str(os.getpid()), str(int(number))]
