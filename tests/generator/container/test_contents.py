"""What is in the image, and above all what is not."""

from __future__ import annotations

import json
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Built

SET_ID, FOR_ALL = 0o6000, 0o002
LINK = b"2"
LABELS = ("title", "description", "vendor", "licenses", "version", "revision", "created")


def test_it_runs_as_a_user_without_rights_and_says_what_it_is(built: Built):
    config = built.image.config["config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["/usr/bin/tini", "--", "/opt/inferloop/bin/inferloop-synthetic"]
    assert config["StopSignal"] == "SIGTERM"
    for name in LABELS:
        assert config["Labels"][f"org.opencontainers.image.{name}"], name
    # Also where every step came from the cache of a build of another commit.
    assert config["Labels"]["org.opencontainers.image.revision"] == built.revision


@pytest.mark.parametrize(
    "name",
    [
        *("sh", "bash", "dash", "busybox", "perl", "gcc", "cc", "ld", "as", "make", "strip"),
        *("apt", "apt-get", "dpkg", "pip", "pip3", "uv", "curl", "wget", "su", "mount", "passwd"),
    ],
)
def test_no_shell_compiler_or_installer_is_in_it(built: Built, name: str):
    assert [path for path in built.image.files if PurePosixPath(path).name == name and "/bin" in path] == []


@pytest.mark.parametrize("module", ["pip", "setuptools", "torch", "sdv", "ctgan", "ray", "pytest", "ensurepip"])
def test_no_such_python_package_is_in_the_api_image(built: Built, module: str):
    packages = re.compile(rf"/(site-packages|dist-packages|python3\.\d+)/{module}$")
    assert [path for path in built.image.files if packages.search(path)] == []


def test_nothing_but_tmp_may_be_written_by_everybody_and_nothing_lends_its_owners_rights(built: Built):
    entries = built.image.files.values()
    assert [str(entry.path) for entry in entries if entry.mode & FOR_ALL and entry.kind != LINK] == ["/tmp"]
    assert built.image.files["/tmp"].mode == 0o1777
    assert [str(entry.path) for entry in entries if entry.mode & SET_ID] == []


def test_nothing_in_it_tells_when_it_was_built(built: Built):
    """Else two builds of the same sources would differ, and nodes pull layers anew of which nothing has changed."""
    assert {entry.modified for entry in built.image.files.values()} == {0}
    assert {step["created"] for step in built.image.config["history"] if "created" in step} == {"1970-01-01T00:00:00Z"}
    written_by_builds = re.compile(r"\.(log|pid)$|/(machine-id|hostname|resolv\.conf|dpkg\.log|installer)$")
    assert [path for path in built.image.files if written_by_builds.search(path)] == []


def test_the_user_owns_one_empty_folder_and_nothing_else(built: Built):
    owned = {path for path, entry in built.image.files.items() if entry.owner or entry.group}
    assert owned == {"/data"}
    assert [path for path in built.image.files if path.startswith(("/data/", "/tmp/"))] == []


def test_nothing_of_the_builders_machine_gets_in(built: Built):
    """No pip configuration, no certificates but Debian's, no cache, no compiled file with a path of the build."""
    assert not [
        path
        for path in built.image.files
        if "/run/secrets" in path or "/var/cache" in path or path.startswith("/build")
    ]
    (bundle,) = built.image.contents("/etc/ssl/certs/ca-certificates.crt").values()
    assert bundle.count(b"BEGIN CERTIFICATE") > 100
    assert not [path for path in built.image.files if path.endswith(("pip.conf", "ca.pem", "direct_url.json"))]
    history = json.dumps(built.image.config.get("history", []))
    assert "PIP_INDEX_URL" not in history
    assert "://" not in re.sub(r"https?://(github\.com|opencontainers\.org)\S*", "", history)


EVERY_MODULE = """
import importlib, pkgutil, sys, warnings
warnings.simplefilter("ignore")
failed = {}
def visit(name):
    try:
        module = importlib.import_module(name)
    except Exception as error:
        failed[name] = repr(error)
        return
    for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
        if not found.name.startswith("__main"):
            visit(f"{name}.{found.name}")
for name in sys.argv[1:]:
    visit(name)
for name, error in failed.items():
    print(f"failed {name}: {error}")
"""


def test_every_module_of_ours_and_what_it_computes_with_can_be_imported(built: Built):
    """What slim.py removes, and strip touches, is missed by nothing: each module left is loaded in the container."""
    packages = [
        "inferloop_synthetic",
        "numpy",
        "scipy",
        "sklearn",
        "pyarrow",
        "sqlalchemy",
        "pydantic",
        "fastapi",
        "uvicorn",
        "obstore",
    ]
    code = EVERY_MODULE.replace(
        "sys.argv[1:]", repr([*packages, "uvloop", "httptools", "yaml", "cryptography", "redis", "rq"])
    )
    lines = built.podman.python(code).splitlines()  # some modules print when they are imported
    failed = [line.removeprefix("failed ") for line in lines if line.startswith("failed ")]
    assert [line for line in failed if not excused(line)] == []


def excused(line: str) -> bool:
    """Tell whether a module cannot be imported because of something that its package leaves to its user to install."""
    if line.startswith("inferloop_synthetic.jobs.migrations.env: "):
        return True  # Alembic runs it, with a context
    absent = re.search(r"No module named '([\w.]+)'", line)
    ours = ("numpy", "scipy", "sklearn", "pyarrow", "sqlalchemy", "inferloop_synthetic", "pydantic", "uvicorn")
    if line.startswith("inferloop_synthetic."):
        return bool(absent) and absent[1] in {"ray", "sdv", "ctgan", "torch", "pandas", "polars", "rdt"}
    if absent:
        return not absent[1].startswith(ours) or absent[1] in LEFT_OUT or ".tests" in absent[1]
    return bool(re.search(r"requires? |only (available|supported)|must be installed|not installed|depends on", line))


LEFT_OUT = {
    *("pyarrow._flight", "pyarrow._orc", "pyarrow._hdfs", "pyarrow._s3fs", "pyarrow._cuda", "pyarrow.gandiva"),
    *("sqlalchemy.testing", "sklearn.utils._test_common"),
}
"""What slim.py removes on purpose; nothing of ours uses it."""


def test_the_compiled_files_are_there_and_are_the_sources(built: Built):
    """Else each start would compile hundreds of files anew, as nothing can be written."""
    code = (
        "import inferloop_synthetic.cli.app as module, json, importlib.util as u, pathlib;"
        "cached = pathlib.Path(u.cache_from_source(json.__file__)).read_bytes();"
        "print(pathlib.Path(module.__cached__).exists(), int.from_bytes(cached[4:8], 'little'))"
    )
    assert built.podman.python(code).split() == ["True", "1"]  # 1: found by its source's hash, not checked at run time


def test_the_bill_of_materials_names_every_package(built: Built, repository):
    bill = json.loads(built.layout.with_name("api.cdx.json").read_text())
    named = {component["purl"].split("?")[0] for component in bill["components"]}
    installed = built.podman.python(
        "import importlib.metadata as m, re;"
        "print(*sorted(re.sub('[-_.]+', '-', d.metadata['Name']).lower() + '@' + d.version for d in m.distributions()))"
    ).split()
    assert {f"pkg:pypi/{name}" for name in installed} <= named
    assert {name.split("@")[0] for name in installed} >= {"inferloop-synthetic", "numpy", "fastapi"}
    described = [path for path in built.image.files if path.startswith("/var/lib/dpkg/status.d/")]
    debian = [name for name in named if name.startswith("pkg:deb/debian/")]
    assert len(debian) == len(described) > 15
    assert any(re.match(r"pkg:deb/debian/libssl3(t64)?@3\.", name) for name in debian)
    assert bill["metadata"]["component"]["hashes"][0]["content"] == built.image.digest.removeprefix("sha256:")


def test_what_the_lock_names_is_what_is_in_it(built: Built, repository):
    locked = set()
    for line in (repository / "requirements/image-api.txt").read_text().splitlines():
        if found := re.match(r"([a-z0-9-]+)==(\S+)", line):
            locked.add(f"{found[1]}=={found[2]}")
    metadata = built.image.contents("*.dist-info/METADATA")
    inside = set()
    for content in metadata.values():
        text = content.decode()
        name = re.sub(r"[-_.]+", "-", re.search(r"^Name: (\S+)", text, re.MULTILINE)[1]).lower()
        version = re.search(r"^Version: (\S+)", text, re.MULTILINE)[1]
        inside.add(f"{name}=={version}")
    assert {entry for entry in inside if not entry.startswith("inferloop-synthetic==")} <= locked


def test_its_size_is_printed_by_part_and_stays_under_what_was_promised(built: Built):
    assert re.search(r"^pyarrow +\d+\.\d +\d+\.\d$", built.printed, re.MULTILINE)
    assert f"{built.image.compressed / 1e6:.1f} MB compressed" in built.printed
    assert built.image.compressed < 150e6
    assert built.image.compressed == sum(layer.path.stat().st_size for layer in built.image.layers) + len(
        (built.layout / "blobs" / built.image.manifest["config"]["digest"].replace(":", "/")).read_bytes()
    )
