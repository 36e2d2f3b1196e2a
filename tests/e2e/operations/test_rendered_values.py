"""Real Terraform reads the rendered text as exactly what was meant."""

from __future__ import annotations

import json
import os
import subprocess
import unicodedata
from pathlib import Path

import pytest

from inferloop_deploy.render.hcl import key, literal
from inferloop_deploy.terraform import find_terraform, own_environment

NASTY = [
    "",
    "plain",
    "quotes \" and ' and `",
    "back\\slash \\n \\u0041 \\",
    "line\nfeed\r\n\ttab",
    "${dependencies.postgres.host}",
    "$${x} $$${y} $$$ ${ unended",
    "%{ if true }yes%{ endif } %%{x} %%",
    '${file("/etc/passwd")}',
    '${"${nested}"}',
    "$%{x} %${y}",
    "<<EOF\nnot a heredoc\nEOF",
    "<<-EOT",
    "# no comment // nor this /* nor that */",
    "\x00\x01\x07\x1b[31m\x7f\x85",
    "\u2028\u2029\u202eturned\u2066",
    "\ufeffmark",
    "naïve Grüße 日本語 😀 \U0010ffff",
    "e\u0301 decomposed",
    "null",
    "true",
    "  spaces  ",
    "]}>)",
]


@pytest.mark.terraform
def test_terraform_reads_every_text_as_it_was_meant(tmp_path: Path, repository: Path) -> None:
    names = {f"{name}{index}": name for index, name in enumerate(NASTY)}
    (tmp_path / "main.tf").write_text('variable "v" { type = any }\noutput "v" { value = var.v }\n')
    body = "".join(f"    {key(name)} = {literal(value)}\n" for name, value in names.items())
    lists = f"  list = {literal(NASTY)}\n  numbers = {literal([0.1, 1e16, 2e-7, -3])}\n"
    (tmp_path / "v.auto.tfvars").write_text(f"v = {{\n{lists}  names = {{\n{body}  }}\n}}\n", encoding="utf-8")
    environ = {**own_environment(os.environ), "TF_CLI_CONFIG_FILE": os.devnull}
    program = str(find_terraform(repository, environ))

    def terraform(*arguments: str) -> str:
        finished = subprocess.run(
            [program, *arguments], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    terraform("apply", "-auto-approve", "-input=false")
    read = json.loads(terraform("output", "-json", "v"))

    def composed(text: str) -> str:
        """Terraform keeps text in Unicode's composed form (NFC)."""
        return unicodedata.normalize("NFC", text)

    assert read["list"] == [composed(text) for text in NASTY]
    assert read["names"] == {composed(name): composed(value) for name, value in names.items()}
    assert read["numbers"] == [0.1, 1e16, 2e-7, -3]
