"""Remove from an installed environment what a container never reads, and compile the rest.

    /opt/inferloop/bin/python slim.py /opt/inferloop

Runs in a build stage. Each rule says why nothing misses what it removes; tests/generator/container imports every module that is
left. What an installer recorded about a package (RECORD) is brought into line, so that a scanner finds what it expects.
"""

import csv
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Rule:
    """Paths below site-packages that are removed, and why nothing misses them."""

    reason: str
    patterns: tuple[str, ...]
    kept: re.Pattern[str] = re.compile("(?!)")


RULES = (
    Rule(
        "test suites",
        (
            "**/tests",
            "*/test",
            "pyarrow/_pyarrow_cpp_tests*",
            "sklearn/utils/_test_common",
            "sqlalchemy/testing",
            "alembic/testing",
        ),
    ),
    Rule("for compiling against", ("**/include", "**/*.pyx", "**/*.pxd", "**/*.pxi", "**/*.pyi", "**/*.a")),
    Rule("sources in C and C++", ("**/*.c", "**/*.cc", "**/*.cpp", "**/*.h", "**/*.hpp", "**/*.cu", "**/*.cuh", "pyarrow/src")),
    Rule(
        "Arrow's RPC, S3 client and Hadoop's formats: the API is ours, obstore reads object stores",
        ("pyarrow/*flight*", "pyarrow/*_s3*", "pyarrow/*_orc.*", "pyarrow/*_hdfs.*", "pyarrow/*gandiva*"),
    ),
    Rule("example data", ("sklearn/datasets/data", "sklearn/datasets/images", "scipy/datasets")),
    Rule(
        "names and streets in languages that the generators do not write",
        ("mimesis/datasets/*",),
        kept=re.compile(r"en|int|global|__init__\.py"),
    ),
    Rule(
        "colours for programming languages: Rich shows Python, JSON and YAML",
        ("pygments/lexers/*.py",),
        kept=re.compile(r"_.*|python\.py|data\.py|special\.py|console\.py|diff\.py"),
    ),
    Rule(
        "descriptions of AWS's services: only credentials are asked of it, by STS",
        ("botocore/data/*",),
        kept=re.compile(r"_retry\.json|endpoints\.json(\.gz)?|partitions\.json|sdk-default-configuration\.json|sts"),
    ),
    Rule("where our wheel lay while it was installed", ("*.dist-info/direct_url.json",)),
    Rule("for makers of packages and tests", ("numpy/_pyinstaller", "**/conftest.py")),
)
STRIPPED = tuple(
    f"{package}/**/*.so*"
    for package in (
        "cryptography",
        "httptools",
        "numpy",
        "obstore",
        "pyarrow",
        "scipy",
        "sklearn",
        "sqlalchemy",
        "uvloop",
        "yaml",
    )
)
"""Libraries published with symbols for debuggers. Those in *.libs stay as they are: their publishers moved parts about in them
(patchelf), which strip may damage."""
KEPT_PROGRAMS = re.compile(r"python[0-9.]*|inferloop-synthetic|ray")
"""Programs that stay in bin/; the others are libraries' conveniences."""


def remove(path: Path) -> None:
    """Remove a file or a folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def unversioned(site: Path) -> list[Path]:
    """Return copies of shared libraries: a wheel cannot hold links, so `x.so`, `x.so.1` and `x.so.1.2` are three copies.

    The loader asks for the name in the library itself (SONAME), the one with one number, and the others are left over.
    """
    copies = []
    for library in site.glob("pyarrow/lib*.so.*"):
        stem, _, version = library.name.partition(".so.")
        if re.fullmatch(r"[0-9]+", version):
            copies += [path for path in library.parent.glob(f"{stem}.so*") if path != library]
    return copies


def mend_record(record: Path, site: Path) -> None:
    """Take files that are gone out of the list of a package's files."""
    with record.open(newline="") as handle:
        rows = [row for row in csv.reader(handle) if row and (site / row[0]).exists()]
    with record.open("w", newline="") as handle:
        csv.writer(handle, lineterminator="\n").writerows(rows)


def main(environment: Path) -> None:
    """Apply the rules, mend the records, compile."""
    (site,) = environment.glob("lib/python3*/site-packages")
    for rule in RULES:
        for pattern in rule.patterns:
            for path in sorted(site.glob(pattern)):
                if not rule.kept.fullmatch(path.name):
                    remove(path)
    for path in unversioned(site):
        remove(path)
    for pattern in STRIPPED:
        for path in sorted(site.glob(pattern)):
            subprocess.run(["strip", "--strip-unneeded", path], check=True)
    for path in (environment / "bin").iterdir():
        if not KEPT_PROGRAMS.fullmatch(path.name):
            remove(path)
    for record in sorted(site.glob("*.dist-info/RECORD")):
        mend_record(record, site)
    # The compiled files name a hash of their source, not its time, so that they are the same in every build; `unchecked`, as
    # the file system is read-only.
    command = [sys.executable, "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash", site]
    subprocess.run(command, check=True)
    for path in environment.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" or path.stat().st_mode & 0o100 else 0o644)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
