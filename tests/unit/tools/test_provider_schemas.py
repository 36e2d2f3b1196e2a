"""`make providers`: schemas read from packages, and stand-ins that are made once and checked."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools" / "providers"))

import extract  # noqa: E402  # after the path that it is found on
import stand_ins  # noqa: E402

RESOURCE = """\
export interface BoxConfig {
  readonly name: string;
}
export interface BoxPart {
  readonly label: string;
  readonly weights?: number[];
}
export function boxPartToHclTerraform(struct?: BoxPart): any {
  const attrs = {
    label: {
      value: cdktf.stringToHclTerraform(struct!.label),
      isBlock: false,
      type: "simple",
      storageClassType: "string",
    },
    weights: {
      value: cdktf.listMapperHcl(cdktf.numberToHclTerraform, false)(struct!.weights),
      isBlock: false,
      type: "set",
      storageClassType: "numberList",
    },
  };
}
export class BoxPartOutputReference extends cdktf.ComplexObject {
  // label - computed: false, optional: false, required: true
  private _label?: string;
  public get label() {
    return this.getStringAttribute('label');
  }
  // weights - computed: false, optional: true, required: false
  private _weights?: number[];
  public get weights() {
    return this.getNumberListAttribute('weights');
  }
}
export class BoxPartList extends cdktf.ComplexList {
  public get(index: number): BoxPartOutputReference {
    return new BoxPartOutputReference(this.terraformResource, this.terraformAttribute, index, this.wrapsSet);
  }
}
export class BoxStateOutputReference extends cdktf.ComplexObject {
  // size - computed: true, optional: false, required: false
  public get size() {
    return this.getNumberAttribute('size');
  }
}
export class Box extends cdktf.TerraformResource {
  public static readonly tfResourceType = "demo_box";
  // id - computed: true, optional: false, required: false
  public get id() {
    return this.getStringAttribute('id');
  }
  // links - computed: true, optional: false, required: false
  private _links = new cdktf.StringMap(this, "links");
  public get links() {
    return this._links;
  }
  // name - computed: false, optional: false, required: true
  private _name?: string;
  public get name() {
    return this.getStringAttribute('name');
  }
  // parts - computed: false, optional: true, required: false
  private _parts = new BoxPartList(this, "parts", false);
  public get parts() {
    return this._parts;
  }
  // secret_wo - computed: false, optional: true, required: false
  private _secretWo?: string;
  public get secretWo() {
    return this.getStringAttribute('secret_wo');
  }
  // state - computed: true, optional: false, required: false
  private _state = new BoxStateOutputReference(this, "state");
  public get state() {
    return this._state;
  }
  protected synthesizeHclAttributes(): { [name: string]: any } {
    const attrs = {
      name: {
        value: cdktf.stringToHclTerraform(this._name),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
      parts: {
        value: cdktf.listMapperHcl(boxPartToHclTerraform, false)(this._parts.internalValue),
        isBlock: true,
        type: "list",
        storageClassType: "BoxPartList",
      },
      secret_wo: {
        value: cdktf.stringToHclTerraform(this._secretWo),
        isBlock: false,
        type: "simple",
        storageClassType: "string",
      },
    };
  }
}
"""
PROVIDER = """\
export interface DemoProviderLogin {
  readonly user: string;
  readonly tags?: { [key: string]: string };
}
export function demoProviderLoginToHclTerraform(struct?: DemoProviderLogin): any {
  const attrs = {
    tags: {
      value: cdktf.hashMapperHcl(cdktf.stringToHclTerraform)(struct!.tags),
      isBlock: false,
      type: "map",
      storageClassType: "stringMap",
    },
    user: {
      value: cdktf.stringToHclTerraform(struct!.user),
      isBlock: false,
      type: "simple",
      storageClassType: "string",
    },
  };
}
export class DemoProvider extends cdktf.TerraformProvider {
  public static readonly tfResourceType = "demo";
  // login - computed: false, optional: true, required: false
  private _login?: DemoProviderLogin;
  public get login() {
    return this._login;
  }
  // alias - computed: false, optional: true, required: false
  private _alias?: string;
  public get alias() {
    return this._alias;
  }
  protected synthesizeHclAttributes(): { [name: string]: any } {
    const attrs = {
      login: {
        value: demoProviderLoginToHclTerraform(this._login),
        isBlock: true,
        type: "struct",
        storageClassType: "DemoProviderLogin",
      },
    };
  }
}
"""


def package(folder: Path, resource: str = RESOURCE, version: str = "1.2.3") -> Path:
    """Write a package as CDK for Terraform generates them."""
    about = {"cdktf": {"provider": {"name": "registry.terraform.io/hashicorp/demo", "version": version}}}
    for name, source in (("box", resource), ("provider", PROVIDER)):
        place = folder / "lib" / name
        place.mkdir(parents=True)
        sources = base64.b64encode(json.dumps({"sourcesContent": [source]}).encode()).decode()
        (place / "index.js").write_text(f"exports.x = 1;\n{extract.MAP_MARK}{sources}\n")
    (folder / "package.json").write_text(json.dumps(about))
    return folder


def attributes(document: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of the one resource."""
    schemas = document["provider_schemas"]["registry.terraform.io/hashicorp/demo"]
    found: dict[str, Any] = schemas["resource_schemas"]["demo_box"]["block"]["attributes"]
    return found


def test_flags_types_and_nesting_are_those_of_the_provider(tmp_path: Path) -> None:
    document = extract.extract(package(tmp_path))
    assert document["provider_version"] == "1.2.3"
    assert attributes(document) == {
        "id": {"type": "string", "computed": True},
        "links": {"type": ["map", "string"], "computed": True},
        "name": {"type": "string", "required": True},
        "parts": {
            "nested_type": {
                "nesting_mode": "list",
                "attributes": {
                    "label": {"type": "string", "required": True},
                    "weights": {"type": ["set", "number"], "optional": True},
                },
            },
            "optional": True,
        },
        "secret_wo": {"type": "string", "optional": True, "write_only": True},
        "state": {"type": ["object", {"size": "number"}], "computed": True},
    }


def test_a_providers_own_settings_are_read_without_terraforms(tmp_path: Path) -> None:
    document = extract.extract(package(tmp_path))
    (schemas,) = document["provider_schemas"].values()
    assert schemas["provider"]["block"]["attributes"] == {
        "login": {
            "nested_type": {
                "nesting_mode": "single",
                "attributes": {
                    "tags": {"type": ["map", "string"], "optional": True},
                    "user": {"type": "string", "required": True},
                },
            },
            "optional": True,
        }
    }


def test_what_the_package_does_not_tell_is_added(tmp_path: Path) -> None:
    document = extract.extract(package(tmp_path))
    extract.complete(document, ["resource.demo_box.parts.label"], {"demo_box": 4})
    (schemas,) = document["provider_schemas"].values()
    assert schemas["resource_schemas"]["demo_box"]["version"] == 4
    assert attributes(document)["parts"]["nested_type"]["attributes"]["label"]["sensitive"]


@pytest.mark.parametrize(
    ("sensitive", "versions", "said"),
    [
        (["resource.demo_box.parts.lable"], {}, "there is no 'lable'"),
        (["resource.demo_bax.name"], {}, "there is no 'demo_bax'"),
        ([], {"demo_bax": 1}, "demo_bax, which is no resource"),
    ],
)
def test_a_fact_about_what_is_not_there_is_refused(
    tmp_path: Path, sensitive: list[str], versions: dict[str, int], said: str
) -> None:
    document = extract.extract(package(tmp_path))
    with pytest.raises(extract.Unreadable, match=said):
        extract.complete(document, sensitive, versions)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("return this.getStringAttribute('id');", "return this.readSomehow('id');", "the type of id cannot be told"),
        ("extends cdktf.ComplexList", "extends cdktf.ComplexTree", "BoxPartList is a ComplexTree"),
        ("extends cdktf.TerraformResource", "extends cdktf.Something", "box holds no resource"),
    ],
)
def test_a_package_that_looks_otherwise_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(extract.Unreadable, match=said):
        extract.extract(package(tmp_path, RESOURCE.replace(old, new)))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an npm and a Go of its own, which note what they are asked, and no registry."""
    packed = package(tmp_path / "package")
    with tarfile.open(tmp_path / "demo.tgz", "w:gz") as archive:
        archive.add(packed, "package")
    programs = tmp_path / "bin"
    programs.mkdir()
    note = f'echo "$(basename "$0") $*" >> {tmp_path}/asked\n'
    (programs / "npm").write_text(f'#!/bin/sh\n{note}cp {tmp_path}/demo.tgz .; echo \'[{{"filename": "demo.tgz"}}]\'\n')
    (programs / "go").write_text(
        f"#!/bin/sh\n{note}"
        'if [ "$1" = env ]; then printf "linux\\namd64\\n"; exit; fi\n'
        'while [ "$1" != -o ]; do shift; done; printf "#!/bin/sh\\n" > "$2"; chmod +x "$2"\n'
    )
    for program in programs.iterdir():
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(stand_ins, "PINS", tmp_path / "providers.toml")
    monkeypatch.setattr(stand_ins, "digest", lambda: "0123")
    monkeypatch.setattr(stand_ins, "registry_answers", lambda: False)
    monkeypatch.setattr(sys, "argv", ["stand_ins.py"])
    pin(tmp_path)
    return tmp_path


def pin(folder: Path, version: str = "1.2.3", integrity: str | None = None) -> None:
    """Write the pin file."""
    told = base64.b64encode(hashlib.sha512((folder / "demo.tgz").read_bytes()).digest()).decode()
    (folder / "providers.toml").write_text(
        f'[demo]\nversion = "{version}"\npackage = "@cdktf/provider-demo"\npackage_version = "9.9.9"\n'
        f'integrity = "{integrity or f"sha512-{told}"}"\n'
    )


def asked(machine: Path) -> list[str]:
    """Return the commands that were run, without their arguments."""
    path = machine / "asked"
    return [line.split()[0] for line in path.read_text().splitlines()] if path.exists() else []


def test_a_mirror_is_made_once(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stand_ins.main() == 0
    mirror = machine / "cache" / "inferloop" / "providers"
    place = mirror / "registry.terraform.io" / "hashicorp" / "demo" / "1.2.3" / "linux_amd64"
    assert sorted(path.name for path in place.iterdir()) == ["schema.json", "terraform-provider-demo_v1.2.3"]
    assert os.access(place / "terraform-provider-demo_v1.2.3", os.X_OK)
    assert mirror.readlink() == Path("providers-0123")
    assert "building stand-ins for hashicorp/demo 1.2.3" in capsys.readouterr().out
    before = asked(machine)
    assert stand_ins.main() == 0
    assert asked(machine) == before
    assert capsys.readouterr().out == ""


def test_another_package_than_the_pinned_one_makes_nothing(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pin(machine, integrity="sha512-AAAA")
    assert stand_ins.main() == 1
    assert "Nothing was made. Is a proxy changing downloads?" in capsys.readouterr().err
    assert not (machine / "cache" / "inferloop" / "providers").exists()


def test_a_package_of_another_version_of_the_provider_is_refused(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pin(machine, version="1.2.4")
    assert stand_ins.main() == 1
    assert "is of demo 1.2.3" in capsys.readouterr().err


def test_what_was_left_half_made_is_made_anew(machine: Path) -> None:
    half = machine / "cache" / "inferloop" / "providers-0123"
    half.mkdir(parents=True)
    (half / "rest").touch()
    assert stand_ins.main() == 0
    assert not (half / "rest").exists()
    assert (half / ".complete").exists()


@pytest.mark.parametrize(("program", "said"), [("npm", "npm (https://nodejs.org)"), ("go", "https://go.dev/dl")])
def test_a_missing_program_is_named(
    machine: Path, program: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (machine / "bin" / program).unlink()
    monkeypatch.setenv("PATH", str(machine / "bin"))
    for name in ("cp", "basename", "chmod"):
        (machine / "bin" / name).symlink_to(f"/bin/{name}" if Path(f"/bin/{name}").exists() else f"/usr/bin/{name}")
    assert stand_ins.main() == 1
    told = capsys.readouterr().err
    assert f"{program} is not installed" in told
    assert said in told


def test_nothing_is_made_where_the_registry_answers(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stand_ins, "registry_answers", lambda: True)
    assert stand_ins.main() == 0
    assert "no stand-in is needed" in capsys.readouterr().out
    assert asked(machine) == []
    monkeypatch.setattr(sys, "argv", ["stand_ins.py", "--always"])
    assert stand_ins.main() == 0
    assert "go" in asked(machine)


def test_nothing_is_made_where_a_mirror_holds_the_provider(machine: Path) -> None:
    (machine / "home/.terraform.d/plugins/registry.terraform.io/hashicorp/demo").mkdir(parents=True)
    assert stand_ins.main() == 0
    assert asked(machine) == []


def test_the_digest_follows_every_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = tmp_path / "plugin"
    (plugin / "inner").mkdir(parents=True)
    (plugin / "inner" / "a.go").write_text("package a")
    pins = tmp_path / "providers.toml"
    pins.write_text("")
    for name, value in (("HERE", tmp_path), ("PLUGIN", plugin), ("PINS", pins)):
        monkeypatch.setattr(stand_ins, name, value)
    (tmp_path / "extract.py").write_text("")
    monkeypatch.setattr(stand_ins, "__file__", str(tmp_path / "extract.py"))
    first = stand_ins.digest()
    (plugin / "inner" / "a.go").write_text("package b")
    assert stand_ins.digest() != first


def test_the_go_sources_are_laid_out_by_gofmt() -> None:
    outcome = subprocess.run(
        ["gofmt", "-l", str(ROOT / "tools" / "providers" / "plugin")], capture_output=True, text=True, check=True
    )
    assert outcome.stdout == ""
