#!/usr/bin/env python3
"""Make or update the project's virtual environment from the hash-checked lock.

Run through `make setup`. Needs nothing but a Python interpreter; when the one that runs it is too old it looks for a
newer one and starts again with that. Safe to run again: nothing happens when the lock and the project files are the
ones that the environment was made from.
"""

import hashlib
import os
import shutil
import subprocess
import sys

OLDEST, NEWEST = (3, 11), (3, 14)
CANDIDATES = ("python3.13", "python3.12", "python3.11", "python3.14", "python3", "python")


def restart_with_another_python() -> None:
    """Replace this process by one whose Python the lock was made for, or explain what is missing."""
    probe = f"import sys; sys.exit(not {OLDEST!r} <= sys.version_info[:2] <= {NEWEST!r})"
    for name in CANDIDATES:
        path = shutil.which(name)
        if path and subprocess.call([path, "-c", probe], stderr=subprocess.DEVNULL) == 0:
            os.execv(path, [path, *sys.argv])
    sys.exit(
        f"setup: Python {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]} is needed; {sys.executable} is "
        f"{sys.version_info[0]}.{sys.version_info[1]} and no such one is on the PATH.\n"
        "Install one (https://www.python.org/downloads/) or name it: make setup PYTHON=/path/to/python3.13"
    )


if not OLDEST <= sys.version_info[:2] <= NEWEST:  # no newer syntax in this file: an old Python has to get this far
    restart_with_another_python()

import contextlib  # noqa: E402
import fcntl  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from importlib import util as importing  # noqa: E402
from pathlib import Path  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
BUILD_LOCK = ROOT / "requirements" / "build.txt"
LOCK = ROOT / "requirements" / "dev.txt"
SOURCE_ONLY = "python-terraform"
DISTRIBUTIONS = (ROOT, ROOT / "generator")
REMOVE_STRAYS = """
import importlib.metadata, re, sys
def normal(name): return re.sub(r"[-_.]+", "-", name).lower()
locked = {normal(line.split("==")[0]) for line in open(sys.argv[1]) if "==" in line and line[0].isalnum()}
kept = locked | {"pip", "setuptools"} | {normal(name) for name in sys.argv[2:]}
print(*sorted({normal(d.metadata["Name"]) for d in importlib.metadata.distributions()} - kept))
"""


def environment_folder() -> Path:
    """Return where the virtual environment lives: `.venv`, or what INFERLOOP_VENV names."""
    return Path(os.environ.get("INFERLOOP_VENV", ROOT / ".venv")).absolute()


def fingerprint() -> str:
    """Return a digest of everything that the environment is made from."""
    digest = hashlib.sha256(f"{sys.version_info[:3]} {sys.base_prefix}".encode())
    for path in (BUILD_LOCK, LOCK, Path(__file__), *(folder / "pyproject.toml" for folder in DISTRIBUTIONS)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@contextlib.contextmanager
def only_one_at_a_time(path: Path) -> Iterator[None]:
    """Wait until no other setup works on the same environment."""
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("setup: another setup of this environment is running; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def run(command: list[str], hint: str) -> None:
    """Run a step of the setup; on failure end with its status and what to do about it."""
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_REQUIRE_VIRTUALENV": "1"}
    status = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    if status:
        print(f"setup: this failed (exit {status}): {' '.join(command)}\nsetup: {hint}", file=sys.stderr)
        sys.exit(1)


def make_environment(folder: Path) -> None:
    """Make the virtual environment, anew when the one there was made by another Python."""
    if importing.find_spec("ensurepip") is None:
        sys.exit(
            f"setup: {sys.executable} cannot make virtual environments (no ensurepip).\n"
            "On Debian and Ubuntu: apt-get install python3-venv"
        )
    print(
        f"setup: making {folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder}"
        f" with Python {sys.version.split()[0]}"
    )
    run([sys.executable, "-m", "venv", "--clear", str(folder)], "Is the disk full, or the folder not writable?")


def install(folder: Path) -> None:
    """Install exactly what the lock names, each file checked against its hash, and both distributions editable."""
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "install", *([] if sys.stdout.isatty() else ["--quiet"])]
    count = len({line.split("==")[0] for line in LOCK.read_text().splitlines() if line[:1].isalnum()})
    print(f"setup: installing {count} packages, each checked against its hash (the first time takes a minute or two)")
    checked = [*pip, "--require-hashes", "--only-binary=:all:"]
    reach = "Is a package index reachable? pip's own settings (PIP_INDEX_URL, PIP_PROXY, pip.conf) are honoured."
    run([*checked, "--requirement", str(BUILD_LOCK)], reach)
    run([*checked, f"--no-binary={SOURCE_ONLY}", "--no-build-isolation", "--requirement", str(LOCK)], reach)
    editable = [argument for folder in DISTRIBUTIONS for argument in ("--editable", str(folder))]
    run([*pip, "--no-deps", "--no-build-isolation", *editable], "Is pyproject.toml of both distributions valid?")


def remove_strays(folder: Path) -> None:
    """Remove packages that an older lock had and this one has not."""
    python = str(folder / "bin" / "python")
    ours = ["inferloop-deploy", "inferloop-synthetic"]
    command = [python, "-c", REMOVE_STRAYS, str(LOCK), *ours]
    strays = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    if strays:
        print(f"setup: removing {', '.join(strays)}, no longer in the lock")
        run([python, "-m", "pip", "uninstall", "--quiet", "--yes", *strays], f"Remove {folder} and run again.")


def main() -> None:
    """Bring the environment up to date."""
    folder = environment_folder()
    stamp = folder / ".inferloop-setup"
    python = folder / "bin" / "python"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with only_one_at_a_time(folder.with_name(folder.name + ".lock")):
        wanted = fingerprint()
        usable = python.exists() and subprocess.run([str(python), "-c", ""], check=False).returncode == 0
        if usable and stamp.exists() and stamp.read_text() == wanted:
            return
        stamp.unlink(missing_ok=True)
        same_python = (
            usable
            and subprocess.run(
                [str(python), "-c", f"import sys; sys.exit(sys.version_info[:3] != {tuple(sys.version_info[:3])})"],
                check=False,
            ).returncode
            == 0
        )
        if not same_python:
            make_environment(folder)
        install(folder)
        remove_strays(folder)
        stamp.write_text(wanted)
        print("setup: done")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("setup: interrupted; run it again and it continues")
