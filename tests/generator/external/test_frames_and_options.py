"""What needs no library: frames, options, the names that requests use, and the check on what a worker answers."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings

from inferloop_synthetic import InputError
from inferloop_synthetic.engine import find_engine
from inferloop_synthetic.external.engines import CtganEngine, GaussianCopulaEngine, TvaeEngine
from inferloop_synthetic.external.frames import Frame, LevelColumn, as_columns, as_frame
from inferloop_synthetic.external.importing import understand
from inferloop_synthetic.external.requested import engine_for
from inferloop_synthetic.external.worker import WorkerError

MOMENTS = st.integers(-600_000_000, 2_500_000_000).map(
    lambda s: dt.datetime.fromtimestamp(s, dt.UTC).replace(tzinfo=None)
)
COLUMNS = {
    pa.int64(): st.integers(-(10**12), 10**12),
    pa.float64(): st.floats(-1e9, 1e9).map(lambda v: round(v, 3)),
    pa.date32(): MOMENTS.map(dt.datetime.date),
    pa.timestamp("s"): MOMENTS,
    pa.time32("s"): MOMENTS.map(dt.datetime.time),
    pa.decimal128(20, 2): st.integers(-(10**9), 10**9).map(lambda v: Decimal(v) / 100),
    pa.bool_(): st.booleans(),
    pa.string(): st.sampled_from(["a", "b", "ü", ""]),
}


@pytest.mark.parametrize("kind", COLUMNS, ids=str)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_column_comes_back_from_its_frame(kind: pa.DataType, data: st.DataObject) -> None:
    """Every value is thrice in the column, so that no value is an extreme or a rarity that is not shown."""
    values = data.draw(st.lists(st.one_of(st.none(), COLUMNS[kind]), min_size=2, max_size=30))
    column = pa.array(values * 3, kind)
    meanings, frame = as_frame(pa.table({"x": column}), [], 5, 1000, 0)
    assert all(np.isfinite(v).all() for v in frame.numbers.values())
    back = as_columns(meanings, frame, np.random.default_rng(0))["x"]
    flat = back.cast(back.type.value_type) if pa.types.is_dictionary(back.type) else back
    assert flat.to_pylist() == column.to_pylist()


def test_rare_categories_share_a_number_and_keep_their_shares() -> None:
    values = ["a"] * 500 + ["b"] * 300 + ["c"] * 90 + ["d"] * 60 + ["e"] * 48 + ["only one"] + ["only two"]
    meanings, frame = as_frame(pa.table({"x": values}), [], 5, 3, 0)
    assert set(frame.categories["c0"]) == {0, 1, 2}
    many = Frame(frame.order, {}, {"c0": np.repeat(frame.categories["c0"], 50)})
    back = as_columns(meanings, many, np.random.default_rng(1))["x"].cast(pa.string()).to_pylist()
    assert back.count("a") == 25_000
    # 200 rows of 1,000 are rare; c, d, e have 90, 60 and 48 of them. Six standard deviations are 290.
    assert abs(back.count("c") - 10_000 * 90 / 198) < 300
    assert abs(back.count("e") - 10_000 * 48 / 198) < 300
    assert "only one" not in back


def test_columns_in_fixed_combinations_are_one_category() -> None:
    table = pa.table(
        {"city": ["Rome", "Paris", "Rome", "Nice"] * 5, "country": ["IT", "FR", "IT", "FR"] * 5, "n": [1, 2, 3, 4] * 5}
    )
    meanings, frame = as_frame(table, [["city", "country"]], 2, 100, 0)
    assert any(isinstance(m, LevelColumn) and m.names == ("city", "country") for m in meanings)
    back = as_columns(meanings, frame, np.random.default_rng(0))
    pairs = set(zip(back["city"].to_pylist(), back["country"].to_pylist(), strict=True))
    assert pairs == {("Rome", "IT"), ("Paris", "FR"), ("Nice", "FR")}


def test_infinity_names_the_column() -> None:
    with pytest.raises(InputError, match="column 'x' holds infinity"):
        as_frame(pa.table({"x": [float(i) for i in range(50)] + [float("inf")]}), [], 5, 10, 0)


def test_a_million_categories_stay_bounded() -> None:
    table = pa.table({"x": pa.array([f"v{i // 4}" for i in range(400_000)])})
    meanings, frame = as_frame(table, [], 10, 200, 0)
    assert frame.categories["c0"].max() == 199
    assert isinstance(meanings[0], LevelColumn)
    assert len(meanings[0].levels[0]) == 100_000


class TestOptions:
    def test_an_unknown_option_names_those_there_are(self) -> None:
        with pytest.raises(InputError, match=r"engine ctgan: there is no option 'epoch'; there are .*epochs"):
            CtganEngine({"epoch": 3})

    def test_a_value_out_of_range_is_named(self) -> None:
        with pytest.raises(InputError, match=r"engine tvae: epochs: .*greater than or equal to 1"):
            TvaeEngine({"epochs": 0})
        with pytest.raises(InputError, match="default_distribution"):
            GaussianCopulaEngine({"default_distribution": "gaussian_kde"})

    def test_a_batch_that_cannot_be_packed_is_refused(self) -> None:
        with pytest.raises(InputError, match="batch_size 502 must be even and a multiple of pac 10"):
            CtganEngine({"batch_size": 502})

    def test_options_reach_an_engine_by_name(self) -> None:
        engine = find_engine("ctgan", {"epochs": 7})
        assert isinstance(engine, CtganEngine)
        assert engine.options.for_library()["epochs"] == 7
        with pytest.raises(InputError, match="engine tabular takes no options, so epochs cannot be set"):
            find_engine("tabular", {"epochs": 7})


class TestGeneratorTypes:
    @pytest.mark.parametrize(
        ("kind", "model", "engine"),
        [
            ("sdv", None, "gaussian-copula"), ("sdv", "gaussian_copula", "gaussian-copula"), ("sdv", "copula_gan", "copulagan"),
            ("sdv", "tvae", "tvae"), ("sdv", "ctgan", "ctgan"), ("ctgan", None, "ctgan"), ("ctgan", "tvae", "tvae"),
        ],
    )  # fmt: skip
    def test_each_means_an_installed_engine(self, kind: str, model: str | None, engine: str) -> None:
        assert engine_for(kind, model) == engine
        assert find_engine(engine).name == engine

    def test_ydata_names_the_engine_that_replaces_it(self) -> None:
        with pytest.raises(InputError, match=r"'ydata' is not offered: .*'ctgan'.*'tabular'"):
            engine_for("ydata")

    def test_an_unknown_type_or_model_names_the_known_ones(self) -> None:
        with pytest.raises(InputError, match="no generator_type 'gpt'; known are sdv, ctgan, ydata"):
            engine_for("gpt")
        with pytest.raises(InputError, match="'ctgan' has no model_type 'par'; it has ctgan, tvae"):
            engine_for("ctgan", "par")


def copula_answer() -> tuple[dict[str, object], dict[str, np.ndarray]]:  # type: ignore[type-arg]
    """A worker's answer for two columns: one normal of mean 5 and spread 2, one category of three quarters."""
    knots = np.linspace(-6, 6, 4097)
    normal = np.random.default_rng(0).standard_normal((400, 2))
    from scipy.special import ndtr

    arrays = {
        "correlation": np.eye(2), "knots": knots, "tables": np.array([5 + 2 * knots, ndtr(knots)]),
        "level1": np.array([4, 2]), "edge1": np.array([0.75, 1.0]), "probe_input": normal,
        "probe_values": np.column_stack([5 + 2 * normal[:, 0], np.where(ndtr(normal[:, 1]) <= 0.75, 4, 2)]),
    }  # fmt: skip
    columns = [{"name": "n0", "discrete": False}, {"name": "c1", "discrete": True}]
    return {"columns": columns, "distributions": {"n0": "norm"}, "versions": {"sdv": "2.0.0"}}, arrays


def test_an_answer_that_gives_the_librarys_values_is_understood() -> None:
    learned = understand(*copula_answer())
    drawn = learned.draw(100_000, np.random.default_rng(1))
    assert abs(drawn.numbers["n0"].mean() - 5) < 0.05
    assert abs((drawn.categories["c1"] == 4).mean() - 0.75) < 0.01


@pytest.mark.parametrize("change", ["tables", "edge1", "level1"])
def test_an_answer_that_gives_other_values_is_refused(change: str) -> None:
    header, arrays = copula_answer()
    arrays[change] = arrays[change] * 0.9 if change != "level1" else arrays[change][::-1]
    with pytest.raises(WorkerError, match=r"sdv 2\.0\.0 learned gives other values"):
        understand(header, arrays)
