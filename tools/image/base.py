"""The image that lends apt to the build: pulled from a registry, or made from Debian's packages."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from builders import Builder

REFERENCE = "debian:trixie-slim"
MADE = "localhost/inferloop-debian:trixie"
SUITE = "trixie"
PULL_SECONDS = 60
RECIPE = "FROM scratch\nADD base.tar /\n"
SITES = "$(ORIGIN) $(SITE) $(CODENAME) $(COMPONENT)"


class BaseError(Exception):
    """There is no base image; the text says why and what to do."""


@dataclass(frozen=True)
class Source:
    """Where apt finds a suite of Debian."""

    site: str
    suite: str

    def line(self) -> str:
        """Return the line of sources.list."""
        return f"deb {self.site} {self.suite} main"


def cache_folder() -> Path:
    """Return the folder outside the tree where the base is kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "inferloop" / "image-base"


def sources(listing: str, suite: str) -> list[Source]:
    """Return where a suite is found, from the mirrors that this machine's apt uses for its own Debian.

    Of `apt-get indextargets --format '$(ORIGIN) $(SITE) $(CODENAME) $(COMPONENT)'`. Security fixes have a site of
    their own.
    """
    found: dict[str, str] = {}
    for line in listing.splitlines():
        origin, site, codename, component = [*line.split(), "", "", "", ""][:4]
        if origin == "Debian" and component == "main":
            found.setdefault("-security" if codename.endswith("-security") else "", site)
    return [Source(site, f"{suite}{kind}") for kind, site in sorted(found.items())]


def made_from_packages(folder: Path) -> Path:
    """Return the archive of a minimal Debian."""
    archive = folder / "base.tar"
    if archive.exists():
        return archive
    if shutil.which("mmdebstrap") is None:
        raise BaseError(
            "no image registry is reachable, and making a base needs mmdebstrap: apt-get install mmdebstrap, "
            "or name an image that is here: make image BASE=NAME"
        )
    listing = subprocess.run(
        ["apt-get", "indextargets", "--format", SITES, "Created-By: Packages"],
        check=False,
        capture_output=True,
        text=True,
    ).stdout
    lines = [source.line() for source in sources(listing, SUITE)]
    if not lines:
        raise BaseError(
            "apt on this machine knows no mirror of Debian (run apt-get update); or name an image: BASE=NAME"
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Containerfile").write_text(RECIPE)
    unfinished = folder / "unfinished.tar"
    print(f"image: making a base from Debian's packages: {', '.join(lines)}", flush=True)
    command = ["mmdebstrap", "--quiet", "--variant=apt", "--include=ca-certificates", SUITE, str(unfinished), *lines]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise BaseError(f"mmdebstrap failed:\n{done.stderr.strip()}")
    unfinished.rename(archive)
    return archive


def provide(builder: Builder, wanted: str) -> str:
    """Return the name of a base image that the builder has.

    `wanted` is an image's name, `packages` (made from Debian's packages) or `auto` (pulled, or made where that fails).

    Raises:
        BaseError: it can neither be pulled nor made.
    """
    if wanted not in {"auto", "packages"}:
        return wanted
    if wanted == "auto" and _works(builder.has(REFERENCE)):
        return REFERENCE
    if _works(builder.has(MADE)):
        return MADE
    if wanted == "auto" and _works(builder.pull(REFERENCE)):
        return REFERENCE
    archive = made_from_packages(cache_folder())
    for command in builder.load(archive, MADE):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return MADE


def _works(command: list[str]) -> bool:
    try:
        done = subprocess.run(
            command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=PULL_SECONDS
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
