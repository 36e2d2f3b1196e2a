"""What a command is about: an environment on a cloud, its folders, its configuration as read and as rendered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from inferloop_deploy.changes import Changes
from inferloop_deploy.config.effective import EffectiveConfig, effective, resolve
from inferloop_deploy.config.load import load_project
from inferloop_deploy.errors import InvalidConfiguration
from inferloop_deploy.render import Rendered, render, render_services
from inferloop_deploy.render.write import write

if TYPE_CHECKING:
    from inferloop_deploy.journal import Journal


StageName = Literal["infrastructure", "services"]
STAGES: tuple[StageName, ...] = ("infrastructure", "services")
"""The two stages in their order: what the cloud provides, then what runs in its cluster."""
SERVICES_ROOT = "kubernetes"
"""Name of the root module of the second stage, which every cloud has in common, and of its folders."""


@dataclass(frozen=True)
class Target:
    """What a command is about."""

    root: Path
    environment: str
    cloud: str
    sandbox: bool = False
    folder: str = "sandbox"
    """Name of the folder of a rehearsal: two of them side by side keep apart."""
    stage: StageName = "infrastructure"

    def at(self, stage: StageName) -> Target:
        """Return the same target at another stage."""
        return replace(self, stage=stage)

    @property
    def module(self) -> str:
        """Name of the stage's root module under providers/."""
        return self.cloud if self.stage == "infrastructure" else SERVICES_ROOT

    @property
    def rendered(self) -> Path:
        """The folder of what is rendered, the same for the cloud and for the sandbox; each stage has its own."""
        return self._of_stage(self.root / "build" / self.environment / self.cloud)

    @property
    def work(self) -> Path:
        """The folder of plans, journals and terraform's data; the sandbox has its own, and so has each stage."""
        base = self.root / "build" / self.environment / self.cloud
        return self._of_stage(base / self.folder if self.sandbox else base)

    def _of_stage(self, folder: Path) -> Path:
        return folder if self.stage == "infrastructure" else folder / SERVICES_ROOT

    @property
    def place(self) -> str:
        """The options that name the environment on a command line, whatever the stage."""
        return f"--env {self.environment} --cloud {self.cloud}{' --sandbox' if self.sandbox else ''}"

    @property
    def options(self) -> str:
        """The options that name this target on a command line."""
        return self.place if self.stage == "infrastructure" else f"{self.place} --stage {self.stage}"

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


def rendered_stage(target: Target, config: EffectiveConfig) -> Rendered:
    """Return what a target's stage is told."""
    return render(config) if target.stage == "infrastructure" else render_services(config)


def render_into(target: Target, config: EffectiveConfig, changes: Changes) -> Rendered:
    """Render a configuration into the target's folder."""
    rendered = rendered_stage(target, config)
    write(target.rendered, rendered.files, changes)
    return rendered
