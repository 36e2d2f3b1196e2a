"""Build the generator's images, write their SBOM, and print their size by part.

Run through `make image` (ROLE=worker for the other one). What it leaves: the image in the builder's storage, and in
build/image/ the same as an OCI layout, with a CycloneDX bill of materials beside it.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import base as bases
import builders
import sbom
import sizes
from layout import Image, read_image

ROOT = Path(__file__).resolve().parent.parent.parent
ROLES = ("api", "worker")
CERTIFICATES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


def output_of(*command: str) -> str:
    """Return what a command prints, or nothing where it fails."""
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def source_date() -> int:
    """Return the time that the image bears: SOURCE_DATE_EPOCH or that of the last commit of what it is made from."""
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


def build(builder: builders.Builder, options: argparse.Namespace, base: str, image: str, layout: Path) -> Image:
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
            epoch=epoch,
            arguments={
                "BASE_IMAGE": base,
                "SOURCE_DATE_EPOCH": str(epoch),
                "VERSION": tomllib.loads((ROOT / "generator/pyproject.toml").read_text())["project"]["version"],
                "REVISION": revision(),
                "CREATED": datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
            secrets=secrets,
            cached=not options.no_cache,
        )
        subprocess.run(builder.build(wanted), cwd=ROOT, check=True)
        shutil.rmtree(layout, ignore_errors=True)
        layout.parent.mkdir(parents=True, exist_ok=True)
        for command in builder.export(image, layout):
            subprocess.run(command, check=True)
    return read_image(layout)


def arguments(words: list[str]) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="make image ARGS=...", description=__doc__)
    parser.add_argument("--role", choices=ROLES, default="api")
    parser.add_argument("--tag", help="name of the image (localhost/inferloop-synthetic-ROLE:VERSION)")
    parser.add_argument("--builder", choices=[kind.name for kind in builders.KINDS], help="the first that works")
    parser.add_argument(
        "--base", default="auto", help="image that lends apt to the build; `packages` makes one from Debian's packages"
    )
    parser.add_argument("--storage", type=Path, help="where buildah or podman keep images, instead of their own place")
    parser.add_argument("--output", type=Path, default=ROOT / "build/image", help="folder of the layout and the SBOM")
    parser.add_argument("--no-cache", action="store_true", help="run every step again")
    return parser.parse_args(words)


def main(words: list[str]) -> int:
    """Build, write, print."""
    options = arguments(words)
    try:
        builder = builders.find(options.builder, options.storage)
        base = bases.provide(builder, options.base)
        version = tomllib.loads((ROOT / "generator/pyproject.toml").read_text())["project"]["version"]
        name = options.tag or f"localhost/inferloop-synthetic-{options.role}:{version}"
        layout = options.output / options.role
        image = build(builder, options, base, name, layout)
        bill = layout.with_name(f"{options.role}.cdx.json")
        bill.write_text(sbom.render(image, name, source_date()))
        print(sizes.table(image))
        print(f"image: {name} {image.digest}")
        print(f"image: {image.compressed / 1e6:.1f} MB compressed, in {len(image.layers)} layers")
        print(f"image: layout {layout}, SBOM {bill}")
    except (builders.BuilderError, bases.BaseError) as problem:
        print(f"image: {problem}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as problem:
        print(f"image: this failed (exit {problem.returncode}): {' '.join(map(str, problem.cmd))}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
