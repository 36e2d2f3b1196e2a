"""Schemas are read in two forms, shown again as YAML, and their mistakes name the field."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.engine import find_engine
from inferloop_synthetic.errors import InputError
from inferloop_synthetic.schema import Kind, Personal, Unique, parse_schema, read_schema, schema_yaml
from inferloop_synthetic.tabular.engine import model_from_schema

FULL = """
columns:
- {name: id, kind: identifier}
- {name: sku, kind: identifier, pattern: "[A-Z]{2}-\\\\d{6}"}
- {name: size, kind: category, values: [S, M, L], weights: [1, 2, 1]}
- {name: low, kind: integer, min: 0, max: 100}
- {name: high, kind: integer, min: 0, max: 100, missing: 0.2}
- {name: rate, kind: float, min: -1, max: 1, decimals: 2}
- {name: day, kind: date, min: 2024-01-01, max: 2024-01-31}
- {name: at, kind: datetime}
- {name: opens, kind: time, min: "08:00", max: "10:00"}
- {name: active, kind: boolean}
- {name: twice, kind: float}
- {name: contact, kind: personal, personal: email}
constraints:
- {type: inequality, left: low, right: high}
- {type: formula, column: twice, expression: 2 * low}
"""


def test_the_short_form_is_understood() -> None:
    schema = parse_schema('{"id": "integer[1:1000]", "name": "string", "score": "float[0:1]"}', "s.json")
    made = pa.Table.from_batches(model_from_schema(schema).sample(5000, 1))
    assert [c.kind for c in schema.columns] == [Kind.integer, Kind.personal, Kind.float]
    assert pc.min_max(made["id"]).as_py() == {"min": 1, "max": 1000}
    assert 0 <= pc.min(made["score"]).as_py() < 0.01 < 0.99 < pc.max(made["score"]).as_py() <= 1
    assert all(" " in name for name in made["name"].to_pylist())


def test_every_kind_of_the_full_form_is_generated_within_its_bounds() -> None:
    made = pa.Table.from_batches(model_from_schema(parse_schema(FULL, "s.yaml")).sample(4000, 1))
    assert pc.count_distinct(made["id"]).as_py() == pc.count_distinct(made["sku"]).as_py() == 4000
    assert pc.all(pc.match_substring_regex(made["sku"], r"^[A-Z]{2}-\d{6}$")).as_py()
    sizes = made["size"].to_pylist()
    assert sizes.count("M") / 4000 == pytest.approx(0.5, abs=0.04)
    assert pc.all(pc.less_equal(made["low"], made["high"])).as_py()
    assert 0 < made["high"].null_count < 2000
    assert pc.min(made["rate"]).as_py() >= -1
    assert all(round(r, 2) == r for r in made["rate"].to_pylist())
    assert pc.min(made["day"]).as_py() == dt.date(2024, 1, 1)
    assert pc.max(made["day"]).as_py() == dt.date(2024, 1, 31)
    assert dt.time(8) <= pc.min(made["opens"]).as_py() <= pc.max(made["opens"]).as_py() <= dt.time(10)
    assert pc.all(pc.equal(made["twice"], pc.multiply(made["low"].cast(pa.float64()), 2.0))).as_py()
    assert set(made["active"].to_pylist()) == {True, False}


def test_a_schema_shown_as_yaml_reads_back_the_same(orders: pa.Table) -> None:
    for schema in (parse_schema(FULL, "s.yaml"), detect_schema(orders)):
        assert parse_schema(schema_yaml(schema), "again") == schema


def test_kinds_are_detected(orders: pa.Table) -> None:
    kinds = {c.name: c.kind.value for c in detect_schema(orders).columns}
    assert kinds == {
        "order_id": "identifier", "email": "personal", "country": "category", "channel": "category", "tax": "integer",
        "quantity": "integer", "free": "integer", "price": "float", "shipped": "date", "delivered": "date",
        "note": "category", "east": "float", "north": "float",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([f"the {i}th note about item {i}" for i in range(100)], "text"),
        ([f"AB-{i:05d}" for i in range(100)], "identifier"),
        (["192.168.0.1", "10.0.0.7"] * 20, "personal"),
        (["red", "green"] * 20, "category"),
        ([None] * 40, "category"),
    ],
)
def test_texts_are_told_apart(values: list[str | None], kind: str) -> None:
    assert detect_schema(pa.table({"x": pa.array(values, pa.string())})).columns[0].kind.value == kind


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "s.yaml: the document is empty"),
        ("[1, 2]", "mapping"),
        ("{", "not readable"),
        ('{"a": "integr[1:2]"}', r"column 'a': unknown kind 'integr'"),
        ('{"a": "integer[5:1]"}', r"column 'a'.*min 5 is greater than max 1"),
        ('{"a": "integer[x:y]"}', r"column 'a'.*two numbers"),
        ('{"a": 5}', r"column 'a'"),
        ('{"a": {"b": {}}}', r"column 'a'"),
        ('{"a": "float",\n"b": "integr"}', r"^s.yaml:2: column 'b': unknown kind 'integr'"),
        ("columns:\n- {name: a, kind: float}\n- {name: b, kind: floa}", r"^s.yaml:3: columns.'b'.kind: "),
        ("columns: [{name: a, kind: integer, colour: red}]", r"columns.'a'.colour"),
        ("columns: [{name: a, kind: personal}]", r"columns.'a'"),
        ("columns: [{name: a, kind: integer}, {name: a, kind: float}]", "named twice: a"),
        ("columns: [{name: a, kind: integer, missing: 2}]", r"'a'.missing"),
        ("columns: []", "columns"),
        ("columns: [{name: a, kind: integer}]\nconstraints: [{type: unique, column: b}]", "no column 'b'"),
        (
            "columns: [{name: a, kind: text}]\nconstraints: [{type: regex, column: a, pattern: '('}]",
            "regular expression",
        ),
        ("[" * 5000, "s.yaml"),
    ],
)
def test_a_wrong_schema_is_an_error_that_names_the_field(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_schema(text, "s.yaml")


FORMULA = "columns: [{name: a, kind: float}]\nconstraints: [{type: formula, column: a, expression: '%s'}]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("[" * 100_000 + "]" * 100_000, "t:1: nested too deeply", id="deep JSON"),
        pytest.param("- " * 20_000 + "x", "t:1: nested too deeply", id="deep YAML"),
        pytest.param("a: &a [x, x]\nb: [*a, *a]\n", r"t:2: the alias \*a is not read", id="aliases"),
        pytest.param(
            '{"a": "string",\n"a": "boolean"}', "t:2: a: is given twice, first on line 1", id="a column twice"
        ),
        pytest.param('{"a":\n', "t:2: not readable as YAML or JSON", id="cut off"),
    ],
)
def test_a_text_made_to_exhaust_its_reader_is_an_error(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_schema(text, "t")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": "integer[0:99999999999999999999]"}', "column 'a'.*64-bit"),
        ('{"a": "float[-1e308:1e308]"}', "column 'a'.*not finite"),
        ('{"a": "date[2024-13-01:]"}', "column 'a'"),
        ('{"a": "date[2025-01-01:2024-01-01]"}', "column 'a'.*later"),
        ("columns: [{name: a, kind: identifier, pattern: (x|y)+}]", "column 'a'.*character 1"),
        ("columns: [{name: a, kind: text, pattern: 'a{9999}'}]", "column 'a'.*200"),
        (FORMULA % "b+1", "'b'"),
        (FORMULA % "exit()", "only"),
    ],
)
def test_absurd_ranges_and_patterns_are_errors_that_name_the_column(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        model_from_schema(parse_schema(text, "s.yaml"))


def test_identifiers_that_run_out_are_an_error() -> None:
    schema = parse_schema('{"columns": [{"name": "a", "kind": "identifier", "pattern": "\\\\d{2}"}]}', "s")
    model = model_from_schema(schema)
    assert len(set(pa.Table.from_batches(model.sample(100, 1))["a"].to_pylist())) == 100
    with pytest.raises(InputError, match="100 different"):
        list(model.sample(101, 1))


def test_a_schema_file_that_is_not_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        read_schema(tmp_path / "s.yaml")


@pytest.mark.parametrize("pattern", ["A-\\\\d{6}", "\\\\d{12}"])
def test_no_rows_of_a_pattern_are_an_empty_column(pattern: str) -> None:
    schema = parse_schema(f'{{"columns": [{{"name": "a", "kind": "identifier", "pattern": "{pattern}"}}]}}', "s")
    made = pa.Table.from_batches(model_from_schema(schema).sample(0, 1))
    assert (made.num_rows, made.column_names) == (0, ["a"])


@pytest.mark.parametrize("kind", ["float", "integer"])
def test_a_formula_that_is_not_finite_is_missing(kind: str) -> None:
    text = """
    columns: [{name: a, kind: integer, min: 0, max: 1}, {name: b, kind: KIND}]
    constraints: [{type: formula, column: b, expression: 6 / a - 6 / a + 2 / a}]
    """
    model = model_from_schema(parse_schema(text.replace("KIND", kind), "s"))
    made = pa.Table.from_batches(model.sample(100, 1)).to_pylist()
    assert {(row["a"], row["b"]) for row in made} == {(0, None), (1, 2)}
    assert any(note.startswith("b: missing where") for note in model.notes)


def unique(column: str, rows: int, seed: int = 1, **options: int) -> pa.Array:
    text = f"columns: [{{name: a, {column}}}]\nconstraints: [{{type: unique, column: a}}]"
    return pa.Table.from_batches(model_from_schema(parse_schema(text, "s")).sample(rows, seed, **options))["a"]


@pytest.mark.parametrize("holds", list(Personal))
def test_personal_data_can_be_unique(holds: Personal) -> None:
    made = unique(f"kind: personal, personal: {holds}", 20_000)
    assert len(pc.unique(made)) == 20_000
    assert not made.equals(unique(f"kind: personal, personal: {holds}", 20_000, seed=2)) or holds is Personal.email


def test_unique_numbers_of_people_keep_the_form_of_the_data() -> None:
    """Whole numbers stay such; a number of nobody's has nine digits, and begins with 9."""
    data = pa.table({"ssn": pa.array(range(123_456_789, 123_459_789)), "x": [float(i) for i in range(3000)]})
    schema = detect_schema(data)
    assert schema.columns[0].personal is Personal.ssn
    schema = schema.model_copy(update={"constraints": [Unique(type="unique", column="ssn")]})
    made = pa.Table.from_batches(find_engine("tabular").fit(data, schema).sample(5000, 1))["ssn"]
    assert made.type == pa.int64()
    assert len(pc.unique(made)) == 5000
    assert pc.min(made).as_py() >= 900_000_000
    assert pc.max(made).as_py() < 1_000_000_000


@pytest.mark.parametrize(
    ("column", "rows", "values"),
    [
        ("kind: integer, min: -3, max: 96", 100, set(range(-3, 97))),
        ("kind: float, min: 0, max: 9.99, decimals: 2", 1000, {k / 100 for k in range(1000)}),
        ("kind: integer, min: 9223372036854775800, max: 9223372036854775807", 8, set(range(2**63 - 8, 2**63))),
        ("kind: date, min: 2024-01-01, max: 2024-01-31", 31, {dt.date(2024, 1, k) for k in range(1, 32)}),
    ],
)
def test_unique_values_fill_their_range_and_then_run_out(column: str, rows: int, values: set[object]) -> None:
    assert set(unique(column, rows).to_pylist()) == values
    parts = [unique(column, rows // 2, first_row=at).to_pylist() for at in (0, rows // 2)]
    assert len({*parts[0], *parts[1]}) == rows // 2 * 2
    with pytest.raises(
        InputError, match=f"column 'a' is unique and holds only {rows:,} different .*the {rows + 1:,} rows"
    ):
        unique(column, rows + 1)


def test_unique_values_are_the_same_for_a_seed_and_however_many_threads() -> None:
    column = "kind: integer, min: 0, max: 999999"
    assert unique(column, 300_000, threads=1).equals(unique(column, 300_000, threads=3))
    assert not unique(column, 1000).equals(unique(column, 1000, seed=2))
    assert len(pc.unique(unique(column, 300_000))) == 300_000


def test_a_unique_category_lists_each_value_once() -> None:
    column = "kind: category, values: [red, green, blue], weights: [8, 1, 1]"
    assert sorted(unique(column, 3).to_pylist()) == ["blue", "green", "red"]
    with pytest.raises(
        InputError, match="column 'a' is unique and lists only 3 different values, fewer than the 4 rows"
    ):
        unique(column, 4)


def test_a_formula_of_a_unique_column_holds_where_other_rows_were_thrown_away() -> None:
    text = """
    columns: [{name: a, kind: integer, min: 1, max: 5000}, {name: b, kind: integer}, {name: c, kind: integer, min: 0, max: 9}]
    constraints:
    - {type: unique, column: a}
    - {type: formula, column: b, expression: 2 * a}
    - {type: range, column: c, max: 4}
    """
    made = pa.Table.from_batches(model_from_schema(parse_schema(text, "s")).sample(2000, 1))
    assert len(pc.unique(made["a"])) == 2000
    assert made["b"].to_pylist() == [2 * a for a in made["a"].to_pylist()]
