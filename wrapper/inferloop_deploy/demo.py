"""The main job from end to end, on a sandbox of its own: check, render, apply, plan again, show, destroy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TypeVar

from inferloop_deploy.changes import Changes
from inferloop_deploy.config.effective import EffectiveConfig
from inferloop_deploy.config.load import load_project
from inferloop_deploy.config.validate import validate
from inferloop_deploy.errors import InferloopError, InvalidConfiguration
from inferloop_deploy.journal import Phase, run_phases
from inferloop_deploy.kubernetes.answers import Release, Workload
from inferloop_deploy.kubernetes.cluster import Cluster as ServicesCluster
from inferloop_deploy.operations import CarryOut, make_plan
from inferloop_deploy.plan import Plan
from inferloop_deploy.plan.causes import Cause, Sources, causes_of
from inferloop_deploy.programs import prepared_state
from inferloop_deploy.rehearsal import prepare, surroundings_in
from inferloop_deploy.releasing import releases_services
from inferloop_deploy.render import Rendered
from inferloop_deploy.report.lines import Line, count, duration
from inferloop_deploy.report.plans import heading, plan_lines, summary
from inferloop_deploy.report.progress import Screen
from inferloop_deploy.report.workloads import workload_lines
from inferloop_deploy.sandbox.cluster import Cluster, temporary_cluster
from inferloop_deploy.sandbox.lifecycle import Sandbox, temporary
from inferloop_deploy.stage import Stage, connect
from inferloop_deploy.state import AppliedState, read_state
from inferloop_deploy.target import Target, load, render_into

T = TypeVar("T")


class NotEmpty(InferloopError):
    """Something is left where nothing should be."""


@dataclass(frozen=True)
class Made:
    """What one line of YAML made: resources by type."""

    service: str
    cause: Cause | None
    resources: Mapping[str, int]

    def as_json(self) -> dict[str, object]:
        """Return it as `--output json` prints it."""
        return {
            "service": self.service or None,
            "caused_by": None if self.cause is None else self.cause.as_json(),
            "resources": dict(self.resources),
        }


def what_was_made(state: AppliedState, sources: Sources) -> list[Made]:
    """Return what was made, by service and by the line that asks for it."""
    found: dict[tuple[str, Cause | None], Counter[str]] = {}
    for resource in state.resources:
        causes = causes_of(resource.address, resource.service, {}, sources)
        key = (resource.service, causes[0] if causes else None)
        found.setdefault(key, Counter())[resource.address.type] += 1
    ordered = sorted(found.items(), key=lambda one: (one[0][0] == "", one[0][0], _line(one[0][1])))
    return [Made(service, cause, dict(sorted(types.items()))) for (service, cause), types in ordered]


def _line(cause: Cause | None) -> tuple[str, int]:
    return ("", 0) if cause is None else (cause.file, cause.line)


def made_lines(made: list[Made], environment: str) -> Iterator[Line]:
    """Yield the table of what was made for which service, and where its YAML asked for it."""
    service = None
    for one in made:
        if one.service != service:
            service = one.service
            number = sum(sum(other.resources.values()) for other in made if other.service == service)
            yield Line()
            yield Line(f"{heading(service, environment)}: {count(number, 'resource')}", "bold")
        yield Line(f"  {one.cause or 'not asked for by any line'}", "cyan")
        types = (name if number == 1 else f"{name} x{number}" for name, number in one.resources.items())
        yield Line(f"      {', '.join(types)}")


@dataclass(frozen=True)
class Running:
    """What runs in the cluster for a service: its workloads, and all of its objects by kind."""

    service: str
    workloads: tuple[Workload, ...]
    objects: Mapping[str, int]

    def as_json(self) -> dict[str, object]:
        """Return it as `--output json` prints it."""
        return {
            "service": self.service,
            "workloads": [one.as_json() for one in self.workloads],
            "objects": dict(self.objects),
        }


def running_lines(running: list[Running]) -> Iterator[Line]:
    """Yield the table of what runs for which service."""
    for one in running:
        yield Line()
        yield Line(f"Service {one.service}: {count(sum(one.objects.values()), 'object')}", "bold")
        yield from workload_lines(one.workloads)
        kinds = (name if number == 1 else f"{name} x{number}" for name, number in one.objects.items())
        yield Line(f"      {', '.join(kinds)}")


@dataclass
class Demo:
    """The demonstration; `stack` holds the sandbox, which ends with it however it ends."""

    target: Target
    screen: Screen
    environ: Mapping[str, str]
    stack: ExitStack
    show: Callable[[list[Line]], None]
    """Prints the table of what was made, while it exists."""
    made: list[Made] = field(default_factory=list)
    running: list[Running] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    _config: EffectiveConfig | None = None
    _rendered: Rendered | None = None
    _sandbox: Sandbox | None = None
    _stage: Stage | None = None
    _control_plane: Cluster | None = None
    _services: Stage | None = None

    def run(self) -> None:
        """Run every phase; raises what the first failing one raises, with the sandbox stopped."""
        journal = self.target.journal("demo")
        journal.begin("demo")
        run_phases(self._timed(self.phases()), journal, self.screen.phase)
        journal.end()

    def phases(self) -> list[Phase]:
        """Return the phases."""
        return [
            Phase("Check the files", self._check),
            Phase("Render the tfvars", self._render),
            Phase("Start a sandbox", self._start),
            Phase("Connect to it", self._connect),
            Phase("Apply", self._apply),
            Phase("Plan again", self._plan_again),
            Phase("Show what was made", self._look),
            Phase("Start a control plane", self._start_cluster, self._releases),
            Phase("Release the services", self._release, self._releases),
            Phase("Show what runs", self._look_inside, self._releases),
            Phase("Remove the services", self._remove, self._releases),
            Phase("Destroy", self._destroy),
            Phase("Stop the sandbox", self.stack.close),
        ]

    def _timed(self, phases: list[Phase]) -> list[Phase]:
        def timed(phase: Phase) -> Phase:
            def run() -> None:
                began = self.screen.elapsed
                phase.run()
                self.seconds[phase.title] = round(self.screen.elapsed - began, 1)

            return Phase(phase.title, run, phase.should_run)

        return [timed(phase) for phase in phases]

    def _check(self) -> None:
        problems = validate(load_project(self.target.root))
        if any(problem.severity == "error" for problem in problems):
            raise InvalidConfiguration(problems)
        self._config = load(self.target)
        if self._releases():
            prepared_state(self.target.root)  # what is missing is said now, and not after minutes
        names = ", ".join(sorted(self._config.services))
        self.screen.say(f"{count(len(self._config.services), 'service')} valid: {names}")

    def _render(self) -> None:
        self._rendered = render_into(self.target, _known(self._config), Changes())
        values = len(self._rendered.source_map.places)
        self.screen.say(
            f"{self.target.rendered.relative_to(self.target.root)}: {values} values lead back to their line"
        )

    def _start(self) -> None:
        self._sandbox = self.stack.enter_context(temporary(self.target.work / "server"))
        self.screen.say(f"a stand-in for AWS answers on {self._sandbox.url}")

    def _connect(self) -> None:
        around = surroundings_in(self.target, _known(self._sandbox))
        self._stage = connect(
            self.target, _known(self._config), _known(self._rendered), around, self.environ, self.screen
        )

    def _carry_out(self, stage: Stage, *, destroy: bool) -> Plan:
        def tell(plan: Plan) -> None:
            self.screen.say(f"plan: {summary(plan)}")

        journal = stage.target.journal("destroy" if destroy else "apply")
        work = CarryOut(stage, journal, Changes(), tell, destroy=destroy)
        journal.begin("destroy" if destroy else "apply")
        run_phases(work.phases(), journal, lambda *_: None)
        journal.end()
        return _known(work.plan)

    def _apply(self) -> None:
        self._carry_out(_known(self._stage), destroy=False)

    def _plan_again(self) -> None:
        journal = self.target.journal("plan")
        journal.begin("plan")
        plan = make_plan(_known(self._stage), journal, Changes())
        journal.end()
        if not plan.empty:
            raise NotEmpty("The second plan is not empty:\n" + "\n".join(line.text for line in plan_lines(plan)))
        self.screen.say("nothing to change: what is there is what the files say")

    def _look(self) -> None:
        stage = _known(self._stage)
        self.made = what_was_made(self._state(), stage.sources)
        title = "What was made for which service, and where its YAML asked for it:"
        self.show([Line(), Line(title, "bold"), *made_lines(self.made, self.target.environment), Line()])

    def _state(self) -> AppliedState:
        stage = _known(self._stage)
        return read_state(_known(stage.terraform.state()), stage.sources.services)

    def _releases(self) -> bool:
        return releases_services(self.target, _known(self._config))

    def _start_cluster(self) -> None:
        folder = self.target.work / "cluster"
        self._control_plane = self.stack.enter_context(temporary_cluster(folder, self.target.root, ()))
        self.screen.say(f"etcd, kube-apiserver and their like answer on {self._control_plane.url}")

    def _release(self) -> None:
        target, config = self.target.at("services"), _known(self._config)
        platform = _known(self._stage).terraform.outputs()["platform"]["value"]
        releasing = prepare(target, config, platform, self.environ, self.screen, self._control_plane)
        rendered = render_into(target, config, Changes())
        around = surroundings_in(target, _known(self._sandbox))
        self._services = connect(target, config, rendered, around, self.environ, self.screen, releasing)
        self._carry_out(self._services, destroy=False)

    def _look_inside(self) -> None:
        cluster = _known(_known(_known(self._services).releasing).cluster)
        self.running = [
            Running(one.name, cluster.workloads(one.name), cluster.objects(one)) for one in self._ours(cluster)
        ]
        title = "What runs in the cluster for which service (its nodes are made up, its API server is real):"
        self.show([Line(), Line(title, "bold"), *running_lines(self.running), Line()])

    def _ours(self, cluster: ServicesCluster) -> list[Release]:
        names = _known(_known(self._services).releasing).services
        return [one for one in cluster.releases() if one.name in names]

    def _remove(self) -> None:
        self._carry_out(_known(self._services), destroy=True)

    def _destroy(self) -> None:
        self._carry_out(_known(self._stage), destroy=True)
        left = self._state().resources
        if left:
            raise NotEmpty("Left after destroy: " + ", ".join(one.address.text for one in left))


def _known(value: T | None) -> T:
    """Return what an earlier phase has found."""
    if value is None:
        raise RuntimeError("the phases run in their order")
    return value


def closing_line(seconds: Mapping[str, float]) -> Line:
    """Return how long everything took, phase by phase."""
    parts = ", ".join(f"{title.lower()} {duration(time)}" for title, time in seconds.items() if time >= 1)
    return Line(f"Done in {duration(sum(seconds.values()))}: {parts}. Nothing is left running.", "green")
