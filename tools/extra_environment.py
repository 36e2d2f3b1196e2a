"""Make an environment of its own, outside the tree, from one of the locks in requirements/, and print its Python.

`tools/extra_environment.py engines` installs requirements/engines.txt, each file checked against its hash, into
${XDG_CACHE_HOME:-~/.cache}/inferloop/engines-<digest>. The digest is that of the lock and the Python, so that another
checkout with the same lock uses the same environment, and a finished one is never touched again. Run through `make
engines`.
"""

import argparse
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def folder_of(name: str) -> Path:
    """Return where the environment of a lock lives, whether it has been made or not."""
    lock = ROOT / "requirements" / f"{name}.txt"
    digest = hashlib.sha256(f"{sys.version_info[:2]} {sys.platform}".encode() + lock.read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "inferloop" / f"{name}-{digest}"


def python_of(name: str) -> Path:
    """Return the environment's Python; raises FileNotFoundError, naming the make target, where it has not been made."""
    python = folder_of(name) / "bin" / "python"
    if not (folder_of(name) / ".complete").exists():
        raise FileNotFoundError(f"the environment of requirements/{name}.txt is not there: run `make {name}`")
    return python


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other process makes this environment."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f".{folder.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def make(name: str) -> Path:
    """Make the environment where it is not there yet, and return its Python."""
    folder = folder_of(name)
    with alone(folder):
        if not (folder / ".complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            print(f"{name}: installing requirements/{name}.txt into {folder}, once", file=sys.stderr)
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
            # Files come from the index, not pip's cache: they are large, and installed only once.
            command = [
                str(folder / "bin" / "python"),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-cache-dir",
                "--require-hashes",
            ]
            command += ["--only-binary=:all:", "--requirement", str(ROOT / "requirements" / f"{name}.txt")]
            environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
            subprocess.run(command, check=True, env=environment)
            (folder / ".complete").touch()
    return python_of(name)


def main() -> int:
    """Make one environment and print its Python."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="a lock in requirements/, without .txt")
    name = parser.parse_args().name
    if not (ROOT / "requirements" / f"{name}.txt").exists():
        parser.error(f"there is no requirements/{name}.txt")
    try:
        print(make(name))
    except subprocess.CalledProcessError as failed:
        print(f"{name}: `{' '.join(map(str, failed.cmd))}` failed with {failed.returncode}; see above", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
