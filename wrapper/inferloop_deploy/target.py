"""What a command is about: an environment on a cloud, its folders, its configuration as read and as rendered."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inferloop_deploy.changes import Changes
from inferloop_deploy.config.effective import EffectiveConfig, effective, resolve
from inferloop_deploy.config.load import load_project
from inferloop_deploy.errors import InvalidConfiguration
from inferloop_deploy.render import Rendered, render
from inferloop_deploy.render.write import write

if TYPE_CHECKING:
    from inferloop_deploy.journal import Journal


@dataclass(frozen=True)
class Target:
    """What a command is about."""

    root: Path
    environment: str
    cloud: str
    sandbox: bool = False
    folder: str = "sandbox"
    """Name of the folder of a rehearsal: two of them side by side keep apart."""

    @property
    def rendered(self) -> Path:
        """The folder of what is rendered, the same for the cloud and for the sandbox."""
        return self.root / "build" / self.environment / self.cloud

    @property
    def work(self) -> Path:
        """The folder of plans, journals and terraform's data; the sandbox has its own."""
        return self.rendered / self.folder if self.sandbox else self.rendered

    @property
    def options(self) -> str:
        """The options that name this target on a command line."""
        return f"--env {self.environment} --cloud {self.cloud}{' --sandbox' if self.sandbox else ''}"

    def journal(self, command: str) -> Journal:
        """Return the journal of a command."""
        from inferloop_deploy.journal import Journal

        return Journal(self.work / "journal" / f"{command}.json")


def load(target: Target) -> EffectiveConfig:
    """Read and check the configuration of a target; raises InvalidConfiguration with everything that is wrong."""
    return effective(load_project(target.root), target.environment, target.cloud)


def load_environment(target: Target) -> EffectiveConfig:
    """Read a target whose services need not be right; raises InvalidConfiguration where its environment is not."""
    project = load_project(target.root)
    config, problems = resolve(project, target.environment, target.cloud)
    if config is None:
        raise InvalidConfiguration([*project.problems, *problems])
    return config


def render_into(target: Target, config: EffectiveConfig, changes: Changes) -> Rendered:
    """Render a configuration into the target's folder."""
    rendered = render(config)
    write(target.rendered, rendered.files, changes)
    return rendered
