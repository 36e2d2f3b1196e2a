"""Make all that tests on a control plane need, once, and print the folder of the programs.

The pinned programs are built from the Go module proxy; with arguments such as `helm kubectl` only these. Custom
resource definitions are fetched, and a control plane is started once to take them into use: from its state others
start at once, and from what it says of itself the schemas are made.

Programs go into ${XDG_CACHE_HOME:-~/.cache}/inferloop/kubernetes-<digest of the pins>/bin, each in one step when it is
complete, so that a build that was ended midway leaves nothing half-used. Run through `make cluster-tools`.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import go_build
from go_build import BuildFailed

from inferloop_deploy.programs import (
    MODULES,
    Program,
    built,
    crds_folder,
    prepared_folder,
    programs_folder,
    read_programs,
    record_of,
)

ROOT = Path(__file__).resolve().parent.parent.parent
ROOM = 8 * 1024**3
"""Bytes that a build of everything takes while it runs."""
SCRATCH = ".building-"


def chosen(programs: Sequence[Program], names: Sequence[str]) -> list[Program]:
    """Return the programs of these groups or names, in order; without a name all that are not on demand."""
    known = {program.group for program in programs} | {program.name for program in programs}
    unknown = sorted(set(names) - known)
    if unknown:
        raise BuildFailed(f"There is no program or group {', '.join(unknown)}. There are: {', '.join(sorted(known))}.")
    if not names:
        return [program for program in programs if not program.on_demand]
    return [program for program in programs if {program.group, program.name} & set(names)]


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[int]:
    """Wait until no other process builds into this folder; yields the lock's file handle."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f".{folder.name}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("kubernetes: another process builds these programs; waiting for it", file=sys.stderr, flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        for left in folder.parent.glob(f".{folder.name}-*"):
            shutil.rmtree(left, ignore_errors=True)  # of one that was killed
        yield handle.fileno()


def take_over(folder: Path, program: Program) -> bool:
    """Link a program that another set of pins has built already, from the very same pins of its own."""
    for other in sorted(folder.parent.glob("kubernetes-*")):
        if other != folder and built(other, program):
            install(folder, program, other / "bin" / program.name)
            return True
    return False


def install(folder: Path, program: Program, made: Path) -> None:
    """Put a finished program into place in one step, and then the record that says that it is complete."""
    target, record = folder / "bin" / program.name, record_of(folder, program)
    for place in (target, record):
        place.parent.mkdir(parents=True, exist_ok=True)
    link = target.with_name(f".{program.name}.new")
    link.unlink(missing_ok=True)
    os.link(made, link)
    link.replace(target)
    with target.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
        os.fsync(handle.fileno())
    facts = {
        "key": program.key,
        "version": program.module.version,
        "size": target.stat().st_size,
        "sha256": digest,
    }
    new = record.with_suffix(".new")
    new.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    new.replace(record)


def damaged(folder: Path, program: Program) -> bool:
    """Tell whether a program is another one than was installed: its length is looked at always, its hash only here."""
    record = json.loads(record_of(folder, program).read_text(encoding="utf-8"))
    with (folder / "bin" / program.name).open("rb") as handle:
        return bool(hashlib.file_digest(handle, "sha256").hexdigest() != record["sha256"])


def copy_files(go: str, folder: Path, programs: Sequence[Program], environ: dict[str, str], lock: int) -> None:
    """Copy what the programs need beside them out of their modules."""
    for module in {program.module.name: program.module for program in programs if program.module.files}.values():
        target = folder / "files" / module.name
        if sorted(path.name for path in target.glob("*")) == sorted(Path(name).name for name in module.files):
            continue
        source = go_build.module_folder(go, module, environ, [lock])
        new = folder / "files" / f".{module.name}.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        for name in module.files:
            shutil.copyfile(source / name, new / Path(name).name)
        shutil.rmtree(target, ignore_errors=True)
        new.replace(target)


def complete(folder: Path, programs: Sequence[Program]) -> bool:
    """Tell whether everything lies in the folder that these programs are and need."""
    wanted = [folder / "files" / one.module.name / Path(name).name for one in programs for name in one.module.files]
    return all(built(folder, program) for program in programs) and all(path.is_file() for path in wanted)


def build(folder: Path, programs: Sequence[Program], lock: int) -> None:
    """Build what is not there yet."""
    for left in folder.glob(f"{SCRATCH}*"):
        shutil.rmtree(left, ignore_errors=True)
    missing = [one for one in programs if not built(folder, one) and not take_over(folder, one)]
    go = go_build.find_go([program.module for program in programs], os.environ)
    if missing and go_build.free_bytes(folder) < ROOM:
        print(
            f"kubernetes: less than {ROOM // 1024**3} GB are free at {folder}: the disk may become full",
            file=sys.stderr,
        )
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=folder) as scratch:
        environ = go_build.build_environment(os.environ, Path(scratch))
        copy_files(go, folder, programs, environ, lock)
        for number, program in enumerate(missing, 1):
            name = f"{program.name} {program.module.version}"
            print(f"kubernetes: building {name} ({number} of {len(missing)})", file=sys.stderr, flush=True)
            start = time.monotonic()
            made = Path(scratch) / program.name
            go_build.run(go_build.build_command(go, program, made), program.module.folder, environ, [lock])
            install(folder, program, made)
            made.unlink()
            megabytes = (folder / "bin" / program.name).stat().st_size / 1e6
            print(
                f"kubernetes: {name} built in {time.monotonic() - start:.0f} s, {megabytes:.0f} MB",
                file=sys.stderr,
                flush=True,
            )


def fetch_definitions(folder: Path) -> None:
    """Fetch the custom resource definitions where they are not there."""
    from crds import install_definitions, read_sources

    with alone(folder) as lock:
        if folder.is_dir():
            return
        sources = read_sources((ROOT / MODULES / "crds.toml").read_text(encoding="utf-8"))
        print(f"kubernetes: fetching definitions of {len(sources)} projects", file=sys.stderr, flush=True)
        install_definitions(go_build.find_go([], os.environ), sources, folder, os.environ, [lock])


def is_prepared() -> bool:
    """Tell whether definitions, state and schemas are there; each folder is put into place when it is complete."""
    return crds_folder(ROOT).is_dir() and prepared_folder(ROOT).is_dir()


def make_prepared(folder: Path) -> None:
    """Start a control plane once, for its state and its schemas, where these are not there."""
    from prepare import prepare

    definitions = crds_folder(ROOT)
    if not definitions.is_dir():
        fetch_definitions(definitions)
    with alone(folder):
        if not folder.is_dir():
            print("kubernetes: a control plane takes the definitions into use, once", file=sys.stderr, flush=True)
            prepare(ROOT, definitions, folder)


def main(arguments: Sequence[str]) -> int:
    """Build what is asked for and print the folder; return 1 where something cannot be built."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a program or a group of them")
    parser.add_argument("--verify", action="store_true", help="compare the hash of each with that after its build")
    options = parser.parse_args(arguments)
    programs = read_programs(ROOT)
    folder = programs_folder(programs)
    try:
        wanted = chosen(programs, options.names)
        if options.verify:
            with alone(folder):
                for program in [one for one in wanted if built(folder, one) and damaged(folder, one)]:
                    print(f"kubernetes: {program.name} has changed since it was built; it is built again")
                    record_of(folder, program).unlink()
        if not complete(folder, wanted):
            with alone(folder) as lock:
                if not complete(folder, wanted):
                    build(folder, wanted, lock)
        if not options.names and not is_prepared():
            make_prepared(prepared_folder(ROOT))
    except BuildFailed as problem:
        print(f"kubernetes: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("kubernetes: interrupted; what is complete stays, the next run goes on from there", file=sys.stderr)
        return 130
    except OSError as problem:
        print(f"kubernetes: {problem.strerror}: {problem.filename or folder}", file=sys.stderr)
        return 1
    print(folder / "bin")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
