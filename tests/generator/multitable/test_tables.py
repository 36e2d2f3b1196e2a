"""Several tables: references hold, numbers of children and what depends on what are as in the real tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from inferloop_synthetic import ConstraintError, InputError, ModelFileError
from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.multitable import drawing
from inferloop_synthetic.multitable.design import Design
from inferloop_synthetic.multitable.drawing import TablesDrawing, child_blocks
from inferloop_synthetic.multitable.fitting import Fitted, fit_tables
from inferloop_synthetic.multitable.model import draw_all, load_tables, save_tables
from inferloop_synthetic.multitable.reading import check_tables
from inferloop_synthetic.tabular.engine import TabularEngine

Shop = dict[str, pa.Table]
Count = Callable[[pa.Table, str, pa.Table, str], Any]


def owners_kind(tables: Shop) -> list[str]:
    """Return the kind of the customer of each order."""
    kind = dict(
        zip(tables["customers"]["customer_id"].to_pylist(), tables["customers"]["kind"].to_pylist(), strict=True)
    )
    return [kind[c] for c in tables["orders"]["customer_id"].to_pylist()]


class TestIntegrity:
    @pytest.mark.parametrize("scale", [0.5, 1.0, 2.5])
    def test_every_reference_names_a_row_and_every_key_is_unique(
        self, fitted: Fitted, design: Design, scale: float
    ) -> None:
        tables = draw_all(fitted, seed=3, scale=scale)
        for name, entry in design.tables.items():
            if entry.key is not None:
                assert pc.count_distinct(tables[name][entry.key]).as_py() == tables[name].num_rows, name
                assert not tables[name][entry.key].null_count
        # Raises where a reference dangles.
        check_tables(design, tables)

    def test_columns_and_types_are_those_of_the_real_tables(self, drawn: Shop, shop: Shop) -> None:
        for name, table in shop.items():
            assert drawn[name].schema.equals(table.schema), name

    def test_keys_are_of_the_make_of_the_real_ones(self, drawn: Shop) -> None:
        assert all(re.fullmatch(r"O-\d{7,}", key) for key in drawn["orders"]["id"].to_pylist())
        uuid = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
        assert all(uuid.fullmatch(key) for key in drawn["products"]["sku"].to_pylist())
        assert drawn["customers"]["customer_id"].type == pa.int64()

    def test_no_pair_of_two_parents_occurs_twice_where_none_does_in_the_data(self, drawn: Shop) -> None:
        pairs = list(zip(*(drawn["given_tags"][n].to_pylist() for n in ("customer_id", "tag_id")), strict=True))
        assert len(pairs) > 1000
        assert len(set(pairs)) == len(pairs)

    def test_a_kept_table_is_given_out_as_it_is(self, drawn: Shop, shop: Shop) -> None:
        assert drawn["countries"].equals(shop["countries"])


class TestNumbersOfChildren:
    def test_are_distributed_as_in_the_real_tables_none_included(self, drawn: Shop, shop: Shop, counts: Count) -> None:
        for parent, key, child, column in (
            ("customers", "customer_id", "orders", "customer_id"), ("orders", "id", "lines", "order_id"),
            ("customers", "customer_id", "given_tags", "customer_id"),
        ):  # fmt: skip
            real, made = (counts(t[parent], key, t[child], column) for t in (shop, drawn))
            size = max(real.max(), made.max()) + 1
            shares = [np.bincount(c, minlength=size) / len(c) for c in (real, made)]
            assert 0.5 * np.abs(shares[0] - shares[1]).sum() < 0.08, (child, column)
            assert abs(shares[0][0] - shares[1][0]) < 0.05

    def test_depend_on_the_parents_columns(self, drawn: Shop, shop: Shop, counts: Count) -> None:
        for tables in (shop, drawn):
            count = counts(tables["customers"], "customer_id", tables["orders"], "customer_id")
            firm = np.array([k == "firm" for k in tables["customers"]["kind"].to_pylist()])
            assert (count[firm] == 0).mean() < 0.02
            assert 0.2 < (count[~firm] == 0).mean() < 0.4
            assert count[firm].mean() > 3 * count[~firm].mean()

    def test_of_a_second_parent_are_kept_too(self, drawn: Shop, shop: Shop, counts: Count) -> None:
        real, made = (np.sort(counts(t["products"], "sku", t["lines"], "sku")) for t in (shop, drawn))
        assert (real == 0).sum() == 30
        # Thirty of 300, give or take four standard deviations.
        assert abs((made == 0).sum() - 30) <= 21
        # The most sold tenth sells as often as in the real table, to a quarter.
        assert abs(made[-30:].mean() / real[-30:].mean() - 1) < 0.25
        nulls = [t["lines"]["sku"].null_count / t["lines"].num_rows for t in (shop, drawn)]
        assert abs(nulls[0] - nulls[1]) < 0.02

    def test_scale_with_the_tables_that_refer_to_none(self, fitted: Fitted, shop: Shop) -> None:
        large = draw_all(fitted, seed=1, scale=3)
        for name in ("customers", "orders", "lines"):
            assert abs(large[name].num_rows / shop[name].num_rows / 3 - 1) < 0.1, name
        assert large["countries"].num_rows == 4


class TestDependencies:
    def test_children_depend_on_their_parents_columns(self, drawn: Shop, shop: Shop) -> None:
        ratios = []
        for tables in (shop, drawn):
            firm = np.array([k == "firm" for k in owners_kind(tables)])
            logs = np.log(tables["orders"]["amount"].to_numpy())
            ratios.append(logs[firm].mean() - logs[~firm].mean())
            phone = np.array([c == "phone" for c in tables["orders"]["channel"].to_pylist()])
            assert phone[firm].mean() > 0.8
            assert phone[~firm].mean() < 0.3
        assert abs(ratios[0] - ratios[1]) < 0.25

    def test_siblings_are_alike_beyond_what_their_parents_columns_say(self, drawn: Shop, shop: Shop) -> None:
        """The share of the variance of firms' log amounts that lies between customers: .88 in the real table."""
        shares = []
        for tables in (shop, drawn):
            firm = np.array([k == "firm" for k in owners_kind(tables)])
            owner = np.unique(np.array(tables["orders"]["customer_id"].to_pylist())[firm], return_inverse=True)[1]
            logs = np.log(tables["orders"]["amount"].to_numpy()[firm])
            mean = np.bincount(owner, logs) / np.bincount(owner)
            shares.append(1 - ((logs - mean[owner]) ** 2).mean() / logs.var())
        assert shares[0] > 0.8
        assert shares[1] > 0.5

    def test_grandchildren_name_second_parents_that_go_with_their_grandparents(self, drawn: Shop, shop: Shop) -> None:
        """Seven tenths of what firms buy is dear, a twentieth of what others buy."""
        for tables in (shop, drawn):
            kind = dict(zip(tables["orders"]["id"].to_pylist(), owners_kind(tables), strict=True))
            dear = {
                k: c == "dear"
                for k, c in zip(*(tables["products"][n].to_pylist() for n in ("sku", "class")), strict=True)
            }
            seen: dict[str, list[bool]] = {"firm": [], "private": []}
            for order, sku in zip(*(tables["lines"][n].to_pylist() for n in ("order_id", "sku")), strict=True):
                if sku is not None:
                    seen[kind[order]].append(dear[sku])
            assert np.mean(seen["firm"]) > 0.5
            assert np.mean(seen["private"]) < 0.2

    def test_no_row_of_orders_is_a_copy(self, drawn: Shop, shop: Shop) -> None:
        columns = ("amount", "day", "channel")
        real, made = (set(zip(*(t["orders"][n].to_pylist() for n in columns), strict=True)) for t in (shop, drawn))
        assert len(real & made) < 0.02 * len(made)


class TestStreams:
    def test_blocks_cover_the_children_whole_and_do_not_cut_families(self) -> None:
        rng = np.random.default_rng(0)
        counts = np.where(rng.random(5000) < 0.5, 0, rng.integers(0, 40, 5000))
        counts[17] = 3000
        blocks = list(child_blocks(np.cumsum(counts), 250, block_rows=1000))
        linked = [b for b in blocks if b.last_parent > b.first_parent]
        assert sum(b.rows for b in linked) == counts.sum()
        assert sum(b.rows for b in blocks) == counts.sum() + 250
        assert [b.first for b in blocks] == np.cumsum([0, *(b.rows for b in blocks)])[:-1].tolist()
        for block in linked:
            assert counts[block.first_parent : block.last_parent].sum() == block.rows
            assert block.rows <= 1000 or block.last_parent - block.first_parent == 1 or counts[17] == 3000
        assert len({b.number for b in blocks}) == len(blocks)

    def test_many_blocks_keep_references_and_pairs(
        self, fitted: Fitted, design: Design, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = draw_all(fitted, seed=5)
        monkeypatch.setattr(drawing, "BLOCK_ROWS", 300)
        monkeypatch.setattr(child_blocks, "__defaults__", (300,))
        tables = draw_all(fitted, seed=5)
        check_tables(design, tables)
        pairs = list(zip(*(tables["given_tags"][n].to_pylist() for n in ("customer_id", "tag_id")), strict=True))
        assert len(set(pairs)) == len(pairs)
        assert abs(tables["orders"].num_rows / whole["orders"].num_rows - 1) < 0.15
        rows = set(zip(*(tables["orders"][n].to_pylist() for n in ("amount", "day")), strict=True))
        # Blocks have streams of their own: the same rows do not come again in each.
        assert len(rows) > 0.95 * tables["orders"].num_rows

    def test_tables_come_in_batches_of_a_block_at_most(self, fitted: Fitted, tmp_path: Path) -> None:
        sizes = {}
        for name, batches in TablesDrawing(fitted, 1, tmp_path, scale=60).tables():
            sizes[name] = [batch.num_rows for batch in batches]
        assert sum(sizes["lines"]) > 200_000
        assert max(max(s) for s in sizes.values()) <= drawing.BLOCK_ROWS + 100

    def test_the_same_seed_draws_the_same_tables_and_another_does_not(self, fitted: Fitted, drawn: Shop) -> None:
        again, other = draw_all(fitted, seed=5), draw_all(fitted, seed=6)
        assert all(again[name].equals(drawn[name]) for name in drawn)
        assert not other["orders"]["amount"].equals(drawn["orders"]["amount"])


class TestModelFile:
    def test_a_loaded_model_draws_the_same_tables(self, fitted: Fitted, drawn: Shop, tmp_path: Path) -> None:
        save_tables(fitted, tmp_path / "model")
        again = draw_all(load_tables(tmp_path / "model"), seed=5)
        assert all(again[name].equals(drawn[name]) for name in drawn)

    def test_altered_and_foreign_files_are_refused(self, fitted: Fitted, shop: Shop, tmp_path: Path) -> None:
        path = tmp_path / "model"
        TabularEngine().fit(shop["customers"], detect_schema(shop["customers"])).save(path)
        with pytest.raises(ModelFileError):
            load_tables(path)
        save_tables(fitted, path)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0xFF
        path.write_bytes(bytes(data))
        with pytest.raises(ModelFileError):
            load_tables(path)


class TestSmallTables:
    def test_too_few_rows_to_name_each_once_say_so(self, fitted: Fitted) -> None:
        with pytest.raises(ConstraintError, match=r"given_tags\.tag_id: .*more children than the 1 rows.*keep"):
            draw_all(fitted, seed=3, scale=0.02)

    def test_a_handful_of_rows_is_learned(self) -> None:
        design = Design.model_validate(
            {
                "tables": {"a": {"file": "a.csv", "key": "id"}, "b": {"file": "b.csv"}},
                "relationships": [{"child": "b", "column": "a_id", "parent": "a"}],
            }
        )
        tables = {
            "a": pa.table({"id": [1, 2, 3], "x": ["p", "q", "p"]}),
            "b": pa.table({"a_id": [1, 1, None], "y": [1.0, 2.0, 3.0]}),
        }
        made = draw_all(fit_tables(design, check_tables(design, tables)), seed=1, scale=50)
        check_tables(design, made)
        assert made["a"].num_rows == 150
        assert abs(made["b"]["a_id"].null_count / made["b"].num_rows - 1 / 3) < 0.05

    def test_a_table_of_nothing_but_references_is_drawn(self) -> None:
        design = Design.model_validate(
            {
                "tables": {"a": {"file": "a.csv", "key": "id"}, "b": {"file": "b.csv"}},
                "relationships": [{"child": "b", "column": "a_id", "parent": "a"}],
            }
        )
        tables = {"a": pa.table({"id": [1, 2, 3, 4], "x": [1, 2, 3, 4]}), "b": pa.table({"a_id": [1, 2, 3, 4]})}
        made = draw_all(fit_tables(design, check_tables(design, tables)), seed=1)
        assert made["b"]["a_id"].to_pylist() == made["a"]["id"].to_pylist()

    def test_a_column_that_cannot_be_learned_names_its_table(self) -> None:
        design = Design.model_validate({"tables": {"a": {"file": "a.csv"}}})
        with pytest.raises(InputError, match="table a: "):
            fit_tables(design, check_tables(design, {"a": pa.table({"x": [1]})}))
