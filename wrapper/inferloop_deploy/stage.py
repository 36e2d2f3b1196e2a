"""One environment on one cloud, made ready for terraform: rendered, credentials checked, state and modules found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from inferloop_deploy.changes import Changes
from inferloop_deploy.clouds import Backend, Cloud, Identity, StateStore, find_cloud
from inferloop_deploy.config.effective import EffectiveConfig
from inferloop_deploy.config.environment import Environment
from inferloop_deploy.errors import InferloopError, InvalidConfiguration, Problem
from inferloop_deploy.journal import Journal, left_by, process_runs, run_phases
from inferloop_deploy.plan.causes import Sources
from inferloop_deploy.releasing import Releasing, platform_file
from inferloop_deploy.render import CLUSTER_FILE, ENVIRONMENT_FILE, SERVICES_FILE, Rendered
from inferloop_deploy.render.write import replace_file
from inferloop_deploy.report.progress import Screen
from inferloop_deploy.target import Target
from inferloop_deploy.terraform import (
    Event,
    Locked,
    Started,
    Terraform,
    TerraformFailed,
    check_version,
    find_terraform,
    plugin_environment,
    used_stand_ins,
)
from inferloop_deploy.terraform.failures import Located
from inferloop_deploy.terraform.locate import locate


@dataclass(frozen=True)
class Surroundings:
    """Where terraform runs and what it is told beside the rendered files: the sandbox's, or nothing."""

    folder: Path
    settings: Mapping[str, str] | None = None
    backend: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Stage:
    """An environment on a cloud, ready for terraform."""

    target: Target
    environment: Environment
    cloud: Cloud
    identity: Identity
    backend: Backend
    store: StateStore
    terraform: Terraform
    sources: Sources
    init: Callable[[], None]
    """Loads modules and plug-ins again, for when terraform says that it has to be done."""
    releasing: Releasing | None = None
    """The platform and its cluster, where the second stage is planned or applied."""

    @property
    def var_files(self) -> list[Path]:
        """The rendered files, and what the first stage told."""
        files = [self.target.rendered / ENVIRONMENT_FILE, self.target.rendered / SERVICES_FILE]
        if self.target.stage == "infrastructure":
            return files
        # What runs beside the services is another in the sandbox than in the cloud.
        own = self.target.work if self.target.sandbox else self.target.rendered
        return [*files, own / CLUSTER_FILE, platform_file(self.target)]


def connect(
    target: Target,
    config: EffectiveConfig,
    rendered: Rendered,
    surroundings: Surroundings,
    environ: Mapping[str, str],
    screen: Screen,
    releasing: Releasing | None = None,
) -> Stage:
    """Check credentials, find the state, load modules and plug-ins, and return the stage.

    Raises CredentialsRefused, TerraformMissing and whatever else keeps terraform from running.
    """
    environment = config.environment.config
    program = find_terraform(target.root, environ)
    cloud = find_cloud(target.cloud, surroundings.settings)
    identity = cloud.identity(environment)
    if not target.sandbox:
        check_account(config, identity)
    backend = cloud.backend(environment, identity.account, target.stage)
    if surroundings.backend:
        backend = replace(backend, settings={**backend.settings, **surroundings.backend})
    store = cloud.state_store(environment, backend)
    if target.sandbox:
        make_place(store, environment, target, screen)
    terraform = Terraform(
        program=program,
        folder=surroundings.folder,
        data=target.work / ".terraform",
        logs=target.work / "logs",
        environ={**environ, **(surroundings.settings or {})},
        listen=screen.event,
        release=f"inferloop-deploy state unlock {target.options}",
        readonly_lockfile=program.name != "tofu",
    )
    preparation = Preparation(target, terraform, backend, store, screen)
    preparation.run()
    sources = Sources(rendered.source_map, rendered.values)
    ready, again = preparation.ready(), preparation.again
    return Stage(target, environment, cloud, identity, backend, store, ready, sources, again, releasing)


class Unsaved(InferloopError):
    """An earlier apply made things that the state does not have."""


def check_saved(stage: Stage) -> None:
    """Raise Unsaved where terraform left a state that it could not write: a plan without it would make things twice."""
    if stage.terraform.unsaved.exists():
        raise Unsaved(
            f"An earlier apply could not save its state, and left it in {stage.terraform.unsaved}.",
            "Put it in its place first, with the environment of that apply: "
            f"inferloop-deploy state recover {stage.target.options}",
        )


def make_place(store: StateStore, environment: Environment, target: Target, screen: Screen) -> None:
    """Make the place of the state where it is missing; the sandbox forgets it whenever it is stopped."""
    if store.exists():
        return
    screen.say("making the place of the state in the sandbox")
    journal = target.journal("bootstrap")
    journal.begin("state bootstrap")
    run_phases(store.bootstrap(state_tags(environment), Changes()), journal, lambda *_: None)
    journal.end()


def check_account(config: EffectiveConfig, identity: Identity) -> None:
    """Raise InvalidConfiguration where the credentials are of another account than the environment's."""
    wanted = config.environment.config.spec.account.id
    if wanted is None or wanted == identity.account:
        return
    origin = config.environment.origin(("spec", "account", "id"))
    raise InvalidConfiguration(
        [
            Problem(
                origin.file,
                origin.line,
                origin.column,
                "spec.account.id",
                "the credentials are of another account",
                f"{identity.account} ({identity.principal})",
                wanted,
                "Log in to the environment's account.",
                "account",
            )
        ]
    )


@dataclass
class Preparation:
    """What has to be done once before terraform can plan, and not again until something changed: `terraform init`."""

    target: Target
    terraform: Terraform
    backend: Backend
    store: StateStore
    screen: Screen
    plugins: Mapping[str, str] | None = None

    @property
    def _stamp(self) -> Path:
        return self.target.work / ".terraform" / "inferloop-init.json"

    def run(self) -> None:
        """Initialise where anything changed since the last time."""
        stamp = self._read()
        self.plugins = stamp.get("plugins")
        if stamp.get("of") != self._of() or not self._plugins_there():
            self.again()
        sources = "\n".join(path.read_text(encoding="utf-8") for path in self.terraform.folder.glob("*.tf"))
        for stand_in in used_stand_ins(self.plugins or {}, sources):
            self.screen.say(stand_in)

    def again(self) -> None:
        """Initialise, whatever the stamp says."""
        if not self.store.exists():
            raise InferloopError(
                f"The state has no place yet: {self.backend.place} does not exist.",
                f"Make it, once for this environment: inferloop-deploy state bootstrap {self.target.options}",
            )
        self.screen.say("loading modules and provider plug-ins")
        check_version(self.terraform.program, self.terraform.environ)
        self._stamp.unlink(missing_ok=True)
        self.plugins = plugin_environment(self.terraform.environ, self.target.work)
        self.ready().init(self.backend.settings)
        text = json.dumps({"of": self._of(), "plugins": dict(self.plugins)}, indent=2)
        replace_file(self._stamp, text + "\n")

    def ready(self) -> Terraform:
        """Return terraform as it finds its plug-ins."""
        environ = {**self.terraform.environ, **(self.plugins or {})}
        return replace(self.terraform, environ=environ)

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            found = json.loads(self._stamp.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _plugins_there(self) -> bool:
        configuration = (self.plugins or {}).get("TF_CLI_CONFIG_FILE")
        return configuration is None or Path(configuration).is_file()

    def _of(self) -> dict[str, str]:
        """Return what init depends on: the program, the root, where the state is, and every module's source."""
        program = self.terraform.program.resolve()
        about = program.stat()
        return {
            "program": f"{program} {about.st_size} {about.st_mtime_ns}",
            "folder": str(self.terraform.folder),
            "backend": json.dumps(dict(self.backend.settings), sort_keys=True),
            "sources": sum_of([self.terraform.folder, self.target.root / "modules"]),
        }


def sum_of(folders: list[Path], names: str = "*.tf") -> str:
    """Return one sum of every Terraform source and lock file under some folders, or of files with other names."""
    total = hashlib.sha256()
    for folder in folders:
        found = {*folder.rglob(names), *folder.glob(".terraform.lock.hcl")}
        for path in sorted(one for one in found if one.is_file()):
            total.update(f"{path.relative_to(folder)}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


@contextmanager
def located(sources: Sources) -> Iterator[None]:
    """Give terraform's diagnostics the YAML lines that they are about."""
    try:
        yield
    except TerraformFailed as failed:
        raise failed.with_places(
            [Located(one.diagnostic, locate(one.diagnostic, sources)) for one in failed.located]
        ) from failed


def release_own_lock(stage: Stage, locked: Locked, changes: Changes) -> bool:
    """Take away a lock that a killed run on this machine left behind, and tell whether it was one."""
    for command in ("apply", "destroy", "plan", "drift"):
        run = left_by(locked.lock, stage.target.journal(command).last(), process_runs)
        if run is not None:
            changes.change(
                f"lock {locked.lock.id}, left by the {command} of {run.began} that was killed",
                "release",
                lambda: stage.terraform.force_unlock(locked.lock.id),
            )
            return not changes.dry_run
    return False


def noting(journal: Journal, listen: Callable[[Event], None]) -> Callable[[Event], None]:
    """Return a listener that also notes terraform's process in a journal."""

    def hear(event: Event) -> None:
        if isinstance(event, Started):
            journal.runs_terraform(event.process)
        listen(event)

    return hear


def state_tags(environment: Environment) -> dict[str, str]:
    """Return the tags of what the state is kept in."""
    metadata = environment.metadata
    return {
        **metadata.tags,
        "Project": metadata.project,
        "Environment": metadata.name,
        "ManagedBy": "inferloop-deploy",
        "CostCenter": metadata.cost_center,
        "Owner": metadata.owner,
    }
