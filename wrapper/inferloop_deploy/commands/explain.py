"""`inferloop-deploy explain`: what a field means, and where its value comes from."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from inferloop_deploy.commands.options import (
    CloudOption,
    Output,
    OutputOption,
    complete_environment,
    complete_service,
    session,
)

if TYPE_CHECKING:
    from inferloop_deploy.config.explain import Explained, Said

app = typer.Typer()


class Kind(StrEnum):
    """Whose fields are meant."""

    service = "service"
    environment = "environment"


@app.command("explain")
def explain_command(
    context: typer.Context,
    path: Annotated[str, typer.Argument(help="Dotted path, such as spec.dependencies[postgres].size.")] = "",
    kind: Annotated[Kind, typer.Option("--kind", "-k", help="Whose field it is.")] = Kind.service,
    service: Annotated[
        str | None, typer.Option("--service", "-s", help="Also tell its value there.", autocompletion=complete_service)
    ] = None,
    env: Annotated[
        str | None, typer.Option("--env", "-e", help="Also tell its value there.", autocompletion=complete_environment)
    ] = None,
    cloud: CloudOption = "aws",
    output: OutputOption = Output.text,
) -> None:
    """Tell what a field means and where its value comes from.

    Prints meaning, accepted values and default; with --service and --env also what each layer says.

    Example: inferloop-deploy explain spec.networking.ingress.rateLimit --service textnlp --env prod
    """
    from inferloop_deploy.commands.printing import origin_json, print_json, print_lines
    from inferloop_deploy.config.explain import explain, said_by, steps_of
    from inferloop_deploy.config.layers import layers_of
    from inferloop_deploy.config.load import load_project
    from inferloop_deploy.errors import UsageError
    from inferloop_deploy.schema import schema_of

    explained = explain(schema_of(kind.value), path)
    said: list[Said] | None = None
    if kind is Kind.environment and service is not None:
        raise UsageError("--service has no effect with --kind environment.", "Leave one of the two out.")
    if (service is None) != (env is None) and kind is Kind.service:
        raise UsageError("--service and --env belong together.", "Give both, or neither.")
    if env is not None:
        layers = layers_of(load_project(session(context).project_root()), env, cloud, service)
        said = said_by(layers, steps_of(path))
    if output is Output.json:
        layers_json = (
            None if said is None else [{"value": one.value, "origin": origin_json(one.origin)} for one in said]
        )
        print_json({"fields": [entry.as_json() for entry in explained], "layers": layers_json})
        return
    for number, entry in enumerate(explained):
        print_lines([""] if number else [])
        print_lines(_lines(entry))
    if said is not None:
        where = env if service is None else f"{service} in {env}"
        print_lines(_value_lines(said, f"{where} on {cloud}", explained))


def _lines(entry: Explained) -> Iterator[str]:
    from inferloop_deploy.config.present import yaml_text

    kind = f" (type {entry.variant})" if entry.variant else ""
    yield typer.style(f"{entry.path or 'The file'}{kind}", bold=True)
    yield f"  {entry.meaning}"
    yield f"  accepts   {entry.accepts}"
    default = "not set" if entry.default is None else yaml_text(entry.default)
    yield f"  default   {'none, it is required' if entry.required else default}"
    if entry.fields:
        width = max(len(name) for name, _ in entry.fields)
        yield "  fields"
        for name, meaning in entry.fields:
            yield f"    {name:<{width}}  {meaning}"


def _value_lines(said: list[Said], where: str, explained: list[Explained]) -> Iterator[str]:
    from inferloop_deploy.config.present import yaml_text

    yield ""
    if not said:
        default = explained[0].default
        holds = "it is not set" if default is None else f"the default, {yaml_text(default)}, holds"
        yield f"Nobody says it for {where}: {holds}."
        return
    yield f"For {where}, the strongest last:"
    for one in said:
        yield f"  {yaml_text(one.value)}  {one.origin} ({one.origin.layer})"
