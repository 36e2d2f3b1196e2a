"""`inferloop-deploy demo`: the main job from end to end, without an account."""

from __future__ import annotations

import os
from contextlib import ExitStack

import typer

from inferloop_deploy.commands.options import Output, OutputOption, session
from inferloop_deploy.commands.printing import print_json
from inferloop_deploy.commands.staged import error_console, orderly_stop, result_console

app = typer.Typer()


@app.command()
def demo(
    context: typer.Context,
    env: str = typer.Option("dev", "--env", "-e", help="Environment: a folder of environments/.", metavar="ENV"),
    output: OutputOption = Output.text,
) -> None:
    """Check, render, apply, plan again, release, show and destroy an environment on this machine.

    It uses the real Terraform, the real AWS provider and the production modules on a stand-in for AWS, and a real
    Kubernetes control plane with made-up nodes; no account is needed and nothing leaves this machine. Safe to run
    again, and beside other sandboxes; Ctrl-C leaves nothing running.

    Example: inferloop-deploy demo
    """
    from inferloop_deploy.busy import alone_in
    from inferloop_deploy.demo import Demo, closing_line
    from inferloop_deploy.report.lines import Line, show
    from inferloop_deploy.report.progress import Screen
    from inferloop_deploy.target import Target

    target = Target(session(context).project_root(), env, "aws", sandbox=True, folder="demo")
    with ExitStack() as around:
        around.enter_context(orderly_stop())
        around.enter_context(alone_in(target.work, "demo"))
        screen = around.enter_context(Screen(error_console()))
        stack = around.enter_context(ExitStack())

        def print_table(lines: list[Line]) -> None:
            if output is Output.text:
                screen.pause()
                show(result_console(), lines)
                screen.resume()

        run = Demo(target, screen, os.environ, stack, print_table)
        run.run()
    if output is Output.json:
        print_json(
            {
                "made": [one.as_json() for one in run.made],
                "running": [one.as_json() for one in run.running],
                "seconds": run.seconds,
            }
        )
    else:
        show(result_console(), [closing_line(run.seconds)])
