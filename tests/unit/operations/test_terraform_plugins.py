"""Where terraform gets its provider plug-ins."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inferloop_deploy.terraform import plugin_environment, plugins
from inferloop_deploy.terraform.failures import PluginsMissing
from inferloop_deploy.terraform.plugins import (
    HOST,
    USED,
    StandIn,
    hash_of,
    implied_mirrors,
    lock_with,
    mirror_configuration,
    registry_answers,
    stand_ins,
    used_stand_ins,
)


def yes() -> bool:
    return True


def no() -> bool:
    return False


def unasked() -> bool:
    raise AssertionError("the registry was asked")


def mirror(folder: Path) -> Path:
    (folder / HOST / "hashicorp" / "aws").mkdir(parents=True)
    return folder


@pytest.fixture
def find(environ: dict[str, str], tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Look for plug-ins with a home and an `/opt` of the test's own."""

    def find(answers: Callable[[], bool] = unasked, **more: str) -> dict[str, str]:
        return plugin_environment(
            {**environ, "XDG_DATA_DIRS": str(tmp_path / "share"), **more},
            tmp_path / "scratch",
            answers,
            tmp_path / "opt",
        )

    return find


def test_a_persons_own_configuration_is_left_alone(find: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    own = tmp_path / "my.tfrc"
    own.write_text("")
    mirror(tmp_path / "opt" / "plugins")
    assert find(TF_CLI_CONFIG_FILE=str(own)) == {"CHECKPOINT_DISABLE": "1"}


def test_the_configuration_in_the_home_is_left_alone_too(
    find: Callable[..., dict[str, str]], environ: dict[str, str]
) -> None:
    (Path(environ["HOME"]) / ".terraformrc").write_text("")
    assert find() == {"CHECKPOINT_DISABLE": "1"}


def test_a_named_mirror_is_used_without_asking_the_registry(
    find: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    named = mirror(tmp_path / "mine")
    added = find(TF_PLUGIN_MIRROR=str(named))
    assert str(named) in Path(added["TF_CLI_CONFIG_FILE"]).read_text()


def test_a_named_mirror_that_is_none_is_an_error(find: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    with pytest.raises(PluginsMissing, match=f"holds no folder {HOST}"):
        find(TF_PLUGIN_MIRROR=str(tmp_path))


def test_a_mirror_of_the_machine_is_used_where_the_registry_does_not_answer(
    find: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    here = mirror(tmp_path / "opt" / "tf-plugins")
    (tmp_path / "opt" / "other").mkdir()
    configuration = Path(find(no)["TF_CLI_CONFIG_FILE"]).read_text()
    assert configuration == mirror_configuration([here])
    assert "TF_CLI_CONFIG_FILE" not in find(yes)


def test_an_implied_mirror_comes_before_the_machines_own(
    find: Callable[..., dict[str, str]], environ: dict[str, str], tmp_path: Path
) -> None:
    implied = mirror(Path(environ["HOME"]) / ".terraform.d" / "plugins")
    other = mirror(tmp_path / "opt" / "tf-plugins")
    text = Path(find(no)["TF_CLI_CONFIG_FILE"]).read_text()
    assert text.index(str(implied)) < text.index(str(other))


def test_without_a_mirror_the_registry_is_used_with_a_shared_cache(
    find: Callable[..., dict[str, str]], environ: dict[str, str], tmp_path: Path
) -> None:
    added = find(XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert added["TF_PLUGIN_CACHE_DIR"] == str(tmp_path / "cache" / "inferloop" / "terraform-plugins")
    assert Path(added["TF_PLUGIN_CACHE_DIR"]).is_dir()
    assert "TF_CLI_CONFIG_FILE" not in added


def test_a_persons_own_cache_is_kept(find: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    assert "TF_PLUGIN_CACHE_DIR" not in find(TF_PLUGIN_CACHE_DIR=str(tmp_path))


def test_a_configuration_that_is_named_but_not_there_is_replaced_by_an_empty_one(
    find: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    added = find(TF_CLI_CONFIG_FILE=str(tmp_path / "gone.tfrc"))
    assert Path(added["TF_CLI_CONFIG_FILE"]).read_text() == ""


def test_implied_mirrors_are_those_of_the_platform() -> None:
    environ = {"HOME": "/home/ada"}
    assert [str(path) for path in implied_mirrors(environ, "linux")] == [
        "/home/ada/.terraform.d/plugins",
        "/home/ada/.local/share/terraform/plugins",
        "/usr/local/share/terraform/plugins",
        "/usr/share/terraform/plugins",
    ]
    assert [str(path) for path in implied_mirrors(environ, "darwin")] == [
        "/home/ada/.terraform.d/plugins",
        "/home/ada/Library/Application Support/io.terraform/plugins",
        "/Library/Application Support/io.terraform/plugins",
    ]


def test_a_folder_that_may_not_be_looked_into_is_no_mirror(
    find: Callable[..., dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "opt" / "closed").mkdir(parents=True)
    monkeypatch.setattr(Path, "is_dir", _refuse_below(Path.is_dir, tmp_path / "opt" / "closed"))
    assert "TF_CLI_CONFIG_FILE" not in find(no)


def _refuse_below(original: Callable[[Path], bool], closed: Path) -> Callable[[Path], bool]:
    def is_dir(path: Path) -> bool:
        if closed in path.parents:
            raise PermissionError(13, "Permission denied")
        return original(path)

    return is_dir


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/here" else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    served = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=served.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield f"http://127.0.0.1:{served.server_port}"
    served.shutdown()
    served.server_close()


def test_the_registry_answers_only_with_success(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "REGISTRY", f"{server}/here")
    assert registry_answers()
    monkeypatch.setattr(plugins, "REGISTRY", f"{server}/busy")
    assert not registry_answers()


def test_a_registry_that_cannot_be_reached_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(plugins, "REGISTRY", "http://127.0.0.1:9/")
    assert not registry_answers()


def built(cache: Path, source: str = "hashicorp/helm") -> StandIn:
    """Write a stand-in as `make providers` makes it."""
    place = cache / "inferloop" / "providers-0123" / HOST / source / "3.1.1" / "linux_amd64"
    place.mkdir(parents=True)
    (place / "plugin").write_text("program")
    (place / "schema.json").write_text("{}")
    (cache / "inferloop" / "providers-0123" / ".complete").touch()
    (cache / "inferloop" / "providers").symlink_to("providers-0123")
    return StandIn(source, "3.1.1", place)


def test_a_stand_in_is_used_where_neither_registry_nor_mirror_has_the_provider(
    find: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    helm = built(tmp_path / "cache")
    here = mirror(tmp_path / "opt" / "tf-plugins")
    added = find(no, XDG_CACHE_HOME=str(tmp_path / "cache"))
    configuration = Path(added["TF_CLI_CONFIG_FILE"]).read_text()
    assert configuration == mirror_configuration([here], [helm])
    assert f'include = ["{HOST}/hashicorp/helm"]' in configuration
    assert added[USED] == "hashicorp/helm: stand-in 3.1.1 (the registry does not answer)"


def test_a_stand_in_is_used_without_any_mirror(find: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    helm = built(tmp_path / "cache")
    added = find(no, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert Path(added["TF_CLI_CONFIG_FILE"]).read_text() == mirror_configuration([], [helm])


def test_the_real_provider_is_used_where_the_registry_answers(
    find: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    built(tmp_path / "cache")
    added = find(yes, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert "TF_CLI_CONFIG_FILE" not in added
    assert USED not in added


def test_the_real_provider_of_a_mirror_comes_before_a_stand_in(
    find: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    built(tmp_path / "cache")
    here = mirror(tmp_path / "opt" / "tf-plugins")
    (here / HOST / "hashicorp" / "helm").mkdir()
    added = find(no, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert Path(added["TF_CLI_CONFIG_FILE"]).read_text() == mirror_configuration([here])
    assert USED not in added


def test_a_named_mirror_is_completed_by_stand_ins(find: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    helm = built(tmp_path / "cache")
    named = mirror(tmp_path / "mine")
    added = find(TF_PLUGIN_MIRROR=str(named), XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert Path(added["TF_CLI_CONFIG_FILE"]).read_text() == mirror_configuration([named], [helm])


def test_stand_ins_that_are_half_made_are_not_there(tmp_path: Path) -> None:
    helm = built(tmp_path)
    environ = {"XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    assert stand_ins(environ) == [helm]
    (tmp_path / "inferloop" / "providers-0123" / ".complete").unlink()
    assert stand_ins(environ) == []


def test_a_run_names_only_the_stand_ins_of_its_own_providers() -> None:
    said = "hashicorp/helm: stand-in 3.1.1 (the registry does not answer)"
    plugins = {USED: said}
    assert used_stand_ins(plugins, 'helm = { source = "hashicorp/helm", version = "~> 3.1" }') == [said]
    assert used_stand_ins(plugins, 'aws = { source = "hashicorp/aws" }') == []
    assert used_stand_ins({}, 'helm = { source = "hashicorp/helm" }') == []


LOCK = """\
provider "registry.terraform.io/hashicorp/aws" {
  version     = "3.1.1"
  hashes = [
    "h1:aws",
  ]
}

provider "registry.terraform.io/hashicorp/helm" {
  version     = "3.1.1"
  constraints = "~> 3.1"
  hashes = [
    "h1:~",
    "zh:0",
  ]
}
"""


def test_a_lock_admits_a_stand_in_beside_the_real_provider(tmp_path: Path) -> None:
    helm = built(tmp_path)
    own = hash_of(helm.folder)
    assert lock_with(LOCK, [helm]) == LOCK.replace('    "h1:~"', f'    "{own}",\n    "h1:~"')
    assert lock_with(lock_with(LOCK, [helm]), [helm]) == lock_with(LOCK, [helm])


def test_a_lock_of_another_version_is_left_as_it_is(tmp_path: Path) -> None:
    older = LOCK.replace('"3.1.1"\n  constraints', '"3.1.0"\n  constraints')
    assert lock_with(older, [built(tmp_path)]) == older
