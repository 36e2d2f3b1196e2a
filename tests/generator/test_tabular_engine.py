"""The default engine keeps what the real table holds, and nothing that would give its rows away."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scipy.stats import ks_2samp

from inferloop_synthetic.constraints import broken
from inferloop_synthetic.data.reading import read_table
from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.engine import Condition
from inferloop_synthetic.errors import ConstraintError, InputError, ModelFileError
from inferloop_synthetic.schema import TableSchema, parse_schema
from inferloop_synthetic.tabular.engine import TabularEngine, TabularModel
from inferloop_synthetic.validation.run import validate


def with_constraints(table: pa.Table, *constraints: Mapping[str, object]) -> TableSchema:
    detected = detect_schema(table).model_dump(mode="json")
    return parse_schema(json.dumps({**detected, "constraints": list(constraints)}), "test")


def fitted(table: pa.Table, *constraints: Mapping[str, object], seed: int = 0) -> TabularModel:
    return TabularEngine().fit(table, with_constraints(table, *constraints), seed=seed)


def drawn(model: TabularModel, rows: int, seed: int = 1, shard: int = 0, **options: object) -> pa.Table:
    return pa.Table.from_batches(model.sample(rows, seed, shard, **options))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def model(orders: pa.Table) -> TabularModel:
    return fitted(orders)


@pytest.fixture(scope="module")
def fake(model: TabularModel) -> pa.Table:
    return drawn(model, 20_000)


# --------------------------------------------------------------------------------------------------------------- seeds


def test_the_rows_do_not_depend_on_the_number_of_threads(model: TabularModel) -> None:
    assert drawn(model, 300_000, threads=1).equals(drawn(model, 300_000, threads=3))


def test_another_seed_and_another_shard_give_other_rows(model: TabularModel) -> None:
    first = drawn(model, 1000).drop_columns(["order_id"])
    assert not first.equals(drawn(model, 1000, seed=2).drop_columns(["order_id"]))
    assert not first.equals(drawn(model, 1000, shard=1).drop_columns(["order_id"]))


def test_fitting_twice_with_one_seed_gives_the_same_model(orders: pa.Table, fake: pa.Table) -> None:
    assert drawn(fitted(orders), 20_000).equals(fake)


def test_a_shorter_draw_of_the_same_batch_size_is_not_required_but_no_rows_is_a_table(
    model: TabularModel, orders: pa.Table
) -> None:
    empty = drawn(model, 0)
    assert empty.num_rows == 0
    assert empty.column_names == orders.column_names


# ------------------------------------------------------------------------------------------------------------- quality


def test_a_classifier_can_hardly_tell_synthetic_households_from_real_ones(insurance: pa.Table) -> None:
    learned, holdout = insurance.slice(0, 4000), insurance.slice(4000)
    found = validate(learned, drawn(fitted(learned), 4000), detect_schema(learned), holdout=holdout)
    assert found.score_holdout is not None
    assert found.score > found.score_holdout - 0.01
    # Fixed seed; between fits the AUC moves by about .02.
    assert found.classifier.value < 0.60
    assert found.privacy is not None
    assert found.privacy.membership_calibrated.low < 0.52


def test_columns_keep_their_types_and_order(orders: pa.Table, fake: pa.Table) -> None:
    assert fake.column_names == orders.column_names
    plain = [f.type.value_type if pa.types.is_dictionary(f.type) else f.type for f in fake.schema]
    assert plain == orders.schema.types


def test_missing_values_are_as_frequent_as_in_the_data(orders: pa.Table, fake: pa.Table) -> None:
    assert fake["note"].null_count / 20_000 == pytest.approx(orders["note"].null_count / 4000, abs=0.02)
    assert fake["price"].null_count == 0


def test_skewed_prices_keep_their_distribution_and_decimals(orders: pa.Table, fake: pa.Table) -> None:
    real, made = orders["price"].to_numpy(), fake["price"].to_numpy()
    # Two-sided test at one in a thousand; the seed is fixed.
    assert ks_2samp(real, made).pvalue > 0.001
    assert np.array_equal(made, np.round(made, 2))


def test_a_dependence_without_correlation_is_kept(fake: pa.Table) -> None:
    radius = np.hypot(fake["east"].to_numpy(), fake["north"].to_numpy())
    independent = np.hypot(fake["east"].to_numpy(), np.roll(fake["north"].to_numpy(), 1))
    assert np.mean(np.abs(radius - 1) < 0.2) > 0.9
    assert np.mean(np.abs(independent - 1) < 0.2) < 0.6


def test_a_column_determined_by_two_others_stays_determined(fake: pa.Table) -> None:
    rate = pc.add(
        pc.case_when(pc.make_struct(pc.equal(fake["country"], "DE"), pc.equal(fake["country"], "FR")), 19, 20, 22),
        pc.if_else(pc.equal(fake["channel"], "web"), -1, 0),
    )
    assert pc.all(pc.equal(rate, fake["tax"])).as_py()


def test_dates_that_were_never_out_of_order_stay_in_order(fake: pa.Table) -> None:
    assert pc.all(pc.less_equal(fake["shipped"], fake["delivered"])).as_py()


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("sum", lambda a, b: a + b),
        ("difference", lambda a, b: a - b),
        ("product", lambda a, b: a * b),
        ("weighted", lambda a, b: 100 * a + b),
    ],
)
def test_exact_formulas_are_found_and_kept(name: str, formula) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(1)
    a, b = rng.integers(1, 500, 3000), rng.integers(1, 60, 3000)
    made = drawn(fitted(pa.table({"a": a, "b": b, "c": formula(a, b)})), 5000)
    assert np.array_equal(formula(made["a"].to_numpy(), made["b"].to_numpy()), made["c"].to_numpy()), name


def test_times_written_as_whole_numbers_stay_times() -> None:
    rng = np.random.default_rng(1)
    minutes = rng.integers(300, 1400, 4000)
    table = pa.table({"departure": minutes // 60 * 100 + minutes % 60, "gate": rng.choice(["A", "B"], 4000)})
    made = drawn(fitted(table), 5000)["departure"].to_numpy()
    assert (made % 100).max() <= 59
    assert len(np.unique(made)) > 500


def test_parts_of_a_time_stamp_agree_with_it() -> None:
    rng = np.random.default_rng(1)
    seconds = rng.integers(1_600_000_000, 1_640_000_000, 8000) // 3600 * 3600
    stamp = pa.array(seconds, pa.timestamp("s"))
    table = pa.table({"month": pc.month(stamp), "hour": pc.hour(stamp), "stamp": stamp})
    made = drawn(fitted(table), 5000)
    assert pc.mean(pc.equal(pc.hour(made["stamp"]), made["hour"]).cast(pa.float64())).as_py() == 1
    assert pc.mean(pc.equal(pc.month(made["stamp"]), made["month"]).cast(pa.float64())).as_py() > 0.99


# ------------------------------------------------------------------------------------------------------------- privacy


def test_values_seen_once_are_not_released() -> None:
    names = pa.array(["common"] * 990 + [f"rare {i}" for i in range(10)])
    table = pa.table({"kind": names, "size": np.random.default_rng(1).normal(size=1000)})
    model = fitted(table)
    assert set(drawn(model, 20_000)["kind"].to_pylist()) == {"common"}
    assert model.notes


def test_the_largest_value_is_not_released() -> None:
    wages = np.random.default_rng(1).lognormal(10, 1, 2000)
    made = drawn(fitted(pa.table({"wage": wages})), 50_000)["wage"].to_numpy()
    assert made.max() < wages.max()
    assert made.min() > wages.min()


def test_personal_data_are_generated_and_not_copied(orders: pa.Table, fake: pa.Table) -> None:
    assert not set(fake["email"].to_pylist()) & set(orders["email"].to_pylist())
    assert pc.all(pc.match_substring_regex(fake["email"], r"^[a-z.]+\.\d+@example\.org$")).as_py()


def test_free_text_uses_only_words_that_several_rows_use() -> None:
    texts = [f"parcel left with neighbour number {i % 9} by secretname{i}" for i in range(500)]
    made = drawn(fitted(pa.table({"remark": texts, "x": np.arange(500) % 7})), 500)["remark"].to_pylist()
    assert not any("secretname" in text for text in made)
    assert any("neighbour number" in text for text in made)


def test_identifiers_are_unique_over_shards(model: TabularModel) -> None:
    together = [*drawn(model, 5000)["order_id"].to_pylist(), *drawn(model, 5000, shard=1)["order_id"].to_pylist()]
    assert len(set(together)) == 10_000


CODES = '{"columns": [{"name": "code", "kind": "identifier"}, {"name": "x", "kind": "float"}]}'


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        ([f"{10_000 + 291 * i}" for i in range(300)], r"\d{5}"),
        ([f"C-{i:04d}" for i in range(300)], r"C-0\d{3}"),
        ([f"${10 + i % 90},{i:03d}.{i % 100:02d}" for i in range(300)], r"\$\d{2},\d{3}\.\d{2}"),
    ],
)
def test_identifiers_keep_their_form_while_it_has_texts_enough(texts: list[str], form: str) -> None:
    model = TabularEngine().fit(pa.table({"code": texts, "x": np.arange(300.0)}), parse_schema(CODES, "s"))
    parts = [drawn(model, 200, shard=shard, first_row=200 * shard)["code"].to_pylist() for shard in range(4)]
    together = [text for part in parts for text in part]

    assert len(set(together)) == 800
    assert all(re.fullmatch(form, text) for text in together)


def test_identifiers_grow_by_a_digit_when_their_form_has_no_texts_left() -> None:
    texts = [f"C-{i:03d}" for i in range(100)]
    model = TabularEngine().fit(pa.table({"code": texts, "x": np.arange(100.0)}), parse_schema(CODES, "s"))
    parts = [drawn(model, 800, shard=shard, first_row=800 * shard)["code"].to_pylist() for shard in range(2)]
    whole = drawn(model, 1600)["code"].to_pylist()

    assert len(set(whole)) == 1600
    assert parts[0] + parts[1] == whole
    assert sorted(map(len, whole)) == [5] * 100 + [6] * 1000 + [7] * 500


# --------------------------------------------------------------------------------------------------------- constraints


@pytest.mark.parametrize(
    "constraint",
    [
        {"type": "inequality", "left": "free", "right": "quantity"},
        {"type": "range", "column": "price", "min": 10, "max": 60},
        {"type": "fixed_combinations", "columns": ["country", "channel", "tax"]},
        {"type": "unique", "column": "price"},
        {"type": "regex", "column": "country", "pattern": "[DI][ET]"},
        {"type": "formula", "column": "price", "expression": "2 * quantity + tax / 4"},
    ],
    ids=lambda c: str(c["type"]),
)
def test_no_row_breaks_a_constraint(orders: pa.Table, constraint: Mapping[str, object]) -> None:
    schema = with_constraints(orders, constraint)
    made = drawn(TabularEngine().fit(orders, schema), 3000)
    assert made.num_rows == 3000
    assert not broken(made, schema.constraints[0], orders).any()


def test_a_constraint_that_nothing_meets_is_an_error_that_names_it(orders: pa.Table) -> None:
    model = fitted(orders, {"type": "range", "column": "price", "min": 1e6})
    with pytest.raises(ConstraintError, match="price"):
        drawn(model, 10)


def test_unique_numbers_keep_their_type_range_and_distribution(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    whole = np.unique((rng.lognormal(8, 0.7, 3000)).astype(int))
    rng.shuffle(whole)
    price = whole / 100
    days = pa.array(whole.astype(np.int32)).view(pa.date32())
    table = pa.table(
        {
            "n": whole,
            "p": price,
            "d": days,
            "f": rng.normal(size=len(whole)),
            "c": ["x", "y"] * (len(whole) // 2) + ["x"] * (len(whole) % 2),
        }
    )
    fitted(table, *({"type": "unique", "column": name} for name in "npdf")).save(tmp_path / "model")
    made = drawn(TabularEngine().load(tmp_path / "model"), 2000)
    assert made.schema.types[:4] == table.schema.types[:4]
    assert all(len(pc.unique(made[name])) == 2000 for name in "npdf")
    assert np.array_equal(made["p"].to_numpy(), np.round(made["p"].to_numpy(), 2))
    for name in "npf":
        real, fake = table[name].to_numpy(), made[name].to_numpy()
        assert real.min() <= fake.min() < fake.max() <= real.max()
        # Two-sided test at one in a thousand; the seed is fixed.
        assert ks_2samp(real, fake).pvalue > 0.001


def test_unique_numbers_that_the_data_have_too_few_of_are_an_error() -> None:
    table = pa.table({"a": np.random.default_rng(0).permutation(np.arange(100) % 90 + 1000), "b": [1, 2] * 50})
    model = fitted(table, {"type": "unique", "column": "a"})
    assert sorted(drawn(model, 90)["a"].to_pylist()) == list(range(1000, 1090))
    with pytest.raises(InputError, match="'a' is unique and holds only 90 different values from 1,000 to 1,089"):
        drawn(model, 91)


def test_a_unique_column_of_personal_data_stays_personal(orders: pa.Table) -> None:
    table = pa.table({"mail": [f"u{k}@example.com" for k in range(200)], "b": [1, 2] * 100})
    model = fitted(table, {"type": "unique", "column": "mail"}, {"type": "range", "column": "b", "max": 1})
    made = drawn(model, 5000)["mail"]
    assert len(pc.unique(made)) == 5000
    assert pc.all(pc.match_substring_regex(made, "^[a-z.0-9]+@example.org$")).as_py()


# ------------------------------------------------------------------------------------------------------- large numbers


def _spread(start: int, count: int, kind: pa.DataType | None = None) -> pa.Array:
    return pa.array([start + int(k) for k in np.random.default_rng(3).integers(0, count, 500)], kind or pa.int64())


@pytest.mark.parametrize(
    "column",
    [
        _spread(2**63 - 101, 101),
        _spread(10**18, 101),
        _spread(-(2**63), 101),
        _spread(2**63, 101, pa.uint64()),
        pa.array([None if k % 7 == 0 else 10**18 + 1000 * (k % 101) for k in range(500)]),
    ],
    ids=["highest", "far", "lowest", "unsigned", "thousands with gaps"],
)
def test_large_whole_numbers_are_learned_exactly(column: pa.Array, tmp_path: Path) -> None:
    fitted(pa.table({"a": column, "b": [1, 2] * 250})).save(tmp_path / "model")
    model = TabularEngine().load(tmp_path / "model")
    made = drawn(model, 2000)["a"]
    assert made.type == column.type
    assert set(made.drop_null().to_pylist()) <= set(range(pc.min(column).as_py(), pc.max(column).as_py() + 1))
    assert len(pc.unique(made.drop_null())) > 80
    assert not model.notes


def test_whole_numbers_that_lie_far_apart_stay_in_their_range_and_a_note_says_so() -> None:
    ends = [5, 7, 2**63 - 1]
    model = fitted(pa.table({"a": np.random.default_rng(3).choice(ends, 500), "b": [1, 2] * 250}))
    made = drawn(model, 1000)["a"]
    assert set(made.to_pylist()) == set(ends)
    assert any(note.startswith("a: ") for note in model.notes)
    wide = np.random.default_rng(3).integers(-(2**63), 2**63 - 1, 500)
    both = drawn(fitted(pa.table({"a": wide})), 1000)["a"].to_numpy()
    assert wide.min() <= both.min() < -(2**62) < 2**62 < both.max() <= wide.max()


def test_a_constant_large_number_stays_what_it_is() -> None:
    made = drawn(fitted(pa.table({"a": [2**62 + 1] * 100, "b": [1e30] * 100})), 100)
    assert set(made["a"].to_pylist()) == {2**62 + 1}
    assert set(made["b"].to_pylist()) == {1e30}


def test_whole_numbers_beyond_64_bits_have_a_note(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n" + "\n".join(f"{10**30 + 7**i % 1000},{i % 5}" for i in range(100)))
    assert any(note.startswith("a: ") for note in fitted(read_table(tmp_path / "t.csv")).notes)


def test_large_numbers_are_conditioned_on_exactly() -> None:
    table = pa.table({"a": _spread(10**18, 11)})
    model = TabularEngine().fit(table, detect_schema(table), first=["a"])
    made = drawn(model, 100, given={"a": Condition(low=10**18 + 3, high=10**18 + 4)})
    assert set(made["a"].to_pylist()) == {10**18 + 3, 10**18 + 4}


def test_large_identifiers_do_not_wrap_around() -> None:
    model = fitted(pa.table({"id": [2**63 - 100 + k for k in range(100)], "b": [1, 2] * 50}))
    made = drawn(model, 1000, shard=3)["id"].to_numpy()
    assert len(set(made)) == 1000
    assert made.min() > 0


def test_a_range_over_large_numbers_is_kept() -> None:
    table = pa.table({"a": _spread(10**18, 5000)})
    made = drawn(fitted(table, {"type": "range", "column": "a", "max": 10**18 + 2000}), 300)
    assert pc.max(made["a"]).as_py() <= 10**18 + 2000 + 128


# --------------------------------------------------------------------------------------------------------- conditions


@pytest.mark.parametrize("first", [(), ("country", "quantity")], ids=["rejecting", "fitted first"])
def test_conditional_draws_are_distributed_as_the_rows_that_meet_the_condition(
    orders: pa.Table, first: tuple[str, ...]
) -> None:
    model = TabularEngine().fit(orders, detect_schema(orders), first=first)
    given = {"country": Condition(("IT",)), "quantity": Condition(low=20, high=30)}
    made = drawn(model, 4000, given=given)
    assert set(made["country"].to_pylist()) == {"IT"}
    assert made["quantity"].to_numpy().min() >= 20
    assert made["quantity"].to_numpy().max() <= 30
    everything = drawn(model, 400_000, seed=9)
    keep = pc.and_(
        pc.equal(everything["country"], "IT"),
        pc.and_(pc.greater_equal(everything["quantity"], 20), pc.less_equal(everything["quantity"], 30)),
    )
    filtered = everything.filter(keep)
    for name in ("price", "free", "quantity"):
        assert ks_2samp(made[name].to_numpy(), filtered[name].to_numpy()).pvalue > 0.001, name
    share = [np.mean(np.array(t["channel"].to_pylist()) == "web") for t in (made, filtered)]
    assert share[0] == pytest.approx(share[1], abs=0.03)


@pytest.mark.parametrize(
    "given",
    [
        {"country": Condition(("FR",)), "price": Condition((19.99,))},
        {
            "country": Condition(("FR", "IT")),
            "price": Condition(low=15.5, high=40.25),
            "quantity": Condition(low=3, high=30),
        },
        {"quantity": Condition(low=20)},
    ],
    ids=["equalities", "several values and two ranges", "one range, and a column without a condition before it"],
)
def test_conditions_on_columns_fitted_first_throw_no_row_away(orders: pa.Table, given: Mapping[str, Condition]) -> None:
    model = TabularEngine().fit(orders, detect_schema(orders), first=("country", "price", "quantity"))
    calls: list[int] = []
    inner = model._rows

    def counted(index, *rest):  # type: ignore[no-untyped-def]
        calls.append(len(index))
        return inner(index, *rest)

    model._rows = counted  # type: ignore[method-assign]
    made = drawn(model, 5000, given=given, threads=1)
    assert calls == [5000]
    everything = drawn(model, 300_000, seed=9, threads=1)
    keep = np.logical_and.reduce([_meets(everything, name, condition) for name, condition in given.items()])
    assert made.num_rows == 5000
    assert all(_meets(made, name, condition).all() for name, condition in given.items())
    filtered = everything.filter(pa.array(keep))
    assert filtered.num_rows > 50
    for name in ("price", "quantity", "free"):
        assert ks_2samp(made[name].to_numpy(), filtered[name].to_numpy()).pvalue > 0.0005, name
    share = [np.mean(np.array(t["country"].to_pylist()) == "FR") for t in (made, filtered)]
    assert share[0] == pytest.approx(share[1], abs=0.06)


def _meets(table: pa.Table, name: str, condition: Condition) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    values = np.array(table[name].to_pylist())
    if condition.values:
        return np.isin(values, condition.values)
    low, high = (
        (-np.inf if condition.low is None else condition.low),
        (np.inf if condition.high is None else condition.high),
    )
    return np.asarray((values >= low) & (values <= high))


def test_a_condition_that_the_model_never_draws_is_an_error_that_names_it() -> None:
    rng = np.random.default_rng(0)
    kind = rng.choice(["a", "b"], 2000)
    table = pa.table(
        {"kind": kind, "size": np.where(kind == "a", rng.integers(0, 5, 2000), rng.integers(50, 60, 2000))}
    )
    model = TabularEngine().fit(table, detect_schema(table), first=("kind", "size"))
    with pytest.raises(ConstraintError, match=r"kind.*size"):
        drawn(model, 10, given={"kind": Condition(("a",)), "size": Condition(low=20, high=40)})


def test_a_condition_on_an_unknown_value_or_column_says_so(model: TabularModel) -> None:
    with pytest.raises(InputError, match=r"country.*XX"):
        drawn(model, 10, given={"country": Condition(("XX",))})
    with pytest.raises(InputError, match="nowhere"):
        drawn(model, 10, given={"nowhere": Condition(("x",))})
    with pytest.raises(InputError, match="generated"):
        drawn(model, 10, given={"email": Condition(("x",))})


# -------------------------------------------------------------------------------------------------------- model files


def test_a_saved_model_draws_the_same_rows(model: TabularModel, fake: pa.Table, tmp_path: Path) -> None:
    model.save(tmp_path / "orders.model")
    assert drawn(TabularEngine().load(tmp_path / "orders.model"), 20_000).equals(fake)


def test_a_model_file_holds_no_pickle_and_no_row(model: TabularModel, orders: pa.Table, tmp_path: Path) -> None:
    model.save(tmp_path / "m")
    with zipfile.ZipFile(tmp_path / "m") as archive:
        for name in archive.namelist():
            data = archive.read(name)
            assert name.endswith((".json", ".npy", ".arrow"))
            assert not name.endswith(".npy") or data.startswith(b"\x93NUMPY")
            assert b"@corp" not in data
            # No array is as long as the table: nothing is kept row by row.
            assert not name.endswith(".npy") or orders.num_rows not in np.lib.format.read_array(_file(data)).shape


def _file(data: bytes):  # type: ignore[no-untyped-def]
    import io

    return io.BytesIO(data)


def test_an_altered_model_file_is_refused(model: TabularModel, tmp_path: Path) -> None:
    model.save(tmp_path / "m")
    with zipfile.ZipFile(tmp_path / "m") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["tree.json"] = members["tree.json"].replace(b"price", b"prize")
    with zipfile.ZipFile(tmp_path / "m", "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(ModelFileError, match="altered"):
        TabularEngine().load(tmp_path / "m")


@pytest.mark.parametrize("content", [b"", b"hello", b"\x80\x04\x95"], ids=["empty", "text", "pickle"])
def test_a_foreign_file_is_no_model(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(ModelFileError, match="not a model file"):
        TabularEngine().load(tmp_path / "m")


# ------------------------------------------------------------------------------------------------------- odd tables


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"a": [1, 2]}),
        pa.table({"a": [5.0] * 50}),
        pa.table({"a": pa.nulls(50, pa.float64()), "b": list(range(50))}),
        pa.table({"a": pa.nulls(50), "b": ["x", "y"] * 25}),
        pa.table({"a": [float("nan"), float("inf"), -float("inf"), 1.0] * 20}),
        pa.table({"a": [True, False, None] * 20}),
        pa.table({"a": pa.array([0, 2**62, -(2**62)] * 20)}),
        pa.table({"a": pa.array(["2020-01-01", "9999-12-31", "0001-01-01"] * 20).cast(pa.date32())}),
        pa.table({"a": pa.array([10**15 + i for i in range(300)], pa.timestamp("us", "Europe/Rome"))}),
        pa.table({"a": pa.array([1, 2, 3] * 10, pa.int8()), "b": pa.array([1, 2, 3] * 10, pa.decimal128(9, 2))}),
        pa.table({"a": pa.array(["é", "", "💶", None] * 10)}),
    ],
    ids=[
        "two rows",
        "constant",
        "all missing",
        "null type",
        "not finite",
        "booleans",
        "large",
        "far dates",
        "zones",
        "narrow",
        "odd texts",
    ],
)
def test_odd_columns_are_drawn_with_their_type(table: pa.Table) -> None:
    made = drawn(fitted(table), 100)
    assert made.num_rows == 100
    assert made.column_names == table.column_names
    for name in table.column_names:
        kind = table.schema.field(name).type
        if pa.types.is_decimal(kind) or pa.types.is_null(kind):
            continue
        assert made[name].null_count <= 100
        got = made[name].type
        assert (got.value_type if pa.types.is_dictionary(got) else got) == kind


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pa.table({"a": [1]}), "too small"),
        (pa.table({"a": pa.array([], pa.int64())}), "too small"),
        (pa.Table.from_arrays([pa.array([1, 2]), pa.array([1, 2])], ["a", "a"]), "'a' occurs twice"),
        (pa.table({f"c{i}": [1, 2] for i in range(301)}), "at most 300"),
        (pa.table({"tags": [[1], [2]]}), "'tags'"),
        (pa.table({"raw": [b"x", b"y"]}), "'raw'"),
    ],
    ids=["one row", "no rows", "same name", "too wide", "nested", "bytes"],
)
def test_tables_that_cannot_be_learned_name_the_column(table: pa.Table, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fitted(table)
