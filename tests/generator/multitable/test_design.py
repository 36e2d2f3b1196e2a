"""The file that names tables and relationships, the guess of it, and what is said about references that do not hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
import yaml
from typer.testing import CliRunner

from inferloop_synthetic import InputError
from inferloop_synthetic.cli.app import build_app
from inferloop_synthetic.multitable.design import Design, design_yaml, read_design
from inferloop_synthetic.multitable.detecting import design_of, detect_design
from inferloop_synthetic.multitable.keys import UuidKeys, key_maker
from inferloop_synthetic.multitable.matching import hand_out, part_twins, scramble, stub_rows
from inferloop_synthetic.multitable.reading import check_tables, read_tables

Shop = dict[str, pa.Table]


def wrong(tmp_path: Path, text: str) -> str:
    (tmp_path / "tables.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        read_design(tmp_path / "tables.yaml")
    return str(caught.value)


class TestDesignFile:
    def test_is_read_as_it_is_written(self, design: Design, tmp_path: Path) -> None:
        (tmp_path / "tables.yaml").write_text(design_yaml(design))
        assert read_design(tmp_path / "tables.yaml") == design

    def test_an_unknown_table_names_the_known_ones(self, tmp_path: Path) -> None:
        text = "tables: {a: {file: a.csv, key: id}}\nrelationships: [{child: b, column: a_id, parent: a}]\n"
        assert "child 'b' is not among the tables a" in wrong(tmp_path, text)

    def test_a_misspelt_field_has_its_line_and_a_suggestion(self, tmp_path: Path) -> None:
        assert "tables.yaml:2: tables.a.fil: is not known" in wrong(tmp_path, "tables:\n  a: {fil: a.csv}\n").replace(
            "'", ""
        )

    def test_a_parent_without_a_key_is_named(self, tmp_path: Path) -> None:
        text = "tables: {a: {file: a.csv}, b: {file: b.csv}}\nrelationships: [{child: b, column: a_id, parent: a}]\n"
        assert "its parent 'a' has no `key`" in wrong(tmp_path, text)

    def test_a_circle_is_shown(self, tmp_path: Path) -> None:
        text = (
            "tables: {a: {file: a.csv, key: id}, b: {file: b.csv, key: id}}\n"
            "relationships: [{child: b, column: a_id, parent: a}, {child: a, column: b_id, parent: b}]\n"
        )
        assert "circle: a -> b -> a" in wrong(tmp_path, text)

    def test_a_table_that_refers_to_itself_is_a_circle(self, tmp_path: Path) -> None:
        text = "tables: {a: {file: a.csv, key: id}}\nrelationships: [{child: a, column: boss, parent: a}]\n"
        assert "circle: a -> a" in wrong(tmp_path, text)

    def test_a_name_that_leads_out_of_the_folder_is_refused(self, tmp_path: Path) -> None:
        assert "cannot be the name of a table" in wrong(tmp_path, "tables: {../a: {file: a.csv}}\n")


class TestReferences:
    def test_a_dangling_one_names_table_column_and_value(self, design: Design, shop: Shop) -> None:
        orders = shop["orders"]
        owners = orders["customer_id"].to_pylist()
        owners[5] = 999_999
        broken = shop | {"orders": orders.set_column(1, "customer_id", pa.array(owners))}
        with pytest.raises(InputError) as caught:
            check_tables(design, broken)
        message = str(caught.value)
        assert "orders.customer_id: 1 of" in message
        assert "999999, which is not in customers.customer_id" in message

    def test_another_type_than_the_keys_is_named(self, design: Design, shop: Shop) -> None:
        texts = shop["orders"]["customer_id"].cast(pa.string())
        with pytest.raises(
            InputError, match=r"orders\.customer_id holds string, but the key customers\.customer_id .* holds int64"
        ):
            check_tables(design, shop | {"orders": shop["orders"].set_column(1, "customer_id", texts)})

    def test_a_missing_column_is_named(self, design: Design, shop: Shop) -> None:
        with pytest.raises(InputError, match="table orders: there is no column 'customer_id'"):
            check_tables(design, shop | {"orders": shop["orders"].drop_columns(["customer_id"])})
        with pytest.raises(
            InputError, match="table customers: there is no column 'customer_id', which is to be its key"
        ):
            check_tables(design, shop | {"customers": shop["customers"].drop_columns(["customer_id"])})

    def test_a_key_that_occurs_twice_or_is_missing_is_named(self) -> None:
        with pytest.raises(InputError, match=r"a\.id: the key 7 occurs 2 times"):
            key_maker("a.id", pa.chunked_array([[7, 8, 7]]), keep=False, seed=0)
        with pytest.raises(InputError, match=r"a\.id: 1 of 3 keys are missing"):
            key_maker("a.id", pa.chunked_array([[7, 8, None]]), keep=False, seed=0)
        with pytest.raises(InputError, match=r"a\.id: keys are whole numbers or texts, not double"):
            key_maker("a.id", pa.chunked_array([[7.5, 8.5]]), keep=False, seed=0)


class TestMatching:
    @pytest.mark.parametrize("size", [1, 2, 3, 10, 1000, 65_537])
    def test_scrambling_is_a_permutation_that_depends_on_the_salt(self, size: int) -> None:
        places = scramble(np.arange(size), size, 5)
        assert sorted(places.tolist()) == list(range(size))
        if size > 100:
            assert (places == scramble(np.arange(size), size, 6)).mean() < 0.05
            assert abs(np.corrcoef(np.arange(size), places)[0, 1]) < 0.2

    def test_all_stubs_are_taken_once_where_there_are_as_many_children(self) -> None:
        counts = np.array([0, 5, 1, 0, 14])
        rows = np.concatenate([stub_rows(first, 5, 20, np.cumsum(counts), 1) for first in (0, 5, 10, 15)])
        assert np.bincount(rows, minlength=5).tolist() == counts.tolist()

    def test_children_get_stubs_of_the_group_they_want_as_far_as_there_are_any(self) -> None:
        rng = np.random.default_rng(0)
        wanted = np.array([0] * 60 + [1] * 40)
        offered = rng.permutation(np.array([0] * 50 + [1] * 50))
        got = hand_out(wanted, offered, rng)
        assert sorted(got.tolist()) == list(range(100))
        assert (offered[got] == wanted).sum() == 90

    def test_twins_are_parted_without_changing_how_often_each_is_named(self) -> None:
        rng = np.random.default_rng(1)
        first = np.repeat(np.arange(200), 3)
        second = rng.integers(0, 12, 600)
        parted = part_twins(first, second, 12, rng, "x")
        assert len(set(zip(first.tolist(), parted.tolist(), strict=True))) == 600
        assert np.array_equal(np.bincount(parted), np.bincount(second))

    def test_more_children_than_rows_to_name_says_so(self) -> None:
        from inferloop_synthetic import ConstraintError

        with pytest.raises(ConstraintError, match=r"b\.a_id: a row has more children"):
            part_twins(np.zeros(4, np.int64), np.array([0, 1, 2, 0]), 3, np.random.default_rng(0), "b.a_id")


def test_uuids_of_rows_differ_and_are_the_same_wherever_they_are_named() -> None:
    keys = UuidKeys(3).keys(np.arange(100_000))
    assert len(set(keys.to_pylist())) == 100_000
    assert UuidKeys(3).keys(np.array([777])).to_pylist() == [keys[777].as_py()]
    assert UuidKeys(4).keys(np.array([777])).to_pylist() != [keys[777].as_py()]


def write_shop(shop: Shop, folder: Path) -> None:
    for name, table in shop.items():
        pq.write_table(table, folder / f"{name}.parquet")


class TestDetection:
    def test_finds_keys_and_references_by_name_and_value(self, shop: Shop) -> None:
        found = design_of(shop, {name: f"{name}.parquet" for name in shop})
        assert {name: entry.key for name, entry in found.tables.items()} == {
            "customers": "customer_id", "orders": "id", "lines": None, "products": None, "countries": "code", "tags": "tag_id",
            "given_tags": None,
        }  # fmt: skip
        links = {(r.child, r.column): r.parent for r in found.relationships}
        assert links == {
            ("orders", "customer_id"): "customers", ("lines", "order_id"): "orders", ("given_tags", "customer_id"): "customers",
            ("given_tags", "tag_id"): "tags",
        }  # fmt: skip

    def test_a_reference_that_holds_for_most_rows_is_refused_and_not_dropped(self) -> None:
        tables = {
            "a": pa.table({"a_id": pa.array(range(100))}),
            "b": pa.table({"b_id": pa.array(range(150)), "a_id": pa.array([*range(149), None])}),
        }
        with pytest.raises(InputError) as refused:
            design_of(tables, {"a": "a.csv", "b": "b.csv"})
        message = str(refused.value)
        assert "b.a_id: 49 of 149 rows name no row of a, the first 100, which is not in a.a_id" in message
        stated = message.partition("beside the tables:\n")[2]
        assert "relationships: []" in stated
        assert list(Design.model_validate(yaml.safe_load(stated)).tables) == ["a", "b"]

    def test_a_column_of_other_values_is_no_reference_and_one_that_fits_another_table_is(self) -> None:
        tables = {
            "a": pa.table({"a_id": pa.array(range(100))}),
            "b": pa.table({"a_id": pa.array([5, *range(1000, 1100)])}),
        }
        assert design_of(tables, {"a": "a.csv", "b": "b.csv"}).relationships == []
        tables = {
            "customer": pa.table({"id": pa.array(range(60))}),
            "customers": pa.table({"id": pa.array(range(100))}),
            "visits": pa.table({"customer_id": pa.array(range(100))}),
        }
        found = design_of(tables, {name: f"{name}.csv" for name in tables}).relationships
        assert [(r.child, r.parent) for r in found] == [("visits", "customers")]

    def test_a_folder_without_tables_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="there are no tables"):
            detect_design(tmp_path)


class TestCommand:
    def test_writes_a_folder_that_it_can_read_again(self, shop: Shop, design: Design, tmp_path: Path) -> None:
        write_shop(shop, tmp_path)
        (tmp_path / "tables.yaml").write_text(design_yaml(design))
        output = tmp_path / "made"
        result = CliRunner().invoke(
            build_app(),
            ["generate", "--tables", str(tmp_path), "--output", str(output), "--scale", "0.5", "--format", "csv"],
        )
        assert result.exit_code == 0, result.output
        assert "orders.customer_id: " in result.output
        assert "without any (real" in result.output
        again = read_design(output / "tables.yaml")
        made = read_tables(again, output)
        assert abs(made.tables["customers"].num_rows - 600) < 2
        assert pacsv.read_csv(output / "countries.csv").num_rows == 4

    def test_a_folder_without_a_design_is_looked_through(self, shop: Shop, tmp_path: Path) -> None:
        write_shop({n: shop[n] for n in ("customers", "orders")}, tmp_path)
        command = ["generate", "--tables", str(tmp_path), "--output", str(tmp_path / "made"), "--seed", "3"]
        result = CliRunner().invoke(build_app(), command)
        assert result.exit_code == 0, result.output
        assert "parent: customers" in result.output
        assert (tmp_path / "made" / "orders.parquet").exists()

    def test_tables_without_relationships_are_said_to_have_none(self, tmp_path: Path) -> None:
        pq.write_table(pa.table({"a_id": list(range(60)), "x": list(range(60))}), tmp_path / "a.parquet")
        pq.write_table(pa.table({"y": [i % 7 for i in range(60)]}), tmp_path / "b.parquet")
        command = ["generate", "--tables", str(tmp_path), "--output", str(tmp_path / "made")]
        result = CliRunner().invoke(build_app(), command)
        assert result.exit_code == 0, result.output
        assert "no relationships were found: each table is drawn by itself" in result.output
        assert "these relationships were found" not in result.output

    def test_a_broken_reference_leaves_no_folder(self, shop: Shop, design: Design, tmp_path: Path) -> None:
        write_shop(shop | {"customers": shop["customers"].slice(1)}, tmp_path)
        (tmp_path / "tables.yaml").write_text(design_yaml(design))
        result = CliRunner().invoke(
            build_app(), ["generate", "--tables", str(tmp_path), "--output", str(tmp_path / "made")]
        )
        assert isinstance(result.exception, InputError)
        assert "which is not in customers.customer_id" in str(result.exception)
        assert not (tmp_path / "made").exists()

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--tables", "shop", "--rows", "5"], "--rows does not go with --tables"),
            (["--tables", "shop", "--engine", "ctgan"], "--engine does not go with --tables"),
            (["orders.csv", "--scale", "2"], "--scale goes with --tables only"),
        ],
    )
    def test_an_option_that_would_do_nothing_is_refused(
        self, arguments: list[str], message: str, tmp_path: Path
    ) -> None:
        result = CliRunner().invoke(build_app(), ["generate", *arguments, "--output", str(tmp_path / "made.csv")])
        assert isinstance(result.exception, InputError)
        assert message in str(result.exception)
