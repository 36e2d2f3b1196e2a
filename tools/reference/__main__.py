"""Write the reference pages of the documentation, or with `--check` tell which ones are out of date.

Run through `make docs` and `make lint`.
"""

import difflib
import json
import sys
from pathlib import Path

import typer
from checks_page import checks_page
from cli_page import cli_page
from decisions_page import decisions_page
from markdown_text import GENERATED
from module_pages import index_page, module_page, page_path
from schema_page import schema_page
from settings_page import settings_page
from terraform_files import module_folders, read_module

from inferloop_deploy.cli import build
from inferloop_deploy.config.checks import RULES
from inferloop_deploy.config.environment import Environment
from inferloop_deploy.sandbox.gaps import CATALOGUE
from inferloop_deploy.sandbox.page import page as sandbox_page
from inferloop_synthetic.cli.app import build_app
from inferloop_synthetic.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
SERVICE_CONFIG = (
    "What a service team writes in `services/SERVICE/deployment-config.yaml`. Everything but the fields marked "
    "*required* may be left out. `inferloop-deploy explain PATH` tells the same on the command line."
)
ENVIRONMENT = (
    "What the platform team writes in `environments/ENV/environment.yaml` and `environments/ENV/CLOUD.yaml`. Both "
    "files have this form; the cloud's file is laid over the environment's, and *required* fields may stand in either."
)


def configuration_pages() -> dict[Path, str]:
    """Return the references of the two kinds of file that people write."""
    schema = json.loads((ROOT / "schemas" / "service-config.schema.json").read_text())
    overrides = {"PartialSpec": "#spec", "PartialMetadata": "#metadata"}
    environment = Environment.model_json_schema(by_alias=True)
    return {
        REFERENCE / "service-config.md": schema_page(
            "ServiceConfig", SERVICE_CONFIG, schema, "`schemas/service-config.schema.json`", overrides
        ),
        REFERENCE / "environment.md": schema_page(
            "Environment", ENVIRONMENT, environment, "the model of an environment", {"Spec": "service-config.md#spec"}
        ),
    }


def pages() -> dict[Path, str]:
    """Return the text of every reference page by its path."""
    modules = [read_module(folder, name) for name, folder in module_folders(ROOT).items()]
    paths = {module.name: page_path(module.name) for module in modules}
    written = {REFERENCE / paths[module.name]: module_page(module, paths) for module in modules}
    written[REFERENCE / "modules" / "index.md"] = index_page(modules)
    written |= configuration_pages()
    written[REFERENCE / "checks.md"] = checks_page(RULES)
    written[REFERENCE / "sandbox.md"] = GENERATED.format(source="the sandbox's gaps") + sandbox_page(CATALOGUE)
    written[REFERENCE / "cli.md"] = cli_page(typer.main.get_command(build()), "inferloop-deploy")
    written[REFERENCE / "generator-cli.md"] = cli_page(typer.main.get_command(build_app()), "inferloop-synthetic")
    written[REFERENCE / "generator-settings.md"] = settings_page(Settings, PREFIX)
    written[ROOT / "docs" / "decisions" / "index.md"] = decisions_page(ROOT / "docs" / "decisions")
    return written


def strays(wanted: set[Path]) -> list[Path]:
    """Return the pages of modules that are no longer there."""
    return sorted(set((REFERENCE / "modules").glob("*.md")) - wanted)


def check(wanted: dict[Path, str]) -> int:
    """Print what is out of date; return 1 where something is."""
    stale = 0
    for path, text in wanted.items():
        there = path.read_text() if path.exists() else ""
        if there != text:
            stale = 1
            name = str(path.relative_to(ROOT))
            print(
                *list(difflib.unified_diff(there.splitlines(), text.splitlines(), name, "wanted", n=0))[:12], sep="\n"
            )
    for path in strays(set(wanted)):
        stale = 1
        print(f"{path.relative_to(ROOT)}: the module is gone")
    return stale


def write(wanted: dict[Path, str]) -> int:
    """Write the pages that changed and remove those of modules that are gone."""
    for path in strays(set(wanted)):
        path.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            print(f"reference: wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(check(pages()) if "--check" in sys.argv[1:] else write(pages()))
