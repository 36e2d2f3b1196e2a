"""The module reference: one page per module, from its README, variables and outputs."""

import posixpath
import re

from markdown_text import GENERATED, code, paragraphs, prose, table
from terraform_files import Module, Variable

LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?://|#|mailto:)([^)#]+)(#[^)]*)?\)")


def page_path(name: str) -> str:
    """Return the path of a module's page below docs/reference/."""
    return f"modules/{name.removeprefix('modules/').replace('/', '-')}.md"


def one_line(text: str, limit: int = 48) -> str:
    """Return a type or default in a cell: whole where it is short, else its outermost shape."""
    flat = re.sub(r"([{\[(]) | ([}\])])", r"\1\2", " ".join(text.split()))
    if len(flat) <= limit:
        return flat
    opening = re.match(r"(?:\w+\()*[\w{\[]+", flat)
    return f"{opening[0] if opening else flat[:limit]}…"


def _without_title(readme: str, name: str, pages: dict[str, str]) -> str:
    """Return a README's body, its links to other modules leading to their pages."""

    def relink(match: re.Match[str]) -> str:
        text, target, anchor = match[1], match[2], match[3] or ""
        place = posixpath.normpath(posixpath.join(name, target)).removesuffix("/README.md")
        if place not in pages:
            return f"{text} ({code(place)})" if text != place else code(place)
        page = posixpath.relpath(pages[place], posixpath.dirname(pages[name]))
        return f"[{text}]({page}{anchor})"

    body = readme.split("\n", 1)[1] if readme.startswith("# ") else readme
    return LINK.sub(relink, body)


def _variable_details(variable: Variable) -> str:
    """Return the full type, default and rules of a variable that does not fit in a table's row."""
    long_type = variable.type if one_line(variable.type) != " ".join(variable.type.split()) else ""
    default = variable.default
    long_default = default if default and one_line(default) != " ".join(default.split()) else ""
    if not (long_type or long_default or variable.rules):
        return ""
    return paragraphs(
        f"### {variable.name}",
        f"```hcl\n{long_type}\n```" if "\n" in long_type else (f"Type: {code(long_type)}" if long_type else ""),
        f"Default:\n\n```hcl\n{long_default}\n```" if long_default else "",
        "What is accepted:\n\n" + "\n".join(f"- {prose(rule)}" for rule in variable.rules) if variable.rules else "",
    )


def _variable_row(variable: Variable, detailed: bool) -> tuple[str, ...]:
    name = f"[{code(variable.name)}](#{variable.name})" if detailed else code(variable.name)
    default = "required" if variable.default is None else code(one_line(variable.default))
    return name, code(one_line(variable.type)), default, prose(variable.description)


def module_page(module: Module, pages: dict[str, str]) -> str:
    """Return the page of a module; `pages` says where every other module's page is."""
    details = {variable.name: _variable_details(variable) for variable in module.variables}
    rows = [_variable_row(variable, bool(details[variable.name])) for variable in module.variables]
    outputs = [
        (code(output.name), prose(output.description) + (" Sensitive." if output.sensitive else ""))
        for output in module.outputs
    ]
    return GENERATED.format(source=code(module.name)) + paragraphs(
        f"# {module.name}",
        _without_title(module.readme, module.name, pages),
        "## Variables",
        table(("Name", "Type", "Default", "Description"), rows) or "None.",
        *details.values(),
        "## Outputs",
        table(("Name", "Description"), outputs) or "None.",
    )


def index_page(modules: list[Module]) -> str:
    """Return the list of all modules with what each is for."""
    rows = [(f"[{code(module.name)}]({page_path(module.name).split('/')[-1]})", module.purpose) for module in modules]
    return GENERATED.format(source="the modules' README files") + paragraphs(
        "# Modules",
        "Every module stands on its own: it has no provider block, takes what it needs as variables, and can be given "
        "what exists instead of making it. `providers/aws` is the root that wires them together.",
        table(("Module", "What it is for"), rows),
    )
