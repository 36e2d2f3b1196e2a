"""Install the pinned tools of tools/tools.toml into .tools/, each file checked against its SHA-256.

Run through `make tools`. A release file that lies in the download cache already is used instead of the network, so a
machine without a way out can be given the file by hand.
"""

import argparse
import hashlib
import os
import platform
import shutil
import sys
import tempfile
import tomllib
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


class InstallError(Exception):
    """A tool cannot be installed; the text says why and what to do."""


@dataclass(frozen=True)
class Tool:
    """One release file of a tool, for one platform."""

    name: str
    version: str
    url: str
    member: str
    sha256: str

    @property
    def file_name(self) -> str:
        """Return the name of the release file."""
        return self.url.rsplit("/", 1)[1]


def this_platform(system: str, machine: str) -> str:
    """Return the platform as the release files name it, such as linux_amd64."""
    return f"{system.lower()}_{MACHINES.get(machine.lower(), machine.lower())}"


def read_tools(text: str, where: str) -> list[Tool]:
    """Return the tools that the pin file offers for a platform."""
    tools = []
    for name, entry in tomllib.loads(text).items():
        if where not in entry["sha256"]:
            accepted = ", ".join(sorted(entry["sha256"]))
            raise InstallError(f"{name} {entry['version']} is not pinned for {where} (only for {accepted})")
        url = entry["url"].format(version=entry["version"], platform=where)
        tools.append(Tool(name, entry["version"], url, entry["member"], entry["sha256"][where]))
    return tools


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def fetch(tool: Tool, cache: Path) -> Path:
    """Return the tool's release file in the cache, downloaded where it is not there, with its checksum right."""
    kept = cache / tool.file_name
    if kept.exists() and checksum(kept) == tool.sha256:
        return kept
    cache.mkdir(parents=True, exist_ok=True)
    print(f"tools: downloading {tool.url}")
    with tempfile.NamedTemporaryFile(dir=cache, suffix=".part") as part:
        try:
            with urllib.request.urlopen(tool.url, timeout=60) as response:
                shutil.copyfileobj(response, part)
        except (urllib.error.URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise InstallError(
                f"{tool.url} cannot be fetched ({reason}).\n"
                f"Either put {tool.file_name} into {cache} by hand and run `make tools` again,\n"
                f"or install {tool.name} >= 1.10 (or OpenTofu) your own way, so that `{tool.name}` is on the PATH,\n"
                f"or name the program: export INFERLOOP_TERRAFORM=/path/to/{tool.name}"
            ) from None
        part.flush()
        found = checksum(Path(part.name))
        if found != tool.sha256:
            raise InstallError(
                f"{tool.url} has SHA-256 {found}, but tools/tools.toml pins {tool.sha256}.\n"
                "Nothing was installed. Is a proxy changing downloads? Compare the sum with the publisher's."
            )
        shutil.copyfile(part.name, kept)
    return kept


def unpack(tool: Tool, archive: Path, folder: Path) -> Path:
    """Put the tool's program into the folder in one step and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / tool.name
    with zipfile.ZipFile(archive) as content, tempfile.NamedTemporaryFile(dir=folder, delete=False) as unpacked:
        with content.open(tool.member) as source:
            shutil.copyfileobj(source, unpacked)
        os.chmod(unpacked.name, 0o755)  # noqa: PTH101, S103 - a program, run by everyone
        os.replace(unpacked.name, program)  # noqa: PTH105
    return program


def install(tool: Tool, folder: Path, cache: Path) -> None:
    """Install one tool unless the folder has this very release already."""
    stamp = folder / f".{tool.name}.sha256"
    if (folder / tool.name).exists() and stamp.exists() and stamp.read_text() == tool.sha256:
        print(f"tools: {tool.name} {tool.version} is in {folder} already")
        return
    program = unpack(tool, fetch(tool, cache), folder)
    stamp.write_text(tool.sha256)
    print(f"tools: {tool.name} {tool.version} installed as {program}")


def main(arguments: list[str]) -> int:
    """Install every tool; return 1 where one could not be installed."""
    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pins", type=Path, default=ROOT / "tools" / "tools.toml")
    parser.add_argument("--folder", type=Path, default=ROOT / ".tools")
    parser.add_argument("--cache", type=Path, default=cache_home / "inferloop" / "downloads")
    options = parser.parse_args(arguments)
    try:
        for tool in read_tools(options.pins.read_text(), this_platform(platform.system(), platform.machine())):
            install(tool, options.folder, options.cache)
    except InstallError as problem:
        print(f"tools: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
