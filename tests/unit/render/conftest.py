"""What the tests of rendering share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hcl2
import pytest

from inferloop_deploy.config.effective import EffectiveConfig, effective
from inferloop_deploy.config.load import load_project

_PIECE = re.compile(r"\$\$\{|%%\{|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL)


def unquote(text: str) -> str:
    """Return what a quoted template of HCL stands for; an own reading of its grammar, apart from the writer."""
    assert text[0] == text[-1] == '"'
    meanings = {"$${": "${", "%%{": "%{"}

    def piece(match: re.Match[str]) -> str:
        said = match.group()
        if said in ("${", "%{"):
            raise AssertionError("a template sequence is evaluated")
        return meanings.get(said) or (str(json.loads(f'"{said}"')) if said.startswith("\\") else said)

    inside = text[1:-1]
    assert re.search(r'(?<!\\)(?:\\\\)*"', inside) is None, "a quote ends the text early"
    return _PIECE.sub(piece, inside)


ABOUT = frozenset({"__is_block__", "__start_line__", "__end_line__", "__comments__", "__inline_comments__"})
"""What python-hcl2 says of a block among its keys."""


def plain(value: Any) -> Any:
    """Return what python-hcl2 parsed as Python values."""
    if isinstance(value, dict):
        return {
            unquote(key) if key.startswith('"') else key: plain(item) for key, item in value.items() if key not in ABOUT
        }
    if isinstance(value, list):
        return [plain(item) for item in value]
    return unquote(value) if isinstance(value, str) else value


@pytest.fixture(scope="session")
def parse() -> Callable[[str], dict[str, Any]]:
    """Parse HCL with python-hcl2 into plain Python values."""

    def parse(text: str) -> dict[str, Any]:
        parsed = plain(hcl2.loads(text))
        assert isinstance(parsed, dict)
        return parsed

    return parse


@pytest.fixture
def config(make_project: Callable[..., Path]) -> Callable[..., EffectiveConfig]:
    """Read a small project, with files that replace or come to its own."""

    def read(files: dict[str, str] | None = None) -> EffectiveConfig:
        return effective(load_project(make_project(files)), "dev", "aws")

    return read
