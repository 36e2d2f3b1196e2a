"""Values as Terraform's language writes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inferloop_deploy.render.hcl import align, key, literal, quote, step

TEXT = st.text(st.characters(codec="utf-8")) | st.text(st.sampled_from(list('${}%"\\\n\r\t<EOF#/*~ a\x00\x1b\u2028')))
VALUES = st.recursive(
    TEXT | st.booleans() | st.integers(-(10**12), 10**12) | st.floats(-(10**9), 10**9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", '""'),
        ("plain", '"plain"'),
        ('say "hi"', r'"say \"hi\""'),
        ("back\\slash", r'"back\\slash"'),
        ("two\nlines\ttab\rreturn", r'"two\nlines\ttab\rreturn"'),
        ("${dependencies.postgres.host}", '"$${dependencies.postgres.host}"'),
        ("$${x}", r'"$$\u007bx}"'),
        ("${${x}}", r'"$\u007b$${x}}"'),
        ("${unended", r'"$\u007bunended"'),
        ('${"quoted"}', r'"$\u007b\"quoted\"}"'),
        ("%{ if true }", '"%%{ if true }"'),
        ("costs $5 and 100%", '"costs $5 and 100%"'),
        ("<<EOF\nrm\nEOF", r'"<<EOF\nrm\nEOF"'),
        ("bell\x07escape\x1bdelete\x7f", r'"bell\u0007escape\u001bdelete\u007f"'),
        ("line\u2028separator", r'"line\u2028separator"'),
        ("turned\u202etext", r'"turned\u202etext"'),
        ("naïve 😀", '"naïve 😀"'),
    ],
)
def test_text_is_quoted_so_that_nothing_in_it_is_evaluated(text: str, written: str) -> None:
    assert quote(text) == written


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("model-storage", "model-storage"),
        ("class", "class"),
        ("app.kubernetes.io/name", '"app.kubernetes.io/name"'),
        ("1st", '"1st"'),
        ("", '""'),
        ("for", '"for"'),
        ("null", '"null"'),
        ("${x}", '"$${x}"'),
    ],
)
def test_a_key_is_quoted_where_it_would_mean_something_else(name: str, written: str) -> None:
    assert key(name) == written


def test_a_path_goes_on_by_name_or_by_quoted_key() -> None:
    assert step("rate_limit") == ".rate_limit"
    assert step("app.kubernetes.io/name") == '["app.kubernetes.io/name"]'


def test_numbers_and_truth_values_are_not_text() -> None:
    assert literal([True, False, 3, -1, 0.1, 1e16, 2e-7, "1"]) == (
        '[true, false, 3, -1, 0.1, 10000000000000000, 0.0000002, "1"]'
    )


def test_an_object_in_a_list_stands_on_one_line_in_the_order_of_its_keys() -> None:
    assert literal([{"b": 1, "a": []}, {}]) == "[{ a = [], b = 1 }, {}]"


def test_equals_signs_stand_in_a_column_and_comments_of_neighbours_too() -> None:
    rows = [("a", "1", "x:1"), ("long_name", '"text"', "x:2"), ("b", "2", ""), ("c", "3", "y:3")]
    assert align(rows, "  ") == [
        "  a         = 1      # x:1",
        '  long_name = "text" # x:2',
        "  b         = 2",
        "  c         = 3 # y:3",
    ]


@settings(max_examples=60, deadline=None)
@given(VALUES)
@example("$" * 5 + "{x}")
@example("%%{x}$${y}")
@example("ends with backslash\\")
def test_what_is_written_parses_back_to_the_same_value(parse: Callable[[str], dict[str, Any]], value: Any) -> None:
    assert parse(f"value = {literal(value)}\n")["value"] == value


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(TEXT, st.booleans(), max_size=5))
@example({"__": False})
def test_keys_parse_back_to_the_same_text(parse: Callable[[str], dict[str, Any]], names: dict[str, bool]) -> None:
    lines = "".join(f"  {key(name)} = {literal(value)}\n" for name, value in names.items())
    assert parse(f"value = {{\n{lines}}}\n")["value"] == names
