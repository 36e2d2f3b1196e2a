"""Build the generator's images, write their SBOM, and print their size by part.

Run through `make image` (ROLE=worker for the other one). What it leaves: the image in the builder's storage, and in
build/image/ the same as an OCI layout, with a CycloneDX bill of materials beside it.
"""

import argparse
import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import base as bases
import builders
import sbom
import sizes
from layout import Image, differences, read_image

ROOT = Path(__file__).resolve().parent.parent.parent
EFFORT = {"api": 9, "worker": 1}
"""Roles, and gzip's effort for each: the best saves three of a hundred bytes, and takes minutes for some GB."""
CERTIFICATES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
SCARCE = 2_000_000_000
"""Bytes; where a build fails with less than this free, a full disk is the likely cause."""
INTERRUPTED = 130
SHOWN = 20


class DifferentImageError(Exception):
    """A second build made another image; the text says where."""


def output_of(*command: str) -> str:
    """Return what a command prints, or nothing where it fails."""
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other build of this person runs: they share the base's archive and the folder of results."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("image: waiting for another build to end", file=sys.stderr, flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def source_date() -> int:
    """Return the time that labels name: SOURCE_DATE_EPOCH, or that of the last commit of what is built."""
    named = os.environ.get("SOURCE_DATE_EPOCH")
    return int(named or output_of("git", "log", "-1", "--format=%ct", "--", "generator", "requirements") or 0)


def revision() -> str:
    """Return the commit that the image is made from."""
    commit = output_of("git", "rev-parse", "HEAD") or "unknown"
    changed = output_of("git", "status", "--porcelain", "--", "generator", "requirements", ".containerignore")
    return f"{commit}-modified" if changed else commit


def pip_configuration(listing: str, certificate: Path | None) -> str:
    """Return a pip.conf with which pip in the build reaches the index that pip on this machine reaches."""
    wanted = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "retries")
    lines = ["[global]"]
    for line in listing.splitlines():
        name, _, value = line.partition("=")
        option = name.rpartition(".")[2]
        if option in wanted and name.startswith((":env:", "global.", "install.")):
            lines.append(f"{option} = {value.strip(chr(39))}")
    if certificate:
        lines.append("cert = /run/secrets/ca.pem")
    return "\n".join([*lines, ""])


def certificate_file() -> Path | None:
    """Return the file of certification authorities that this machine's programs are told to trust, if one is."""
    named = [os.environ[name] for name in CERTIFICATES if os.environ.get(name)]
    return Path(named[0]) if named and Path(named[0]).is_file() else None


def run(command: list[str]) -> None:
    """Run a command; interrupted, wait until it has ended too, so that nothing works on behind the person's back.

    Raises:
        CalledProcessError: it failed.
    """
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            status = process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            process.wait()
            raise
    if status:
        raise subprocess.CalledProcessError(status, command)


def build(
    builder: builders.Builder, options: argparse.Namespace, base: str, image: str, layout: Path, *, cached: bool
) -> Image:
    """Build one role's image and return it as read from an OCI layout."""
    with tempfile.TemporaryDirectory() as scratch:
        certificate = certificate_file()
        secrets = {"pip.conf": Path(scratch) / "pip.conf"}
        listing = output_of(sys.executable, "-m", "pip", "config", "list")
        secrets["pip.conf"].write_text(pip_configuration(listing, certificate))
        secrets["pip.conf"].chmod(0o600)
        if certificate:
            secrets["ca.pem"] = certificate
        epoch = source_date()
        wanted = builders.Wanted(
            role=options.role,
            tag=image,
            arguments={
                "BASE_IMAGE": base,
                **({"ENGINES_LOCK": options.engines_lock} if options.role == "worker" else {}),
            },
            labels={
                "version": tomllib.loads((ROOT / "generator/pyproject.toml").read_text())["project"]["version"],
                "revision": revision(),
                "created": datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
            secrets=secrets,
            cached=cached,
        )
        for command in builder.build(wanted, Path(scratch)):
            run(command)
        shutil.rmtree(layout, ignore_errors=True)
        layout.parent.mkdir(parents=True, exist_ok=True)
        for command in builder.export(image, layout, EFFORT[options.role]):
            run(command)
    return read_image(layout)


def arguments(words: list[str]) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="make image ARGS=...", description=__doc__)
    parser.add_argument("--role", choices=EFFORT, default="api")
    parser.add_argument("--tag", help="name of the image (localhost/inferloop-synthetic-ROLE:VERSION)")
    parser.add_argument("--builder", choices=[kind.name for kind in builders.KINDS], help="the first that works")
    parser.add_argument(
        "--base", default="auto", help="image that lends apt to the build; `packages` makes one from Debian's packages"
    )
    parser.add_argument("--storage", type=Path, help="where buildah or podman keep images, instead of their own place")
    parser.add_argument("--output", type=Path, default=ROOT / "build/image", help="folder of the layout and the SBOM")
    parser.add_argument(
        "--engines-lock", default="engines", help="lock in requirements/ that the worker's engines come from"
    )
    parser.add_argument("--no-cache", action="store_true", help="run every step again")
    parser.add_argument("--twice", action="store_true", help="build again from nothing, and fail where that differs")
    return parser.parse_args(words)


def make(options: argparse.Namespace) -> None:
    """Build, write, print."""
    builder = builders.find(options.builder, options.storage)
    for command in builder.tidy():
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    base = bases.provide(builder, options.base)
    version = tomllib.loads((ROOT / "generator/pyproject.toml").read_text())["project"]["version"]
    name = options.tag or f"localhost/inferloop-synthetic-{options.role}:{version}"
    layout = options.output / options.role
    image = build(builder, options, base, name, layout, cached=not options.no_cache)
    bill = layout.with_name(f"{options.role}.cdx.json")
    bill.write_text(sbom.render(image, name, source_date()))
    print(sizes.table(image))
    print(f"image: {name} {image.digest}")
    print(f"image: {image.compressed / 1e6:.1f} MB compressed, in {len(image.layers)} layers")
    print(f"image: layout {layout}, SBOM {bill}")
    if options.twice:
        with tempfile.TemporaryDirectory() as scratch:
            again = build(builder, options, base, f"{name}-again", Path(scratch) / options.role, cached=False)
            if found := differences(image, again):
                raise DifferentImageError(
                    f"built again from nothing it differs ({again.digest}): {', '.join(found[:SHOWN])}"
                )
        print("image: built again from nothing it has the same layers and settings")


def shortage(places: list[Path]) -> str:
    """Return a sentence about the first place whose disk is as good as full, or nothing."""
    for place in places:
        there = next(folder for folder in [place, *place.parents] if folder.exists())
        free = shutil.disk_usage(there).free
        if free < SCARCE:
            return f"; {there} has {free / 1e6:.0f} MB free, and a build needs some GB: make room, then build again"
    return ""


def main(words: list[str]) -> int:
    """Build one image after the other, and say what went wrong."""
    options = arguments(words)
    try:
        with alone(bases.cache_folder()):
            make(options)
    except (builders.BuilderError, bases.BaseError, DifferentImageError) as problem:
        print(f"image: {problem}", file=sys.stderr)
        return 1
    except (subprocess.CalledProcessError, OSError) as problem:
        said = str(problem)
        if isinstance(problem, subprocess.CalledProcessError):
            said = f"this failed (exit {problem.returncode}): {' '.join(map(str, problem.cmd))}"
        places = [
            options.storage or (Path.home() if os.geteuid() else Path("/var/lib/containers")),
            bases.cache_folder(),
            Path(tempfile.gettempdir()),
            options.output,
        ]
        print(f"image: {said}{shortage(places)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("image: interrupted; steps that ended are kept, and the next build goes on from there", file=sys.stderr)
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
