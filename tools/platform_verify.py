"""Pull every chart of the platform's catalogue, check its digest, render it with our values, validate what comes out.

Run through `make platform-verify`; it needs the network that the charts are on, and is therefore no part of the tests.
Ends with 0 where every chart is pinned and right, 3 where only digests are missing (it prints them), 1 where one is
wrong.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from inferloop_deploy.errors import InferloopError
from inferloop_deploy.programs import find_programs, schema_location
from inferloop_deploy.terraform import find_terraform

ROOT = Path(__file__).resolve().parent.parent
PLATFORM = ROOT / "modules" / "platform"
CASES = ROOT / "tests" / "cluster" / "platform" / "cases.yaml"
WRONG, UNPINNED = 1, 3
Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class Source:
    """Where a chart is, in which version, and the SHA-256 that its archive must have, if that is known."""

    repository: str
    chart: str
    version: str
    digest: str | None


@dataclass(frozen=True)
class Finding:
    """What was found of one chart; `wrong` says what has to be mended, `pin` the digest to write down."""

    addon: str
    source: Source
    rendered: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    pin: str | None = None


def catalogue(path: Path, only: Sequence[str], registry: str | None) -> dict[str, Source]:
    """Return the charts of a catalogue by add-on; plain manifests from git have no archive and are left to Argo CD.

    Raises InferloopError for an add-on that there is not.
    """
    addons = yaml.safe_load(path.read_text(encoding="utf-8"))["addons"]
    unknown = [name for name in only if name not in addons]
    if unknown:
        raise InferloopError(f"There is no add-on {', '.join(unknown)}.", f"Those that there are: {', '.join(addons)}")
    return {
        name: Source(
            addon["source"]["repository"] if registry is None else f"oci://{registry}/charts",
            addon["source"]["chart"],
            addon["version"],
            addon["digest"],
        )
        for name, addon in addons.items()
        if "chart" in addon["source"] and (not only or name in only)
    }


def pull_command(helm: str, source: Source, folder: Path) -> list[str]:
    """Return the command that pulls a chart's archive into a folder."""
    if source.repository.startswith("oci://"):
        where = [f"{source.repository}/{source.chart}"]
    else:
        where = [source.chart, "--repo", source.repository]
    return [helm, "pull", *where, "--version", source.version, "--destination", str(folder)]


def render_command(helm: str, addon: str, archive: Path, namespace: str, values: Path, kubernetes: str) -> list[str]:
    """Return the command that renders a chart as Argo CD would, definitions included."""
    return [
        helm, "template", addon, str(archive), "--namespace", namespace, "--values", str(values),
        "--kube-version", kubernetes, "--include-crds", "--skip-tests",
    ]  # fmt: skip


def validate_command(kubeconform: str, schemas: str, manifests: Path) -> list[str]:
    """Return the command that holds manifests against the schemas of the kinds that are known here."""
    return [
        kubeconform, "-strict", "-ignore-missing-schemas", "-schema-location", schemas,
        "-skip", "CustomResourceDefinition", "-output", "text", str(manifests),
    ]  # fmt: skip


def sha256(path: Path) -> str:
    """Return the digest of a file as the catalogue writes it."""
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def said(outcome: subprocess.CompletedProcess[str]) -> str:
    """Return the last lines that a program said, on one line."""
    lines = (outcome.stderr.strip() or outcome.stdout.strip()).splitlines()
    return "; ".join(line.strip() for line in lines[-3:]) or f"ended with {outcome.returncode} and said nothing"


@dataclass(frozen=True)
class Verifier:
    """Checks charts with the programs that it is given; `values` are those of each case by add-on."""

    programs: Mapping[str, str]
    schemas: str
    kubernetes: str
    values: Mapping[str, Mapping[str, Mapping[str, Any]]]
    namespaces: Mapping[str, str]
    run: Run

    def verify(self, addon: str, source: Source, folder: Path) -> Finding:
        """Pull, check, render and validate one chart in an empty folder."""
        pulled = self.run(pull_command(self.programs["helm"], source, folder))
        archives = sorted(folder.glob("*.tgz"))
        if pulled.returncode or len(archives) != 1:
            return Finding(addon, source, wrong=(f"cannot be pulled: {said(pulled)}",))
        found = sha256(archives[0])
        if source.digest is not None and found != source.digest:
            why = f"its archive has {found} and not {source.digest}; somebody has changed it, or the catalogue is wrong"
            return Finding(addon, source, wrong=(why,))
        rendered, wrong = [], []
        for case, values in self.values.items():
            if addon in values:
                faults = list(self._render(addon, archives[0], folder / case, values[addon]))
                wrong += [f"with the values of {case}: {fault}" for fault in faults]
                rendered += [] if faults else [case]
        if not rendered and not wrong:
            wrong.append("no case renders it: add one to tests/cluster/platform/cases.yaml")
        return Finding(addon, source, tuple(rendered), tuple(wrong), None if source.digest else found)

    def _render(self, addon: str, archive: Path, folder: Path, values: Mapping[str, Any]) -> Iterator[str]:
        folder.mkdir()
        (folder / "values.yaml").write_text(yaml.safe_dump(dict(values)), encoding="utf-8")
        namespace = self.namespaces[addon]
        command = render_command(
            self.programs["helm"], addon, archive, namespace, folder / "values.yaml", self.kubernetes
        )
        rendered = self.run(command)
        if rendered.returncode:
            yield f"helm cannot render it: {said(rendered)}"
            return
        manifests = folder / "manifests.yaml"
        manifests.write_text(rendered.stdout, encoding="utf-8")
        valid = self.run(validate_command(self.programs["kubeconform"], self.schemas, manifests))
        if valid.returncode:
            yield f"what it renders is not valid: {said(valid)}"


def computed_values(root: Path, folder: Path, cases: Path, registry: str | None) -> dict[str, dict[str, Any]]:
    """Return the values of each add-on for each case, from modules/platform/values; writes into `folder`."""
    known = yaml.safe_load(cases.read_text(encoding="utf-8"))
    for case in known.values():
        case["cluster_services"]["registry"] = registry
    (folder / "cases.json").write_text(json.dumps(known), encoding="utf-8")
    (folder / "modules").symlink_to(root / "modules")
    (folder / "main.tf").write_text(
        """
module "values" {
  source           = "./modules/platform/values"
  for_each         = jsondecode(file("cases.json"))
  environment      = each.value.environment
  platform         = merge(yamldecode(file("modules/platform/values/tests/platform.yaml")), each.value.changes)
  cluster_services = each.value.cluster_services
  namespaces       = each.value.namespaces
}

output "values" {
  value = { for name, values in module.values : name => merge(
    { argo-cd = values.argo_cd },
    { for addon, one in values.applications.applications : addon => one.values if can(one.values) },
  ) }
}
""",
        encoding="utf-8",
    )
    terraform = [str(find_terraform(root, os.environ)), f"-chdir={folder}"]
    for arguments in (["init", "-input=false"], ["apply", "-auto-approve", "-input=false"]):
        outcome = _run([*terraform, *arguments, "-no-color"])
        if outcome.returncode:
            raise InferloopError(f"The values of the add-ons cannot be computed: {outcome.stderr.strip()}")
    found: dict[str, dict[str, Any]] = json.loads(_run([*terraform, "output", "-json", "values"]).stdout)
    return found


def report(findings: Sequence[Finding]) -> tuple[list[str], int]:
    """Return the lines that tell what was found, and the exit status."""
    lines = []
    for one in findings:
        name = f"{one.addon} {one.source.version}"
        if one.wrong:
            lines += [f"wrong     {name}: {wrong}" for wrong in one.wrong]
        elif one.pin:
            lines.append(
                f"unpinned  {name}: renders with {', '.join(one.rendered)}; in the catalogue, put digest: {one.pin}"
            )
        else:
            lines.append(f"verified  {name}: {one.source.digest}, renders with {', '.join(one.rendered)}")
    wrong = sum(bool(one.wrong) for one in findings)
    unpinned = sum(one.pin is not None and not one.wrong for one in findings)
    lines.append(
        f"{len(findings)} charts: {len(findings) - wrong - unpinned} verified, {unpinned} unpinned, {wrong} wrong"
    )
    return lines, WRONG if wrong else UNPINNED if unpinned else 0


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(command), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify the add-ons that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("addons", nargs="*", metavar="ADDON", help="add-ons to look at; without any, all")
    parser.add_argument("--catalog", type=Path, default=PLATFORM / "catalog.yaml", help="catalogue to read")
    parser.add_argument("--registry", help="registry that has the charts below charts/, in place of their sources")
    parser.add_argument("--kubernetes", default="1.35.0", help="version that charts are rendered for")
    chosen = parser.parse_args(arguments)
    try:
        sources = catalogue(chosen.catalog, chosen.addons, chosen.registry)
        programs = {name: str(path) for name, path in find_programs(ROOT, ["helm", "kubeconform"]).items()}
        addons = yaml.safe_load(chosen.catalog.read_text(encoding="utf-8"))["addons"]
        with tempfile.TemporaryDirectory(prefix="platform-verify-") as folder:
            (Path(folder) / "terraform").mkdir()
            values = computed_values(ROOT, Path(folder) / "terraform", CASES, chosen.registry)
            namespaces = {name: addon["namespace"] for name, addon in addons.items()}
            verifier = Verifier(programs, schema_location(ROOT), chosen.kubernetes, values, namespaces, _run)
            findings = []
            for name, source in sources.items():
                (Path(folder) / name).mkdir()
                findings.append(verifier.verify(name, source, Path(folder) / name))
                print(report(findings[-1:])[0][0], flush=True)
    except InferloopError as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    lines, status = report(findings)
    print(lines[-1])
    return status


if __name__ == "__main__":
    sys.exit(main())
