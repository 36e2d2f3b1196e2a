"""What the documentation shows is true: its commands run and print what it says, its YAML and HCL are valid.

Conventions of a page, checked here: a `console` block is run, line by line, in a copy of the project, and its output
compared (`make golden` writes it); a `yaml` block names its file and must validate there; an `hcl` block must pass
`terraform validate`; a `bash` block says in a comment above it why it is not run, and then its command lines must at
least parse.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from pages import Block, blocks, written_pages
from terraform_tree import Tree, copy_of_the_source

from inferloop_deploy.cli import build

ROOT = Path(__file__).resolve().parents[2]
PAGES = written_pages(ROOT)
REASONS = {
    "run: demo": "tests/e2e runs `make demo`",
    "run: setup": "the tests run in what it made",
    "not run: takes minutes; make demo runs the same steps in the tests": "",
    "not run: needs an AWS account": "",
    "not run: opens a server for a person": "",
    "not run: needs the cluster in which it fires": "",
}

pytestmark = pytest.mark.docs


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def pages_with(*languages: str) -> list[Path]:
    return [page for page in PAGES if any(block.language in languages for block in blocks(page.read_text()))]


class Project:
    """A copy of the project in which a page's blocks do what a reader would."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("services", "environments", "schemas", "modules", "providers"):
            if (ROOT / folder).is_dir():
                shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns(".terraform"))

    def run(self, command: str) -> tuple[int, str]:
        """Run one command line as a person's shell would; return its exit code and what it prints."""
        settings = {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "PYTHONUNBUFFERED": "1"}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        outcome = subprocess.run(
            ["bash", "-c", command],
            cwd=self.root,
            env={**os.environ, **settings, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        printed = "\n".join(line.rstrip() for line in outcome.stdout.replace(f"{self.root}/", "").splitlines())
        return outcome.returncode, printed

    def write(self, block: Block) -> Path:
        """Write a YAML block into the file that its title names, or lay it over what is there."""
        title, part = re.fullmatch(r"(\S+)( \(part\))?", block.title).groups()  # type: ignore[union-attr]
        path = self.root / title
        path.parent.mkdir(parents=True, exist_ok=True)
        if part:
            merged = laid_over(yaml.safe_load(path.read_text()), yaml.safe_load(block.text))
            path.write_text(yaml.safe_dump(merged, sort_keys=False))
        else:
            path.write_text(block.text)
        return path


def laid_over(base: Any, part: Any) -> Any:
    """Return a value with another laid over it: maps merge, and so do lists of named items, by name."""
    if isinstance(base, dict) and isinstance(part, dict):
        return {**base, **{key: laid_over(base.get(key), value) for key, value in part.items()}}
    if isinstance(base, list) and isinstance(part, list) and all(isinstance(item, dict) for item in [*base, *part]):
        named = {item["name"]: item for item in base}
        return list({**named, **{item["name"]: {**named.get(item["name"], {}), **item} for item in part}}.values())
    return part


def as_shown(project: Project, block: Block) -> str:
    """Return a console block with what its commands print now; a line `...` in it stands for any lines."""
    parts = re.split(r"^\$ (.*)\n", block.text, flags=re.MULTILINE)
    assert not parts[0].strip(), f"line {block.line}: a console block begins with a command"
    shown = ""
    for command, expected in zip(parts[1::2], parts[2::2], strict=True):
        _, printed = project.run(command)
        lines = "".join(f"{line}\n" for line in printed.splitlines())
        if re.search(r"^\.\.\.$", expected, re.MULTILINE):
            pattern = re.escape(expected).replace(r"\.\.\." + "\\\n", "(?:.*\n)*")
            lines = expected if re.fullmatch(pattern, lines) else lines
        shown += f"$ {command}\n{lines}"
    return shown


@pytest.mark.parametrize("page", pages_with("console", "yaml"), ids=name)
def test_commands_print_what_the_page_shows_and_its_yaml_is_valid(
    page: Path, tmp_path: Path, golden: Callable[[Path, str], None]
) -> None:
    project = Project(tmp_path)
    text = page.read_text()
    shown, end = "", 0
    for number, block in enumerate(blocks(text)):
        if block.language == "yaml":
            assert block.title, f"{name(page)}:{block.line}: a yaml block names its file: ```yaml title=..."
            project.write(block)
            code, printed = project.run("inferloop-deploy validate")
            following = [later for later in blocks(text) if later.line > block.line and later.language == "yaml"]
            last_of_several = not following or following[0].title.split(" ")[0] == block.title.split(" ")[0]
            more_parts = any("(part)" in later.title for later in blocks(text)[number + 1 : number + 2])
            if ("(part)" in block.title and not more_parts) or last_of_several:
                assert code == 0, f"{name(page)}:{block.line}: {printed}"
        if block.language == "console":
            shown += text[end : block.start] + as_shown(project, block)
            end = block.start + len(block.text)
    golden(page, shown + text[end:])


@pytest.mark.parametrize("page", pages_with("bash", "sh", "shell"), ids=name)
def test_a_block_that_is_not_run_says_why_and_its_commands_parse(page: Path) -> None:
    targets = set(re.findall(r"^([a-z][\w -]*?):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE))
    targets = {target for group in targets for target in group.split()}
    for block in blocks(page.read_text()):
        if block.language not in ("bash", "sh", "shell"):
            continue
        assert block.note in REASONS, f"{name(page)}:{block.line}: say above the block why it is not run"
        for line in block.text.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["make"]:
                assert set(filter(lambda word: "=" not in word, words[1:])) <= targets, f"{name(page)}: {line}"
            if words[:1] == ["inferloop-deploy"]:
                parse(words[1:])


def parse(words: list[str]) -> None:
    """Parse a command line of the wrapper without running it; raises where it would be a usage error."""
    command: Any = typer.main.get_command(build())
    context = command.make_context("inferloop-deploy", list(words))
    while hasattr(command, "list_commands"):
        child, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(child, rest, parent=context)


@pytest.mark.parametrize("page", pages_with("text"), ids=name)
def test_the_lines_of_yaml_that_an_output_names_say_what_it_says(page: Path) -> None:
    """Output that takes minutes to make is shown as it was; the places that it names must still be right."""
    shown = "\n".join(block.text for block in blocks(page.read_text()) if block.language == "text")
    for file, line, path in re.findall(r"^\s*(\S+\.yaml):(\d+) (spec\.\S+)$", shown, re.MULTILINE):
        last = re.split(r"[.\[\]]", path.rstrip("]"))[-1]
        written = (ROOT / file).read_text().splitlines()[int(line) - 1]

        assert re.search(rf"\b{re.escape(last)}\b", written), f"{name(page)}: {file}:{line} is not {path}: {written}"


def hcl_examples() -> dict[str, str]:
    """Return every HCL block of the documentation and of the modules' READMEs, by where it stands."""
    readmes = sorted(path for top in ("modules", "providers") for path in (ROOT / top).rglob("README.md"))
    return {
        f"{name(page)}:{block.line}": block.text
        for page in [*PAGES, *(path for path in readmes if ".terraform" not in path.parts)]
        for block in blocks(page.read_text())
        if block.language == "hcl"
    }


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return copy_of_the_source(tmp_path_factory.mktemp("examples"), tmp_path_factory.mktemp("plugins"))


@pytest.mark.terraform
def test_every_terraform_example_is_valid(tree: Tree) -> None:
    """All examples are modules of one root, so that one run of terraform checks them."""
    calls = []
    for place, text in hcl_examples().items():
        folder = re.sub(r"[^a-z0-9]+", "-", place.lower())
        example = tree.root / "examples" / folder
        example.mkdir(parents=True)
        inside = re.sub(r'(source\s*=\s*")(?:\.\./)*(?:\./)?(modules|providers)/', r"\1../../\2/", text)
        inside = re.sub(r'(\bfile\(")(?:\.\./)*(?:\./)?(services|environments)/', r"\1../\2/", inside)
        (example / "main.tf").write_text(f"# {place}\n{inside}")
        calls.append(f'module "{folder}" {{\n  source = "./{folder}"\n}}\n')
    (tree.root / "examples" / "main.tf").write_text("\n".join(calls))

    tree.succeed("examples", "init", "-input=false", "-backend=false", "-no-color")
    tree.succeed("examples", "validate", "-no-color")


def test_every_module_has_an_example() -> None:
    shown = "\n".join(hcl_examples().values())
    modules = [path.parent.relative_to(ROOT) for path in (ROOT / "modules").rglob("versions.tf")]

    assert [str(module) for module in modules if f'{module}"' not in shown] == []


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=name)
def test_links_of_pages_outside_the_site_lead_somewhere(page: Path) -> None:
    """MkDocs checks the links within docs/."""
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []
