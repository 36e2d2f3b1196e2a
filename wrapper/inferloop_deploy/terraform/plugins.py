"""Where terraform gets its provider plug-ins: a person's own settings, a mirror on this machine, or the registry.

Where the registry does not answer and no mirror holds a provider, a stand-in that `make providers` built is taken.

Mirrors have the layout of https://developer.hashicorp.com/terraform/cli/config/config-file#filesystem_mirror.
"""

from __future__ import annotations

import base64
import hashlib
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inferloop_deploy.programs import cache_folder
from inferloop_deploy.render.hcl import quote
from inferloop_deploy.render.write import replace_file
from inferloop_deploy.terraform.failures import PluginsMissing

HOST = "registry.terraform.io"
"""Host in the address of every provider used here, and so the name of the folder in a mirror."""
REGISTRY = f"https://{HOST}/.well-known/terraform.json"
PATIENCE = 3.0
"""Seconds to wait for the registry before a mirror on this machine is taken."""
STAND_INS = "providers"
"""Name, in our cache, of the mirror with the stand-ins of providers."""
USED = "INFERLOOP_STAND_INS"
"""The variable that says, to who asks which plug-ins a run uses, which of them are stand-ins."""


@dataclass(frozen=True)
class StandIn:
    """A plug-in that stands in for a provider, of the same version and with the same schema."""

    source: str
    version: str
    folder: Path

    def __str__(self) -> str:
        """Return what a run says about it."""
        return f"{self.source}: stand-in {self.version} (the registry does not answer)"


def registry_answers() -> bool:
    """Tell whether the registry can be reached from here."""
    try:
        with urllib.request.urlopen(REGISTRY, timeout=PATIENCE) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False


def plugin_environment(
    environ: Mapping[str, str],
    scratch: Path,
    answers: Callable[[], bool] = registry_answers,
    installed: Path = Path("/opt"),
) -> dict[str, str]:
    """Return what has to be added to the environment so that `terraform init` finds its plug-ins.

    In this order: a person's own CLI configuration is left alone; $TF_PLUGIN_MIRROR; a mirror on this machine where
    the registry does not answer, with our stand-ins for what no mirror holds; the registry, with a cache that all
    projects share. Files go into `scratch`.
    """
    added = {"CHECKPOINT_DISABLE": "1"}
    if own_configuration(environ) is not None:
        return added
    named = environ.get("TF_PLUGIN_MIRROR")
    if named and not is_mirror(Path(named)):
        raise PluginsMissing(
            f"TF_PLUGIN_MIRROR names {named}, which holds no folder {HOST}.",
            "Name the folder that `terraform providers mirror DIR` wrote, or unset it to use the registry.",
        )
    mirrors = [Path(named)] if named else mirrors_here(environ, installed)
    standing_in = [one for one in stand_ins(environ) if one.source not in held_by(mirrors)]
    if named or ((mirrors or standing_in) and not answers()):
        text = mirror_configuration(mirrors, standing_in)
        if standing_in:
            added[USED] = ";".join(map(str, standing_in))
        return {**added, "TF_CLI_CONFIG_FILE": str(_configuration(scratch, text))}
    if environ.get("TF_CLI_CONFIG_FILE"):  # it names a file that does not exist: terraform would warn at every run
        added["TF_CLI_CONFIG_FILE"] = str(_configuration(scratch, ""))
    if not environ.get("TF_PLUGIN_CACHE_DIR"):
        cache = cache_folder(environ) / "terraform-plugins"
        cache.mkdir(parents=True, exist_ok=True)
        added["TF_PLUGIN_CACHE_DIR"] = str(cache)
    return added


def own_configuration(environ: Mapping[str, str]) -> Path | None:
    """Return the CLI configuration that a person has, or None."""
    named = environ.get("TF_CLI_CONFIG_FILE")
    candidates = [Path(named)] if named else [_home(environ) / ".terraformrc", _home(environ) / ".tofurc"]
    return next((path for path in candidates if path.is_file()), None)


def is_mirror(folder: Path) -> bool:
    """Tell whether a folder has the layout of a mirror; one that may not be looked into has not."""
    try:
        return (folder / HOST).is_dir()
    except OSError:
        return False


def mirrors_here(environ: Mapping[str, str], installed: Path) -> list[Path]:
    """Return the mirrors on this machine: terraform's implied ones, then folders one level under `installed`."""
    folders = [*implied_mirrors(environ), *(sorted(installed.iterdir()) if installed.is_dir() else [])]
    return [folder for folder in folders if is_mirror(folder)]


def implied_mirrors(environ: Mapping[str, str], platform: str = sys.platform) -> list[Path]:
    """Return the folders that terraform itself takes for mirrors, in its order.

    https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
    """
    home = _home(environ)
    folders = [home / ".terraform.d" / "plugins"]
    if platform == "darwin":
        support = Path("Library/Application Support/io.terraform/plugins")
        return [*folders, home / support, Path("/") / support]
    data = environ.get("XDG_DATA_HOME") or str(home / ".local" / "share")
    shared = environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    return [*folders, *(Path(base) / "terraform" / "plugins" for base in [data, *shared.split(":")] if base)]


def stand_ins(environ: Mapping[str, str]) -> list[StandIn]:
    """Return the stand-ins on this machine: those that `make providers` made last, complete."""
    link = cache_folder(environ) / STAND_INS
    if not (link / ".complete").is_file():
        return []
    mirror = link.resolve()
    return [
        StandIn(f"{folder.parts[-4]}/{folder.parts[-3]}", folder.parts[-2], folder)
        for folder in sorted((mirror / HOST).glob("*/*/*/*"))
    ]


def held_by(mirrors: Sequence[Path]) -> set[str]:
    """Return the providers that some mirrors hold, such as hashicorp/aws."""
    return {f"{path.parent.name}/{path.name}" for mirror in mirrors for path in (mirror / HOST).glob("*/*")}


def mirror_configuration(mirrors: Sequence[Path], standing_in: Sequence[StandIn] = ()) -> str:
    """Return a CLI configuration that takes providers from these folders and from nowhere else."""
    included = [(mirror, [f"{HOST}/*/*"]) for mirror in mirrors]
    if standing_in:
        mirror = standing_in[0].folder.parents[4]
        included.append((mirror, [f"{HOST}/{one.source}" for one in standing_in]))
    blocks = "".join(
        f"  filesystem_mirror {{\n    path    = {quote(str(mirror))}\n"
        f"    include = [{', '.join(map(quote, include))}]\n  }}\n"
        for mirror, include in included
    )
    return f"provider_installation {{\n{blocks}}}\n"


def used_stand_ins(plugins: Mapping[str, str], sources: str) -> list[str]:
    """Return what a run has to say about the stand-ins that it uses.

    `plugins` is what plugin_environment returned, and `sources` the text of the root, which names its providers.
    """
    said = [one for one in plugins.get(USED, "").split(";") if one]
    return [one for one in said if f'"{one.partition(":")[0]}"' in sources]


def lock_with(lock: str, standing_in: Sequence[StandIn]) -> str:
    """Return a lock file that also admits these stand-ins, beside the real providers that it names.

    It is for a copy of a root only: the one that is committed holds the hashes of real providers and no others.
    """
    for one in standing_in:
        block = re.compile(
            rf'(provider "{re.escape(HOST)}/{re.escape(one.source)}" {{\n  version +=[^\n]*"{re.escape(one.version)}"\n'
            r"(?:  constraints[^\n]*\n)?  hashes = \[\n)(.*?)(  \])",
            re.DOTALL,
        )
        found = block.search(lock)
        if found is not None:
            hashes = sorted({*found[2].splitlines(keepends=True), f'    "{hash_of(one.folder)}",\n'})
            lock = lock[: found.start(2)] + "".join(hashes) + lock[found.end(2) :]
    return lock


def hash_of(package: Path) -> str:
    """Return terraform's `h1:` hash of an unpacked plug-in.

    The hash of Go's modules: https://pkg.go.dev/golang.org/x/mod/sumdb/dirhash#Hash1
    """
    files = sorted(str(path.relative_to(package)) for path in package.rglob("*") if path.is_file())
    lines = "".join(f"{hashlib.sha256((package / name).read_bytes()).hexdigest()}  {name}\n" for name in files)
    return "h1:" + base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or Path.home())


def _configuration(scratch: Path, text: str) -> Path:
    path = scratch / "terraform.tfrc"
    replace_file(path, text)
    return path.absolute()
