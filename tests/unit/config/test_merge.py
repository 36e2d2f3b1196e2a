"""Laying layers over each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferloop_deploy.config.merge import expand_short_forms, merge, merge_all
from inferloop_deploy.config.parse import parse
from inferloop_deploy.config.source import Layer, Node, Origin, Plain, Scalar, Sequence, Table, find, origins, plain

NAMED = frozenset({"items"})
LAYERS: tuple[Layer, ...] = ("environment", "cloud", "service", "override")


def tree(text: str, layer: Layer = "service", file: str = "f.yaml") -> Table:
    parsed = parse(text, file, layer)
    assert parsed.tree is not None, parsed.problems
    return parsed.tree


@pytest.mark.parametrize(
    ("base", "override", "result"),
    [
        ("a: 1", "b: 2", {"a": 1, "b": 2}),
        ("a: 1", "a: 2", {"a": 2}),
        ("a: {b: 1, c: 2}", "a: {c: 3}", {"a": {"b": 1, "c": 3}}),
        ("a: [1, 2]", "a: [3]", {"a": [3]}),
        ("a: [1, 2]", "a: []", {"a": []}),
        ("a: {b: 1}", "a: 2", {"a": 2}),
        ("a: 2", "a: {b: 1}", {"a": {"b": 1}}),
        ("a: 1", "a: null", {}),
        ("a: {b: 1}", "a: {b: }", {"a": {}}),
        ("a: {b: 1}", "a: null", {}),
        ("items: [{name: x, v: 1}]", "items: [{name: x, w: 2}]", {"items": [{"name": "x", "v": 1, "w": 2}]}),
        ("items: [{name: x}]", "items: [{name: y}]", {"items": [{"name": "x"}, {"name": "y"}]}),
        (
            "items: [{name: x}, {name: y}]",
            "items: [{name: y, v: 1}]",
            {"items": [{"name": "x"}, {"name": "y", "v": 1}]},
        ),
        ("items: [{name: x}]", "items: []", {"items": [{"name": "x"}]}),
        ("items: [{name: x}]", "items: null", {}),
        ("items: [{name: x, v: 1}]", "items: [{name: x, v: null}]", {"items": [{"name": "x"}]}),
        ("others: [{name: x, v: 1}]", "others: [{name: x}]", {"others": [{"name": "x"}]}),
        ("items: [{v: 1}]", "items: [{v: 2}]", {"items": [{"v": 1}, {"v": 2}]}),
        ("items: 3", "items: [{name: x}]", {"items": [{"name": "x"}]}),
    ],
)
def test_maps_merge_named_lists_merge_by_name_and_the_rest_is_replaced(base: str, override: str, result: Plain) -> None:
    assert plain(merge(tree(base), tree(override), NAMED)) == result


def test_a_value_has_the_origin_of_the_layer_that_won() -> None:
    base = tree("a: {b: 1, c: 2}\nitems: [{name: x, v: 1}]\n", "environment", "base.yaml")
    over = tree("\na: {c: 3}\nitems: [{name: x, w: 2}]\n", "override", "over.yaml")
    merged = merge(base, over, NAMED)
    won = {
        path: str(find(merged, path).origin)
        for path in [("a", "b"), ("a", "c"), ("items", "x", "v"), ("items", 0, "w")]
    }  # type: ignore[union-attr]
    assert won == {
        ("a", "b"): "base.yaml:1:8",
        ("a", "c"): "over.yaml:2:8",
        ("items", "x", "v"): "base.yaml:2:22",
        ("items", 0, "w"): "over.yaml:3:22",
    }


def test_what_an_explicit_null_took_away_stays_away_and_what_comes_after_counts() -> None:
    layers = [
        tree("a: {b: 1}\nitems: [{name: x}]"),
        tree("a: null\nitems: null"),
        tree("a: {c: 2}\nitems: [{name: y}]"),
    ]
    assert plain(merge_all(layers, NAMED)) == {"a": {"c": 2}, "items": [{"name": "y"}]}


@pytest.mark.parametrize(
    ("text", "gpu"),
    [
        ('gpu: "1"', {"count": 1}),
        ("gpu: 2", {"count": 2}),
        ("gpu: {count: 1, type: nvidia-t4}", {"count": 1, "type": "nvidia-t4"}),
        ("gpu: 2x", "2x"),
        ("gpu: true", True),
        ("gpu: null", None),
    ],
)
def test_the_short_form_of_gpus_is_written_out(text: str, gpu: Plain) -> None:
    written = expand_short_forms(tree(f"spec: {{workers: [{{resources: {{{text}}}}}]}}\nresources: {{a: 1}}\n"))
    node = find(written, ("spec", "workers", 0, "resources", "gpu"))
    assert node is not None
    assert plain(node) == gpu


def test_short_forms_are_written_out_under_resources_only() -> None:
    untouched = tree("nodePools: [{gpu: 1}]\nlabels: {gpu: '2'}")
    assert expand_short_forms(untouched) is untouched


def test_a_gpu_type_lies_over_a_count_in_the_short_form() -> None:
    base = expand_short_forms(tree('resources: {gpu: "2"}'))
    over = expand_short_forms(tree("resources: {gpu: {type: nvidia-l4}}"))
    assert plain(merge(base, over, NAMED)) == {"resources": {"gpu": {"count": 2, "type": "nvidia-l4"}}}


KEYS = st.sampled_from(["a", "b", "items"])
NAMES = st.sampled_from(["x", "y", "z"])


@st.composite
def nodes(draw: st.DrawFn, depth: int = 3) -> Node:
    """Draw any tree: scalars, nulls, lists, named lists and maps, each with an origin of its own."""
    origin = Origin(
        draw(st.sampled_from(["a.yaml", "b.yaml"])), draw(st.integers(1, 99)), 1, draw(st.sampled_from(LAYERS))
    )
    kind = draw(st.sampled_from(["scalar", "null", "list", "named", "map", "map"] if depth else ["scalar", "null"]))
    if kind == "map":
        return Table(draw(st.dictionaries(KEYS, nodes(depth - 1), max_size=3)), origin)
    if kind == "list":
        return Sequence(tuple(draw(st.lists(nodes(0), max_size=2))), origin)
    if kind == "named":
        names = draw(st.lists(NAMES, unique=True, max_size=3))
        items = [
            Table({"name": Scalar(name, origin), **draw(st.dictionaries(KEYS, nodes(depth - 1), max_size=2))}, origin)
            for name in names
        ]
        return Sequence(tuple(items), origin)
    return Scalar(None if kind == "null" else draw(st.integers(0, 3)), origin)


@given(nodes(), nodes(), nodes(), st.sampled_from([None, "items"]))
def test_layers_may_be_brought_together_in_any_order(a: Node, b: Node, c: Node, key: str | None) -> None:
    left = merge(merge(a, b, NAMED, key), c, NAMED, key)
    right = merge(a, merge(b, c, NAMED, key), NAMED, key)
    assert plain(left) == plain(right)
    assert origins(left) == origins(right)


@given(nodes(), st.sampled_from([None, "items"]))
def test_a_layer_over_itself_changes_nothing(a: Node, key: str | None) -> None:
    assert plain(merge(a, a, NAMED, key)) == plain(a)


@given(nodes(), nodes())
def test_every_value_comes_from_one_of_the_layers_with_its_origin(a: Node, b: Node) -> None:
    written = {(node.origin, node.value) for tree in (a, b) for node in _scalars(tree)}
    assert {(node.origin, node.value) for node in _scalars(merge(a, b, NAMED))} <= written


@given(nodes())
def test_every_value_has_an_origin_under_its_path(a: Node) -> None:
    found = origins(a)
    for path, origin in found.items():
        node = find(a, path)
        assert node is not None
        assert node.origin == origin
    assert len(found) == _count(a)


def _scalars(node: Node) -> list[Scalar]:
    if isinstance(node, Scalar):
        return [node]
    children = node.entries.values() if isinstance(node, Table) else node.items
    return [scalar for child in children for scalar in _scalars(child)]


def _count(node: Node) -> int:
    if isinstance(node, Scalar):
        return 1
    children = node.entries.values() if isinstance(node, Table) else node.items
    return 1 + sum(_count(child) for child in children)
