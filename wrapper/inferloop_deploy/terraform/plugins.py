"""Where terraform gets its provider plug-ins: a person's own settings, a mirror on this machine, or the registry.

Mirrors have the layout of https://developer.hashicorp.com/terraform/cli/config/config-file#filesystem_mirror.
"""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from inferloop_deploy.render.hcl import quote
from inferloop_deploy.render.write import replace_file
from inferloop_deploy.terraform.failures import PluginsMissing

HOST = "registry.terraform.io"
"""Host in the address of every provider used here, and so the name of the folder in a mirror."""
REGISTRY = f"https://{HOST}/.well-known/terraform.json"
PATIENCE = 3.0
"""Seconds to wait for the registry before a mirror on this machine is taken."""


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
    the registry does not answer; the registry, with a cache that all projects share. Files go into `scratch`.
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
    if mirrors and (named or not answers()):
        return {**added, "TF_CLI_CONFIG_FILE": str(_configuration(scratch, mirror_configuration(mirrors)))}
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


def mirror_configuration(mirrors: list[Path]) -> str:
    """Return a CLI configuration that takes providers from these folders and from nowhere else."""
    blocks = "".join(
        f"  filesystem_mirror {{\n    path    = {quote(str(mirror))}\n    include = [{quote(f'{HOST}/*/*')}]\n  }}\n"
        for mirror in mirrors
    )
    return f"provider_installation {{\n{blocks}}}\n"


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder for what is kept outside the tree: `${XDG_CACHE_HOME:-~/.cache}/inferloop`."""
    return Path(environ.get("XDG_CACHE_HOME") or _home(environ) / ".cache") / "inferloop"


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or Path.home())


def _configuration(scratch: Path, text: str) -> Path:
    path = scratch / "terraform.tfrc"
    replace_file(path, text)
    return path.absolute()
