"""Write the schemas that the tests hold our Kubernetes objects against, structure only: names, types, what is required.

Usage: tools/kubernetes_schemas.py DEFINITIONS CRD, where DEFINITIONS is the `_definitions.json` of a strict
Kubernetes JSON schema (the Python distribution kubernetes-validate holds them, one folder per version) and CRD is
KubeRay's `ray.io_rayjobs.yaml` (in the Go module github.com/ray-project/kuberay/ray-operator, config/crd/bases).
Both are Apache-2.0. Run it to follow new versions; those here are of Kubernetes 1.37 and KubeRay 1.3.2.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import yaml

TARGET = Path(__file__).resolve().parent.parent / "tests" / "generator" / "executors" / "schemas"
JOB = "io.k8s.api.batch.v1.Job"
TEMPLATE = "io.k8s.api.core.v1.PodTemplateSpec"
KEPT = {"type", "enum", "required", "minimum", "maximum", "pattern", "format"}
POD_TEMPLATES = {"template", "submitterPodTemplate"}


def bare(schema: Any) -> Any:
    """Return a schema without descriptions, defaults and extensions."""
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if key in KEPT and value != "int-or-string"}
    if "$ref" in schema:
        kept["$ref"] = "#/definitions/" + schema["$ref"].rpartition("/")[2]
    if "properties" in schema:
        kept["properties"] = {name: bare(value) for name, value in schema["properties"].items()}
        kept["additionalProperties"] = False
    elif "additionalProperties" in schema:
        kept["additionalProperties"] = bare(schema["additionalProperties"])
    if "items" in schema:
        kept["items"] = bare(schema["items"])
    for key in ("oneOf", "anyOf"):
        if key in schema and not schema.get("x-kubernetes-int-or-string"):
            kept[key] = [bare(each) for each in schema[key]]
    if schema.get("x-kubernetes-int-or-string") or schema.get("format") == "int-or-string":
        kept = {"type": ["integer", "string"]}
    return kept


def closure(definitions: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a definition and all that it refers to."""
    found: dict[str, Any] = {}
    todo = [name]
    while todo:
        at = todo.pop()
        if at not in found:
            found[at] = bare(definitions[at])
            todo += [word.split('"')[0] for word in json.dumps(found[at]).split("#/definitions/")[1:]]
    return dict(sorted(found.items()))


def with_pod_templates(schema: Any) -> Any:
    """Let every template of a pod in a custom resource be Kubernetes' own."""
    if isinstance(schema, list):
        return [with_pod_templates(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    tree = {key: with_pod_templates(value) for key, value in schema.items()}
    for name in POD_TEMPLATES & set(tree.get("properties") or {}):
        tree["properties"][name] = {"$ref": f"#/definitions/{TEMPLATE}"}
    return tree


def main() -> None:
    """Write both schemas."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("definitions", type=Path)
    parser.add_argument("crd", type=Path)
    arguments = parser.parse_args()
    definitions = json.loads(arguments.definitions.read_text())["$defs"]
    crd = yaml.safe_load(arguments.crd.read_text())
    versions = {version["name"]: version["schema"]["openAPIV3Schema"] for version in crd["spec"]["versions"]}
    ray = with_pod_templates(bare(versions["v1"]))
    ray["properties"]["metadata"] = {"$ref": "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}
    ray["definitions"] = closure(definitions, TEMPLATE)
    job = {"$ref": f"#/definitions/{JOB}", "definitions": closure(definitions, JOB)}
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, schema in (("job", job), ("rayjob", ray)):
        path = TARGET / f"{name}.json"
        path.write_text(json.dumps(schema, separators=(",", ":"), sort_keys=True) + "\n")
        print(f"{path.relative_to(TARGET.parents[3])}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
