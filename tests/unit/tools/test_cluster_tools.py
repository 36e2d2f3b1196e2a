"""`make cluster-tools`: programs are built once, from what is pinned, and are there whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from threading import Event

import crds
import go_build
import kind_schemas
import prepare
import pytest

from inferloop_deploy.errors import InferloopError
from inferloop_deploy.programs import find_programs, programs_folder, read_programs, required_version

ROOT = Path(__file__).resolve().parents[3]
GO = """#!/bin/sh
# Stands in for Go: says a version, and "builds" by writing down what it was told.
case "$1" in
env) echo "${GO_VERSION:-go1.99.1}"; exit 0 ;;
mod) printf '{"Dir": "%s"}' "$GO_MODULE"; exit 0 ;;
esac
echo "$*" >> "$GO_LOG"
if [ -n "$GO_FAILS" ]; then echo "$GO_FAILS" >&2; exit 1; fi
for word in "$@"; do case "$word" in -o=*) target="${word#-o=}" ;; esac; done
printf half > "$target"
if [ -n "$GO_WAITS" ]; then : > "$GO_WAITS.begun"; while [ ! -e "$GO_WAITS" ]; do sleep 0.01; done; fi
printf '#!/bin/sh\\necho %s\\n' "$*" > "$target"; chmod 755 "$target"
"""
PINS = """
[module.kubernetes]
pinned = "k8s.io/kubernetes"
[module.kubernetes.stamps]
"version.gitVersion" = "v{version}"
"version.gitMinor" = "{kubernetes_minor}"
[module.fake]
pinned = "example.org/fake"
files = ["stages/one.yaml"]
[group.client]
module = "kubernetes"
programs = { kubectl = "k8s.io/kubernetes/cmd/kubectl" }
[group.fakes]
module = "fake"
programs = { fake = "example.org/fake/cmd/fake" }
[group.nodes]
module = "kubernetes"
on_demand = true
programs = { kubelet = "k8s.io/kubernetes/cmd/kubelet" }
"""


class Checkout:
    """A small tree with the builder, two pinned modules and a stand-in for Go."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "tree"
        self.tools = self.root / "tools" / "kubernetes"
        self.tools.mkdir(parents=True)
        for path in (ROOT / "tools" / "kubernetes").glob("*.py"):
            shutil.copyfile(path, self.tools / path.name)
        (self.tools / "programs.toml").write_text(PINS)
        self.pin("kubernetes", "k8s.io/kubernetes", "1.35.4")
        self.pin("fake", "example.org/fake", "0.8.0")
        (folder / "module" / "stages").mkdir(parents=True)
        (folder / "module" / "stages" / "one.yaml").write_text("kind: Stage\n")
        (folder / "bin").mkdir()
        (folder / "bin" / "go").write_text(GO)
        (folder / "bin" / "go").chmod(0o755)
        self.log = folder / "go.log"
        self.environ = {
            "PATH": f"{folder / 'bin'}:/usr/bin:/bin",
            "XDG_CACHE_HOME": str(folder / "cache"),
            "GO_LOG": str(self.log),
            "GO_MODULE": str(folder / "module"),
            # As under `make test`, so that what runs in these processes counts.
            **{name: value for name, value in os.environ.items() if name.startswith("COV")},
        }

    def pin(self, name: str, module: str, version: str, go: str = "1.26.0") -> None:
        """Write a module's pins."""
        folder = self.tools / "modules" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "go.mod").write_text(f"module tools/{name}\n\ngo {go}\n\nrequire {module} v{version}\n")

    def start(self, *names: str, **environ: str) -> subprocess.Popen[str]:
        """Start the builder."""
        command = [sys.executable, str(self.tools / "cluster_tools.py"), *names]
        return subprocess.Popen(
            command,
            env=self.environ | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def build(self, *names: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run the builder to its end."""
        with self.start(*names, **environ) as process:
            out, error = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, out, error)

    @property
    def folder(self) -> Path:
        """Where the programs go."""
        return programs_folder(read_programs(self.root), self.environ)

    def builds(self) -> list[str]:
        """Return the packages that were built, in order."""
        return [line.split()[-1] for line in self.log.read_text().splitlines()] if self.log.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


NAMES = ("client", "fakes")
BOTH = ["k8s.io/kubernetes/cmd/kubectl", "example.org/fake/cmd/fake"]


def test_programs_are_built_from_their_pins_and_told_their_version(checkout: Checkout) -> None:
    outcome = checkout.build(*NAMES)

    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.strip() == str(checkout.folder / "bin")
    assert sorted(path.name for path in (checkout.folder / "bin").iterdir()) == ["fake", "kubectl"]
    said = subprocess.run([checkout.folder / "bin" / "kubectl"], capture_output=True, text=True, check=True).stdout
    assert "-X=version.gitMinor=35 -X=version.gitVersion=v1.35.4" in said
    assert "-mod=readonly -trimpath" in said
    assert (checkout.folder / "files" / "fake" / "one.yaml").read_text() == "kind: Stage\n"
    assert not list(checkout.folder.glob(".building-*"))


def test_what_is_built_is_not_built_again_and_needs_no_go(checkout: Checkout) -> None:
    checkout.build(*NAMES)
    (Path(checkout.environ["PATH"].split(":")[0]) / "go").unlink()

    assert checkout.build(*NAMES).returncode == 0
    assert checkout.builds() == BOTH


def test_only_what_is_asked_for_is_built_by_program_or_by_group(checkout: Checkout) -> None:
    checkout.build("kubectl")
    assert checkout.builds() == BOTH[:1]
    checkout.build("nodes")
    assert checkout.builds()[1:] == ["k8s.io/kubernetes/cmd/kubelet"]


def test_two_at_once_build_each_program_once(checkout: Checkout, tmp_path: Path) -> None:
    waits = str(tmp_path / "go-on")
    first, second = checkout.start(*NAMES, GO_WAITS=waits), checkout.start(*NAMES, GO_WAITS=waits)
    while not Path(f"{waits}.begun").exists():
        Event().wait(0.01)
    Path(waits).touch()

    errors = [process.communicate()[1] for process in (first, second)]

    assert first.returncode == second.returncode == 0, errors
    assert sorted(checkout.builds()) == sorted(BOTH)


def test_a_build_that_is_killed_midway_leaves_nothing_and_the_next_one_goes_on(
    checkout: Checkout, tmp_path: Path
) -> None:
    waits = str(tmp_path / "go-on")
    process = checkout.start("kubectl", GO_WAITS=waits)
    while not Path(f"{waits}.begun").exists():
        Event().wait(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (checkout.folder / "bin" / "kubectl").exists()
    assert list(checkout.folder.glob(".building-*"))

    assert checkout.build("kubectl").returncode == 0

    assert (checkout.folder / "bin" / "kubectl").read_text().startswith("#!/bin/sh")
    assert not list(checkout.folder.glob(".building-*"))


def test_an_interrupted_build_leaves_nothing_but_what_is_complete(checkout: Checkout, tmp_path: Path) -> None:
    waits = str(tmp_path / "go-on")
    process = checkout.start("kubectl", GO_WAITS=waits)
    while not Path(f"{waits}.begun").exists():
        Event().wait(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate()

    assert process.returncode == 130
    assert "Traceback" not in error
    assert not list((checkout.folder).rglob("kubectl*"))


def test_a_truncated_program_is_built_again(checkout: Checkout) -> None:
    checkout.build("kubectl")
    program = checkout.folder / "bin" / "kubectl"
    program.write_text("half")

    with pytest.raises(InferloopError, match="kubectl is not there"):
        find_programs(checkout.root, ["kubectl"], checkout.environ | {"PATH": ""})
    assert checkout.build("kubectl").returncode == 0

    assert program.read_text().startswith("#!/bin/sh")


def test_a_changed_program_of_the_same_length_is_found_when_asked_to_verify(checkout: Checkout) -> None:
    checkout.build("kubectl")
    program = checkout.folder / "bin" / "kubectl"
    program.write_text(program.read_text().replace("echo", "ohce"))

    checkout.build("kubectl")
    assert "ohce" in program.read_text()
    assert "has changed" in checkout.build("--verify", "kubectl").stdout
    assert "ohce" not in program.read_text()


def test_another_pin_is_another_folder_and_takes_over_what_has_not_changed(checkout: Checkout) -> None:
    checkout.build(*NAMES)
    before = checkout.folder
    checkout.pin("fake", "example.org/fake", "0.9.0")

    assert checkout.build(*NAMES).returncode == 0

    assert checkout.folder != before
    assert (checkout.folder / "bin" / "kubectl").read_bytes() == (before / "bin" / "kubectl").read_bytes()
    assert checkout.builds() == [*BOTH, "example.org/fake/cmd/fake"]


def test_without_go_it_says_what_go_is_for(checkout: Checkout) -> None:
    outcome = checkout.build("kubectl", PATH="/nowhere")

    assert outcome.returncode == 1
    assert "There is no Go" in outcome.stderr
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize(("version", "new_enough"), [("go1.25.9", False), ("go1.26.0", True), ("go1.27rc1", True)])
def test_a_go_that_is_too_old_is_named_with_what_is_needed(checkout: Checkout, version: str, new_enough: bool) -> None:
    outcome = checkout.build("kubectl", GO_VERSION=version)

    assert (outcome.returncode == 0) == new_enough
    assert new_enough or "Go 1.25.9" in outcome.stderr
    assert new_enough or "kubernetes needs 1.26.0" in outcome.stderr


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("write /tmp/x.a: no space left on device", "The disk is full"),
        ('Get "https://proxy.example/x": dial tcp 10.0.0.1:443: i/o timeout', "proxy does not answer"),
        ('Get "https://proxy.example/x": x509: certificate signed by unknown authority', "proxy does not answer"),
        ("reading https://proxy.example/x/@v/v1.info: 403 Forbidden", "does not have a module"),
        ("verifying k8s.io/api@v0.35.4: checksum mismatch\nSECURITY ERROR", "not what go.sum pins"),
        ("x: module lookup disabled by GOPROXY=off", "GOPROXY is off"),
        ("go: k8s.io/x@v1 requires go >= 1.30.0 (running go 1.26.8)", "too old"),
        ("compile: signal: killed", "Memory ran out"),
    ],
)
def test_a_failure_of_go_comes_with_what_it_means(checkout: Checkout, said: str, meaning: str) -> None:
    outcome = checkout.build("kubectl", GO_FAILS=said)

    assert outcome.returncode == 1
    assert said.splitlines()[0] in outcome.stderr
    assert meaning in outcome.stderr
    assert not (checkout.folder / "bin").exists()


def test_a_failure_that_nobody_knows_comes_with_gos_own_words(checkout: Checkout) -> None:
    assert "undefined: foo" in checkout.build("kubectl", GO_FAILS="main.go:3: undefined: foo").stderr
    assert go_build.meaning("main.go:3: undefined: foo") is None


def test_an_unknown_name_is_answered_with_those_that_there_are(checkout: Checkout) -> None:
    outcome = checkout.build("kubctl")

    assert outcome.returncode == 1
    assert "kubctl" in outcome.stderr
    assert "client, fake, fakes, kubectl, kubelet, nodes" in outcome.stderr


def test_gos_own_settings_of_a_person_do_not_change_what_is_built() -> None:
    environ = go_build.build_environment({"GOFLAGS": "-mod=mod", "CGO_ENABLED": "1"}, Path("/scratch"))

    assert environ["GOFLAGS"] == ""
    assert environ["CGO_ENABLED"] == "0"
    assert environ["GOCACHE"] == "/scratch/go-build"


def test_a_named_go_cache_is_used_and_kept() -> None:
    assert go_build.build_environment({"GOCACHE": "/ci/cache"}, Path("/scratch"))["GOCACHE"] == "/ci/cache"


def test_every_program_is_of_a_module_with_pins_and_hashes() -> None:
    programs = read_programs(ROOT)

    assert {"helm", "kubectl", "kube-apiserver", "etcd", "kwok", "kubeconform", "promtool"} <= {
        program.name for program in programs if not program.on_demand
    }
    for program in programs:
        assert (program.module.folder / "go.sum").read_text().count(" h1:") > 10, program.name
        assert program.module.floor >= (1, 24), program.name
        assert "{" not in "".join(program.flags), program.name


def test_a_pin_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"does not require k8s\.io/kubernetes"):
        required_version("module x\n\nrequire k8s.io/api v0.35.4\n", "k8s.io/kubernetes")


def test_a_folder_of_ones_own_is_the_only_one_looked_into(tmp_path: Path) -> None:
    environ = {"INFERLOOP_KUBERNETES_PROGRAMS": str(tmp_path), "PATH": os.environ["PATH"]}
    (tmp_path / "etcd").write_text("")
    (tmp_path / "etcd").chmod(0o755)

    assert find_programs(ROOT, ["etcd"], environ) == {"etcd": tmp_path / "etcd"}
    with pytest.raises(InferloopError, match=f"helm is not there in {tmp_path}"):
        find_programs(ROOT, ["etcd", "helm"], environ)


def test_a_client_may_come_from_the_path_and_a_server_may_not(tmp_path: Path) -> None:
    for name in ("helm", "etcd"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
    environ = {"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "empty")}

    assert find_programs(ROOT, ["helm"], environ) == {"helm": tmp_path / "helm"}
    with pytest.raises(InferloopError, match=r"^etcd is not there\.\n.*make cluster-tools"):
        find_programs(ROOT, ["helm", "etcd"], environ)


DEFINITIONS = """\
# Source: somewhere
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  annotations: {name: not-this}
  name: widgets.example.org
spec: {}
---
apiVersion: v1
kind: Namespace
metadata:
  name: left-out
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: "gadgets.example.org"
"""


def archive(folder: Path, text: str = DEFINITIONS) -> Path:
    """Write a module's archive as Go's cache holds it."""
    path = folder / "v1.zip"
    with zipfile.ZipFile(path, "w") as content:
        content.writestr("example.org/widgets@v1.0.0/crds/all.yaml", text)
    return path


def source(files: tuple[str, ...] = ("crds/*.yaml",), names: tuple[str, ...] = ("widgets.example.org",)) -> crds.Source:
    return crds.Source("widgets", "example.org/widgets", "v1.0.0", "h1:right=", files, names)


def test_definitions_are_taken_out_as_they_stand_and_only_those_named(tmp_path: Path) -> None:
    found = crds.extract(source(), archive(tmp_path))

    assert list(found) == ["widgets.example.org"]
    assert found["widgets.example.org"] in DEFINITIONS


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (source(files=("config/*.yaml",)), r"no definitions at config/\*\.yaml"),
        (
            source(names=("wodgets.example.org",)),
            "does not define wodgets.example.org. It has: gadgets.example.org, widg",
        ),
    ],
    ids=["pattern", "name"],
)
def test_a_pattern_or_name_that_finds_nothing_is_an_error(tmp_path: Path, asked: crds.Source, said: str) -> None:
    with pytest.raises(go_build.BuildFailed, match=said):
        crds.extract(asked, archive(tmp_path))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ('{"Zip": "ZIP", "Sum": "h1:wrong="}', "has the hash h1:wrong=, but crds.toml pins h1:right="),
        ('{"Error": "dial tcp: i/o timeout"}', "proxy does not answer"),
        ("not json", "not json"),
    ],
)
def test_a_module_that_is_not_the_pinned_one_installs_nothing(tmp_path: Path, answer: str, said: str) -> None:
    go = tmp_path / "go"
    go.write_text(f"#!/bin/sh\necho '{answer.replace('ZIP', str(archive(tmp_path)))}'\nexit 1\n")
    go.chmod(0o755)

    with pytest.raises(go_build.BuildFailed, match=said):
        crds.install_definitions(str(go), [source()], tmp_path / "cache" / "crds", dict(os.environ))

    assert list((tmp_path / "cache").iterdir()) == []


def test_a_module_that_needs_a_newer_go_is_read_all_the_same(tmp_path: Path) -> None:
    go = tmp_path / "go"
    facts = {"Error": "requires go >= 9.9", "Zip": str(archive(tmp_path)), "Sum": "h1:right="}
    go.write_text(f"#!/bin/sh\necho '{json.dumps(facts)}'\nexit 1\n")
    go.chmod(0o755)

    assert crds.install_definitions(str(go), [source()], tmp_path / "cache" / "crds", dict(os.environ)) == 1

    assert (tmp_path / "cache" / "crds" / "widgets" / "widgets.example.org.yaml").exists()


@pytest.mark.parametrize(
    ("published", "made"),
    [
        ({"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}]}, {"type": ["integer", "string"]}),
        ({"type": "string", "nullable": True, "description": "x"}, {"type": ["string", "null"]}),
        ({"$ref": "#/components/schemas/a.b"}, {"$ref": "#/definitions/a.b"}),
        ({"type": "object"}, {"type": "object"}),
        (
            {"type": "object", "properties": {"a": {"type": "integer", "format": "int32"}}},
            {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": False},
        ),
        (
            {"type": "object", "properties": {"a": {}}, "x-kubernetes-preserve-unknown-fields": True},
            {"type": "object", "properties": {"a": {}}},
        ),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            {"type": "object", "additionalProperties": {"type": "string"}},
        ),
        (
            {"properties": {"a": {}, "b": {}}, "oneOf": [{"properties": {"a": {"enum": [1]}}, "required": ["a"]}]},
            {
                "properties": {"a": {}, "b": {}},
                "additionalProperties": False,
                "oneOf": [{"properties": {"a": {"enum": [1]}}, "required": ["a"]}],
            },
        ),
        (
            {"x-kubernetes-embedded-resource": True, "properties": {"spec": {}}},
            {
                "properties": {"apiVersion": {}, "kind": {}, "metadata": {}, "spec": {}},
                "additionalProperties": False,
            },
        ),
    ],
)
def test_what_an_api_server_publishes_becomes_a_strict_schema(
    published: dict[str, object], made: dict[str, object]
) -> None:
    assert kind_schemas.plain(published) == made


def test_a_definition_that_refers_to_itself_is_taken_once() -> None:
    tree = {"properties": {"child": {"$ref": "#/components/schemas/tree"}}}

    assert list(kind_schemas.closure({"tree": tree}, {"$ref": "#/definitions/tree"})) == ["tree"]


def test_descriptions_go_and_fields_of_that_name_stay() -> None:
    definition = {"description": "text", "properties": {"description": {"type": "string", "description": "text"}}}

    assert prepare.undescribed([definition]) == [{"properties": {"description": {"type": "string"}}}]


def test_objects_that_stand_one_after_the_other_are_all_read() -> None:
    assert list(prepare.objects('{"a": 1}\n{"b": 2}\n')) == [{"a": 1}, {"b": 2}]
