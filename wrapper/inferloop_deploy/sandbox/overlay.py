"""The tree that terraform runs in against the sandbox: the real roots and modules, and a file of provider settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from inferloop_deploy.terraform.tree import linked_tree

OVERRIDE = "sandbox_override.tf"
_PROVIDER = re.compile(r'^provider\s+"aws"\s*\{(.*?)^\}', re.MULTILINE | re.DOTALL)
_ALIAS = re.compile(r'^\s*alias\s*=\s*"([^"]+)"', re.MULTILINE)

SETTINGS: Mapping[str, str] = {
    "max_retries": "3",
    "s3_use_path_style": "true",
    "skip_credentials_validation": "true",
    "skip_metadata_api_check": "true",
    "skip_region_validation": "true",
}
"""Provider settings for a server on loopback: buckets by path (no host name leads to them), few retries."""


def overlay(root: Path, folder: Path, cloud: str = "aws") -> Path:
    """Make the tree in `folder` and return its root module; the same input leaves it as it is.

    Production roots and modules are linked, not copied: what is rehearsed is what will be applied.
    """
    sources = sorted((root / "providers" / cloud).glob("*.tf"))
    text = override([path.read_text(encoding="utf-8") for path in sources])
    return linked_tree(root, folder, cloud, {OVERRIDE: text})


def override(sources: list[str]) -> str:
    """Return an override file with the sandbox's settings for every `provider "aws"` block of the sources."""
    aliases = [
        alias[1] if alias else None
        for source in sources
        for block in _PROVIDER.finditer(source)
        for alias in [_ALIAS.search(block[1])]
    ]
    blocks = [
        "\n".join(
            [
                'provider "aws" {',
                *([f'  alias = "{alias}"'] if alias else []),
                *(f"  {name} = {value}" for name, value in SETTINGS.items()),
                "}",
            ]
        )
        for alias in aliases
    ]
    return "# Written for the sandbox; nothing of it reaches AWS.\n" + "\n\n".join(blocks) + "\n"
