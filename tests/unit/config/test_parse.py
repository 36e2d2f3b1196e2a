"""Reading YAML: the core schema of YAML 1.2, places, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inferloop_deploy.config.parse import MAX_BYTES, MAX_DEPTH, decode, parse, scalar
from inferloop_deploy.config.source import Origin, Plain, find, plain
from inferloop_deploy.config.source import Path as NodePath
from inferloop_deploy.errors import Problem


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("on", "on"),
        ("n", "n"),
        ("0", 0),
        ("3", 3),
        ("-7", -7),
        ("+7", 7),
        ("012", "012"),
        ("0o14", "0o14"),
        ("0x1f", "0x1f"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("9" * 18, int("9" * 18)),
        ("9" * 5000, "9" * 5000),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("-", "-"),
        ("1.2.3", "1.2.3"),
        ("4Gi", "4Gi"),
        ("30s", "30s"),
    ],
)
def test_plain_scalars_are_read_by_the_core_schema_of_yaml_1_2(text: str, value: Plain) -> None:
    read = scalar(text)
    assert read == value
    assert type(read) is type(value)


def test_quoted_scalars_are_text() -> None:
    tree = parse("a: '1'\nb: \"true\"\nc: |\n  null\nd: ! 5\n", "f.yaml", "service").tree
    assert tree is not None
    assert plain(tree) == {"a": "1", "b": "true", "c": "null\n", "d": "5"}


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [(("a",), 1, 4), (("b",), 3, 3), (("b", "c"), 3, 6), (("b", "d", 1), 4, 10), (("b", "d", 2, "e"), 6, 8)],
)
def test_every_value_knows_its_line_and_column(path: NodePath, line: int, column: int) -> None:
    tree = parse("a: 1\nb:\n  c: 2\n  d: [1, 2,\n\n   {e: 3}]\n", "f.yaml", "service").tree
    assert tree is not None
    node = find(tree, path)
    assert node is not None
    assert node.origin == Origin("f.yaml", line, column, "service")


def test_a_key_knows_its_own_place() -> None:
    tree = parse("a:\n  long: 1\n", "f.yaml", "service").tree
    assert tree is not None
    node = find(tree, ("a", "long"))
    assert node is not None
    assert node.key == Origin("f.yaml", 2, 3, "service")


def test_what_a_service_says_for_one_environment_is_a_layer_of_its_own() -> None:
    tree = parse("spec: {a: 1}\nenvironments: {dev: {spec: {a: 2}}}\nmore: 1\n", "f.yaml", "service").tree
    assert tree is not None
    layers = {path: find(tree, path) for path in [("spec", "a"), ("environments", "dev", "spec", "a"), ("more",)]}
    assert [node.origin.layer for node in layers.values() if node is not None] == ["service", "override", "service"]


def test_a_python_tag_is_never_executed(tmp_path: Path) -> None:
    victim = tmp_path / "owned"
    for text in (
        f"a: !!python/object/apply:os.system ['touch {victim}']\n",
        f"!!python/object/apply:os.system ['touch {victim}']\n",
        f"a: !!python/object/new:subprocess.Popen [['touch', '{victim}']]\n",
        f"? !!python/object/apply:os.system ['touch {victim}']\n: b\n",
    ):
        assert "tag" in {problem.check for problem in parse(text, "f.yaml", "service").problems}
    assert not victim.exists()


def test_aliases_are_not_followed_so_that_a_small_file_stays_small() -> None:
    laughs = 'a: &a ["x","x","x","x","x","x","x","x","x"]\n' + "".join(
        f"{name}: &{name} [{','.join(['*' + before] * 9)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    parsed = parse(laughs, "f.yaml", "service")
    assert {problem.check for problem in parsed.problems} == {"anchor"}
    assert parsed.tree is not None
    assert len(str(plain(parsed.tree))) < 1000


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000])
def test_deep_nesting_is_refused_at_the_limit(text: str) -> None:
    (problem,) = parse(text, "f.yaml", "service").problems
    assert problem.check == "depth"
    assert str(MAX_DEPTH) in problem.message


def test_the_deepest_nesting_that_is_accepted() -> None:
    nested = "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
    assert parse(f"a: {nested}", "f.yaml", "service").problems == ()
    assert [p.check for p in parse(f"a: [{nested}]", "f.yaml", "service").problems] == ["depth"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a:\n\tb: 1\n", [2]),
        ("a: {\n\tb: 1,\n \tc: 2}\n", [2, 3]),
        ("a: |\n  first\n  \tsecond\n", []),
        ("a: 1\t# a comment\n", []),
        ("a: 'one\n  \ttwo'\n", [2]),
        ("\t\na: 1\n", [1]),
    ],
)
def test_tabs_are_refused_for_indentation_only(text: str, lines: list[int]) -> None:
    problems = parse(text, "f.yaml", "service").problems
    assert [problem.line for problem in problems if problem.check == "tab"] == lines


def test_every_duplicate_key_is_reported_and_the_first_one_counts() -> None:
    parsed = parse("a: 1\nb: {c: 1, c: 2}\na: 3\na: 4\n", "f.yaml", "service")
    assert [(problem.line, problem.check) for problem in parsed.problems] == [
        (2, "duplicate-key"),
        (3, "duplicate-key"),
        (4, "duplicate-key"),
    ]
    assert parsed.tree is not None
    assert plain(parsed.tree) == {"a": 1, "b": {"c": 1}}


@pytest.mark.parametrize(
    ("content", "line", "column", "said"),
    [
        (b"a: 1\nb: \xff\n", 2, 4, "0xff"),
        ("a: ü\n".encode("latin-1"), 1, 4, "0xfc"),
        ("a: 1\n".encode("utf-16"), 1, 1, "UTF-16"),
        (b"\x7fELF\x02\x01\x01\x00", 1, 1, "U+007F"),
        (b"a: 1\nb: \x00\n", 2, 4, "U+0000"),
        (b"\x1f\x8b\x08", 1, 2, "0x8b"),
    ],
)
def test_what_is_not_text_is_named_with_its_place(content: bytes, line: int, column: int, said: str) -> None:
    problem = decode(content, "f.yaml")
    assert isinstance(problem, Problem)
    assert (problem.line, problem.column, problem.check) == (line, column, "encoding")
    assert said in problem.message


def test_a_character_that_yaml_does_not_allow_is_a_problem() -> None:
    (problem,) = parse("a: \ufffe\n", "f.yaml", "service").problems
    assert problem.check in ("encoding", "syntax")


def test_a_byte_order_mark_is_not_part_of_the_text() -> None:
    assert decode(b"\xef\xbb\xbfa: 1\n", "f.yaml") == "a: 1\n"


def test_a_text_over_the_limit_is_refused() -> None:
    problem = decode(b"a" * (MAX_BYTES + 1), "f.yaml")
    assert isinstance(problem, Problem)
    assert problem.check == "file-size"
    assert isinstance(decode(b"a" * MAX_BYTES, "f.yaml"), str)


@given(st.binary(max_size=200))
def test_no_bytes_make_reading_fail_in_another_way(content: bytes) -> None:
    text = decode(content, "f.yaml")
    if isinstance(text, str):
        parsed = parse(text, "f.yaml", "service")
        assert parsed.tree is not None or parsed.problems


@given(st.text(alphabet=st.sampled_from(list("ab:-[]{},#&*!|>'\"%@`?~ \t\n0123")), max_size=60))
def test_no_text_makes_reading_fail_in_another_way(text: str) -> None:
    parsed = parse(text, "f.yaml", "service")
    assert parsed.tree is not None or parsed.problems
