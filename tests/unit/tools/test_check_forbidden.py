"""The check for strings that no tracked file may hold."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def check_forbidden() -> ModuleType:
    specification = importlib.util.spec_from_file_location("check_forbidden", ROOT / "tools" / "check_forbidden.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["check_forbidden"] = module
    specification.loader.exec_module(module)
    return module


# Written in two parts, so that this file passes the check that it tests.
FORBIDDEN = [
    ("README.md", "pip install --index-url https://py" + "pi.org/simple x", "registry-host"),
    ("package-lock.json", '"resolved": "https://registry.npm' + 'js.org/x"', "registry-host"),
    ("docs/quickstart.md", "see registry.terra" + "form.io/hashicorp/aws", "terraform-registry-host"),
    ("Makefile", "cd /wo" + "rk/main && make", "machine-path"),
    ("docs/index.md", "ls /ho" + "me/someone/inferloop", "home-path"),
    ("environments/dev/aws.yaml", "key: AKIA" + "ABCDEFGHIJKLMNOP", "aws-access-key"),
    ("services/x.pem", "-----BEGIN RSA PRIVATE" + " KEY-----", "private-key"),
]


@pytest.mark.parametrize(("name", "text", "rule"), FORBIDDEN, ids=[f"{name}-{rule}" for name, _, rule in FORBIDDEN])
def test_a_forbidden_string_is_found_with_its_place(
    check_forbidden: ModuleType, name: str, text: str, rule: str
) -> None:
    messages = check_forbidden.violations(name, f"first line\n{text}\n")

    assert len(messages) == 1
    assert messages[0].startswith(f"{name}:2: [{rule}]")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("providers/aws/.terraform.lock.hcl", 'provider "registry.terra' + 'form.io/hashicorp/aws" {'),
        ("docs/index.md", "the framework and the work/ folder"),
        ("docs/index.md", "spec.path: /models/textnlp"),
        ("docs/how-to/state.md", "AKIAIOSFODNN7EXAMPLE"),
        ("docs/index.md", "https://developer.hashicorp.com/terraform/install"),
    ],
)
def test_what_is_needed_may_stand(check_forbidden: ModuleType, name: str, text: str) -> None:
    assert check_forbidden.violations(name, text) == []
