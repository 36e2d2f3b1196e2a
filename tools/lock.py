"""Write requirements/*.txt, the hash-checked locks that `make setup` installs from.

Run through `make lock`. Locks hold for Python 3.11 to 3.14 on Linux and macOS, Intel and Arm, and name no package
index, so that they work behind any mirror.
"""

import os
import re
import subprocess
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = "uv==0.13.8"
# A release enters a lock only when it has been out for a while: indexes and mirrors have it by then, and a release
# that was tampered with has mostly been withdrawn. UV_EXCLUDE_NEWER overrides it (for a security fix, say).
COOLING_OFF = "7 days"
# Distributions that are published as source only; they are built with the tools in requirements/build.txt.
SOURCE_ONLY = ["python-terraform"]
IMAGE_EXTRAS = [f"--extra={name}" for name in ("api", "aws", "jobs", "objects", "postgres", "redis", "sql")]
LOCKS = {
    "requirements/build.txt": ["--group", "pyproject.toml:build"],
    "requirements/wrapper.txt": ["pyproject.toml"],
    # The engines of other houses in an environment of their own, made by tools/extra_environment.py.
    "requirements/engines.txt": ["--group", "generator/pyproject.toml:engines"],
    # What `make bench-generator` runs in, and the network that it measures beside the engines; apart from
    # what is developed with, as the first draws in copulas (BUSL-1.1).
    "requirements/bench.txt": ["generator/pyproject.toml", "--extra=bench"],
    "requirements/argn.txt": ["--group", "generator/pyproject.toml:argn"],
    # Ray, which the tests put beside the environment of all tests (see tests/generator/executors/test_ray.py).
    "requirements/ray.txt": ["--group", "generator/pyproject.toml:ray"],
    # What the containers have in them, see generator/Containerfile.
    "requirements/image-api.txt": ["generator/pyproject.toml", *IMAGE_EXTRAS],
    "requirements/image-worker.txt": ["generator/pyproject.toml", *IMAGE_EXTRAS, "--extra=ray"],
    "requirements/dev.txt": [
        "pyproject.toml",
        "generator/pyproject.toml",
        *(
            f"--extra={name}"
            for name in (
                "api",
                "aws",
                "jobs",
                "objects",
                "pandas",
                "polars",
                "postgres",
                "redis",
                "sandbox",
                "sql",
                "test",
            )
        ),
        "--group",
        "pyproject.toml:dev",
    ],
}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = ("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "aarch64-apple-darwin", "x86_64-apple-darwin")
# What is installed in containers only needs no files for other systems; uv reads such limits from a project.
LINUX_ONLY = """\
[tool.uv]
environments = ["sys_platform == 'linux' and python_full_version < '3.15'"]
required-environments = [
    "sys_platform == 'linux' and platform_machine == 'x86_64'",
    "sys_platform == 'linux' and platform_machine == 'aarch64'",
]
"""
HEADER = """\
# Written by `make lock`; do not edit. Installed by `make setup` with `pip install --require-hashes`.
"""


def uv_command() -> Path:
    """Return the locking tool, installed once into the cache outside the tree."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "inferloop" / UV.replace("==", "-")
    program = cache / "bin" / "uv"
    if not program.exists():
        venv.create(cache, with_pip=True, clear=True)
        subprocess.run([cache / "bin" / "python", "-m", "pip", "install", "--quiet", UV], check=True)
    return program


def resolve(program: Path, sources: list[str], current: Path) -> str:
    """Return the text of a lock; versions already locked stay unless UPGRADE=1 is set."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "lock.txt"
        if current.exists() and os.environ.get("UPGRADE") != "1":
            output.write_text(current.read_text())
        if current.name.startswith("image-"):
            (Path(folder) / "pyproject.toml").write_text(LINUX_ONLY)
        subprocess.run(
            [
                program,
                "pip",
                "compile",
                *(["--project", folder] if current.name.startswith("image-") else []),
                "--quiet",
                "--universal",
                "--python-version",
                "3.11",
                "--generate-hashes",
                "--no-header",
                "--no-emit-index-url",
                "--no-emit-find-links",
                "--annotation-style",
                "line",
                "--exclude-newer",
                os.environ.get("UV_EXCLUDE_NEWER", COOLING_OFF),
                "--only-binary",
                ":all:",
                *(f"--no-binary={name}" for name in SOURCE_ONLY),
                "--output-file",
                output,
                *sources,
            ],
            cwd=ROOT,
            check=True,
        )
        return re.sub(r"file://\S+", "", output.read_text())


def check_every_platform(program: Path, lock: Path) -> None:
    """Make sure that a lock can be installed by every Python on every platform, without installing it."""
    for python in PYTHONS:
        for platform in PLATFORMS:
            with tempfile.TemporaryDirectory() as folder:
                command: list[str | Path] = [
                    program,
                    "pip",
                    "install",
                    "--dry-run",
                    "--quiet",
                    "--require-hashes",
                    "--requirement",
                    lock,
                ]
                command += ["--only-binary", ":all:", *(f"--no-binary={name}" for name in SOURCE_ONLY)]
                command += ["--python-version", python, "--python-platform", platform, "--target", folder]
                subprocess.run(command, cwd=ROOT, check=True)
    print(f"lock: {lock.name} can be installed by Python {', '.join(PYTHONS)} on {', '.join(PLATFORMS)}")


def main() -> None:
    """Write every lock, and check the one that `make setup` installs."""
    program = uv_command()
    for name, sources in LOCKS.items():
        path = ROOT / name
        path.write_text(HEADER + resolve(program, sources, path))
        print(f"lock: wrote {name}")
    check_every_platform(program, ROOT / "requirements" / "dev.txt")


if __name__ == "__main__":
    main()
