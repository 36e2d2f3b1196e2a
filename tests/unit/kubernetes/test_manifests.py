"""What helm makes of releases, and what of that is taken again."""

from __future__ import annotations

from pathlib import Path

import pytest

from inferloop_deploy.manifests import CHART, NotReleasable, Release, Upstream, rendered
from inferloop_deploy.target import Target

HELM = """\
#!/bin/sh
echo "$2" >> {calls}
case "$2" in broken) echo "Error: values don't fit" >&2; exit 1;; esac
for word in "$@"; do case "$word" in --values=*) values=${{word#--values=}};; esac; done
echo "kind: ConfigMap"; sed 's/^/# /' "$values"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree with a chart, and a helm that writes down what it is called for."""
    (tmp_path / CHART).mkdir(parents=True)
    (tmp_path / CHART / "Chart.yaml").write_text("name: service\n")
    program = tmp_path / "helm"
    program.write_text(HELM.format(calls=tmp_path / "calls"))
    program.chmod(0o755)
    return tmp_path


def render(root: Path, *found: Release, kubernetes: str = "1.35") -> tuple[list[str], list[str]]:
    """Return the manifests, and for which releases helm was called."""
    calls = root / "calls"
    calls.write_text("")
    environ = {"PATH": "/usr/bin:/bin", "INFERLOOP_HELM": str(root / "helm")}
    texts = [one.text for one in rendered(found, Target(root, "dev", "aws"), environ, kubernetes)]
    return texts, sorted(calls.read_text().split())


def release(name: str, text: str = "a: 1\n", namespace: str = "apps") -> Release:
    return Release(name, namespace, CHART, text)


def test_what_is_as_it_was_is_not_rendered_again(root: Path) -> None:
    first, called = render(root, release("tabular"), release("textnlp"))
    assert called == ["tabular", "textnlp"]

    again, called = render(root, release("tabular"), release("textnlp"))
    assert called == []
    assert again == first == ["kind: ConfigMap\n# a: 1\n"] * 2

    changed, called = render(root, release("tabular"), release("textnlp", "a: 2\n"))
    assert called == ["textnlp"]
    assert changed == ["kind: ConfigMap\n# a: 1\n", "kind: ConfigMap\n# a: 2\n"]


def test_whatever_manifests_depend_on_has_them_rendered_again(root: Path) -> None:
    render(root, release("tabular"))

    assert render(root, release("tabular", namespace="others"))[1] == ["tabular"]
    assert render(root, release("tabular"), kubernetes="1.36")[1] == ["tabular"]
    template = root / CHART / "templates" / "one.yaml"
    template.parent.mkdir()
    template.write_text("kind: Secret\n")
    assert render(root, release("tabular"), kubernetes="1.36")[1] == ["tabular"]
    program = root / "helm"
    program.write_text(program.read_text() + "# another version\n")
    assert render(root, release("tabular"), kubernetes="1.36")[1] == ["tabular"]
    assert render(root, release("tabular"), kubernetes="1.36")[1] == []


def test_what_helm_refuses_is_told_each_time_and_not_kept(root: Path) -> None:
    for _ in range(2):
        with pytest.raises(NotReleasable, match="broken: values don't fit"):
            render(root, release("broken"))
        assert (root / "calls").read_text() == "broken\n"


def test_charts_on_the_network_are_left_out(root: Path) -> None:
    elsewhere = Release("argo-cd", "argocd", Upstream("https://charts.example", "argo-cd", "9.1.0"), "{}\n")
    assert render(root, elsewhere) == ([], [])
