"""Every module: laid out, valid, and its own tests (`terraform test` with mock providers) pass."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from terraform_tree import Tree

ROOT = Path(__file__).resolve().parents[2]


def folders_with(pattern: str) -> list[str]:
    """Return the folders of the Terraform source that hold a file of this pattern."""
    found = {path.parent.relative_to(ROOT) for top in ("modules", "providers") for path in (ROOT / top).rglob(pattern)}
    return sorted(str(folder) for folder in found if ".terraform" not in folder.parts)


MODULES = folders_with("versions.tf")
TESTED = sorted({str(Path(folder).parent) for folder in folders_with("*.tftest.hcl")})


@pytest.mark.terraform
@pytest.mark.parametrize("module", MODULES)
def test_module_is_laid_out_valid_and_passes_its_tests(tree: Tree, module: str) -> None:
    tree.succeed(module, "fmt", "-check", "-diff", "-recursive")
    tree.succeed(module, "init", "-input=false", "-backend=false", "-no-color")
    tree.succeed(module, "validate", "-no-color")
    if module not in TESTED:
        return
    outcome = tree.terraform(module, "test", "-json")
    events = [json.loads(line) for line in outcome.stdout.splitlines()]
    summaries = [event["test_summary"] for event in events if event["type"] == "test_summary"]
    assert summaries, f"terraform test printed no summary:\n{outcome.stdout}\n{outcome.stderr}"
    assert summaries[0]["status"] == "pass", "\n".join(failures(module, events))
    assert outcome.returncode == summaries[0]["skipped"] == 0
    assert summaries[0]["passed"] > 0


def failures(module: str, events: list[dict[str, Any]]) -> list[str]:
    """Return what went wrong in a `terraform test`, one line for each run and each diagnostic."""
    said = []
    for event in events:
        run, diagnostic = event.get("test_run", {}), event.get("diagnostic")
        if run.get("status") in ("fail", "error"):
            said.append(f"{module}/{run['path']}: {run['run']} {run['status']}s")
        if diagnostic and diagnostic["severity"] == "error":
            place = diagnostic.get("range", {})
            where = f"{module}/{place.get('filename', '')}:{place.get('start', {}).get('line', '')}"
            said.append(f"  {where}: {diagnostic['summary']}: {diagnostic.get('detail', '')}")
    return said


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith("modules/")])
def test_every_module_has_tests_of_its_own(module: str) -> None:
    assert module in TESTED, f"{module} has no tests/*.tftest.hcl"


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith("modules/")])
def test_every_message_of_a_module_is_provoked_by_a_test(module: str) -> None:
    """A validation or precondition that no test provokes may never hold; each one names a failing run."""
    sources = "\n".join(path.read_text() for path in sorted((ROOT / module).glob("*.tf")))
    tests = "\n".join(path.read_text() for path in sorted((ROOT / module / "tests").glob("*.tftest.hcl")))
    checked = {
        f"var.{name}"
        for name, body in re.findall(r'^variable "([^"]+)" \{\n(.*?)^\}', sources, re.MULTILINE | re.DOTALL)
        if re.search(r"^  validation \{", body, re.MULTILINE)
    }
    checked |= {
        f"{kind}.{name}"
        for kind, name, body in re.findall(
            r'^resource "([^"]+)" "([^"]+)" \{\n(.*?)^\}', sources, re.MULTILINE | re.DOTALL
        )
        if re.search(r"^    (?:precondition|postcondition) \{", body, re.MULTILINE)
    }
    expected = " ".join(re.findall(r"expect_failures\s*=\s*\[(.*?)\]", tests, re.DOTALL))
    provoked = set(re.findall(r"(?:var|[a-z][a-z0-9_]*)\.[a-z0-9_]+", expected))

    assert not checked - provoked, f"no run of {module}/tests expects a failure of {sorted(checked - provoked)}"
