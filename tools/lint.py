"""Run every check of the source, report all that fail, and end with 1 where one did.

Run through `make lint`; `make lint ARGS=ruff` runs the checks whose name begins so.
"""

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PYTHON = sys.executable


@dataclass(frozen=True)
class Check:
    """A command that ends with 0 where all is well."""

    name: str
    command: list[str]
    fix: str
    folder: Path = ROOT


def tool(name: str, *arguments: str) -> list[str]:
    """Return the command line of a program of the environment or, where it has none, of the system."""
    return [str(BIN / name) if (BIN / name).exists() else name, *arguments]


def shell_scripts() -> list[str]:
    """Return the tracked files that are shell scripts."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    names = [name for name in listing.stdout.splitlines() if (ROOT / name).is_file()]
    return [name for name in names if name.endswith(".sh") or _starts_a_shell(ROOT / name)]


def _starts_a_shell(path: Path) -> bool:
    with path.open("rb") as handle:
        first = handle.readline(80)
    return first.startswith(b"#!") and first.rstrip().endswith((b"sh", b"bash"))


def checks() -> list[Check]:
    """Return every check in the order in which they run: the quick ones first."""
    return [
        Check("forbidden strings", [PYTHON, "tools/check_forbidden.py"], "see each message"),
        Check("ruff check", tool("ruff", "check", "--quiet", "."), "make format mends most of it"),
        Check("ruff format", tool("ruff", "format", "--check", "--quiet", "."), "make format"),
        Check(
            "terraform fmt",
            [PYTHON, "tools/need_terraform.py", "fmt", "-check", "-recursive", "-diff", "modules", "providers"],
            "make format",
        ),
        Check("yamllint", tool("yamllint", "--strict", "."), "see each message"),
        Check("shellcheck", tool("shellcheck", *shell_scripts()), "see each message"),
        Check("hadolint", tool("hadolint", "generator/Containerfile"), "see each message"),
        Check("pre-commit configuration", tool("pre-commit", "validate-config"), "see each message"),
        Check("schemas", tool("inferloop-deploy", "schema", "--check"), "make golden"),
        Check("dashboards", [PYTHON, "tools/dashboards/write.py", "--check"], "make golden"),
        Check("reference pages", [PYTHON, "tools/reference", "--check"], "make golden"),
        Check(
            "documentation site", tool("mkdocs", "build", "--strict", "--site-dir", "build/site"), "see each message"
        ),
        Check("mypy wrapper and tools", tool("mypy", "wrapper", "tools"), "see each message"),
        Check("mypy generator", tool("mypy"), "see each message", ROOT / "generator"),
    ]


def passes(check: Check) -> bool:
    """Run one check, print its outcome and, where it failed, its output."""
    start = time.monotonic()
    if shutil.which(check.command[0]) is None:
        print(f"lint: {check.name:26} FAILED: there is no {check.command[0]}; install it with the system's packages")
        return False
    outcome = subprocess.run(
        check.command, cwd=check.folder, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    seconds = time.monotonic() - start
    print(f"lint: {check.name:26} {'ok' if outcome.returncode == 0 else 'FAILED'} ({seconds:.1f} s)", flush=True)
    if outcome.returncode:
        print(outcome.stdout.rstrip(), f"lint: to mend it: {check.fix}", sep="\n", flush=True)
    return outcome.returncode == 0


def main(prefixes: list[str]) -> int:
    """Run the checks whose names begin with one of the prefixes, or all."""
    chosen = [check for check in checks() if not prefixes or check.name.startswith(tuple(prefixes))]
    failed = [check.name for check in chosen if not passes(check)]
    if failed:
        print(f"lint: {len(failed)} of {len(chosen)} checks failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
