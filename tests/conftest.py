"""What every test layer shares."""

from __future__ import annotations

import difflib
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FIRST = ("cluster", "e2e", "terraform", "generator", "docs", "unit")
"""Test folders by how long their tests take: started in this order, two workers end at about the same time."""
LONGEST_NAME = 100


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in the background so, and every process that a test starts would be deaf to Ctrl-C, too.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--golden`, which `make golden` passes."""
    parser.addoption("--golden", action="store_true", help="write the golden files instead of comparing with them")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a long text or file by its argument: written out it would fill the screen."""
    return argname if isinstance(val, str | bytes) and len(val) > LONGEST_NAME else None


def _layer(item: pytest.Item) -> int:
    parts = item.path.relative_to(ROOT).parts
    name = parts[1] if len(parts) > 1 else ""
    return LONGEST_FIRST.index(name) if name in LONGEST_FIRST else len(LONGEST_FIRST)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Start the long layers first; with `--golden` keep only the tests that have golden files."""
    items.sort(key=_layer)
    if config.getoption("--golden"):
        kept = [item for item in items if "golden" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compare a text with a golden file, or write the file when run through `make golden`."""
    writing = bool(request.config.getoption("--golden"))

    def check(path: Path, text: str) -> None:
        if writing:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return
        name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        if not path.exists():
            pytest.fail(f"{name} does not exist. Write it with: make golden", pytrace=False)
        expected = path.read_text(encoding="utf-8")
        if text != expected:
            difference = difflib.unified_diff(
                expected.splitlines(), text.splitlines(), f"{name} (golden)", "now", lineterm="", n=2
            )
            pytest.fail(
                "\n".join([*difference, f"If the change is wanted, write {name} with: make golden"]), pytrace=False
            )

    return check


@pytest.fixture(autouse=True)
def _no_way_to_a_real_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the person's AWS credentials and settings from every test: a test must never reach a real account."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "TF_VAR_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-aws-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("CHECKPOINT_DISABLE", "1")
