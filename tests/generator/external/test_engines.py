"""SDV's and CTGAN's engines, with the real libraries in their own environment."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scipy import stats

from inferloop_synthetic import Condition, ConstraintError, InputError, ModelFileError
from inferloop_synthetic.detect import detect_schema
from inferloop_synthetic.external import model as external_model
from inferloop_synthetic.external import worker
from inferloop_synthetic.external.engines import EXTERNAL_ENGINES, ExternalEngine
from inferloop_synthetic.external.frames import as_frame
from inferloop_synthetic.external.importing import understand
from inferloop_synthetic.external.model import ExternalModel
from inferloop_synthetic.external.worker import WorkerPlace
from inferloop_synthetic.schema import Formula, Inequality, TableSchema
from inferloop_synthetic.tabular.engine import TabularEngine

# On one worker of pytest-xdist: each would let all engines learn for itself.
pytestmark = pytest.mark.xdist_group("engines")
ENGINES = list(EXTERNAL_ENGINES)
QUICK = {"epochs": 2, "batch_size": 100}


def schema_of(people: pa.Table) -> TableSchema:
    rules = [
        Inequality(type="inequality", left="started", right="ended"),
        Formula(type="formula", column="heads", expression="children + 2"),
    ]
    return detect_schema(people).model_copy(update={"constraints": rules})


def engine(name: str, place: WorkerPlace | None) -> ExternalEngine:
    return EXTERNAL_ENGINES[name]({} if name == "gaussian-copula" else QUICK, place=place)


@pytest.fixture(scope="session")
def models(people: pa.Table, place: WorkerPlace) -> dict[str, ExternalModel]:
    return {name: engine(name, place).fit(people, schema_of(people), seed=4) for name in ENGINES}


def table(model: ExternalModel, rows: int, seed: int, shard: int = 0, **more: object) -> pa.Table:
    return pa.Table.from_batches(model.sample(rows, seed, shard, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ENGINES)
class TestEveryEngine:
    def test_rows_have_the_columns_and_types_of_the_table(
        self, name: str, models: dict[str, ExternalModel], people: pa.Table
    ) -> None:
        drawn = table(models[name], 500, 1)
        assert drawn.column_names == people.column_names
        for field in people.schema:
            kind = drawn.schema.field(field.name).type
            assert (kind.value_type if pa.types.is_dictionary(kind) else kind) == field.type, field.name

    def test_identifiers_are_unique_over_shards_and_personal_data_are_made_up(
        self, name: str, models: dict[str, ExternalModel], people: pa.Table
    ) -> None:
        both = pa.concat_tables([table(models[name], 300, 1, shard, first_row=300 * shard) for shard in (0, 1)])
        assert sorted(both["person"].to_pylist()) == list(range(100, 700))
        assert not set(both["email"].to_pylist()) & set(people["email"].to_pylist())

    def test_constraints_hold_in_every_row(self, name: str, models: dict[str, ExternalModel]) -> None:
        drawn = table(models[name], 3000, 2)
        assert pc.all(pc.less_equal(drawn["started"], drawn["ended"])).as_py()
        assert drawn["heads"].to_pylist() == [c + 2 for c in drawn["children"].to_pylist()]

    def test_the_same_shard_repeats_and_no_two_shards_coincide(
        self, name: str, models: dict[str, ExternalModel]
    ) -> None:
        learned = ["level", "income", "bonus", "started", "seen", "member"]
        shards = [table(models[name], 400, 9, shard).select(learned) for shard in range(6)]
        assert shards[3].equals(table(models[name], 400, 9, 3).select(learned))
        incomes = [set(zip(*(s[n].to_pylist() for n in ("income", "started", "seen")), strict=True)) for s in shards]
        for first in range(6):
            for second in range(first):
                # Incomes have two decimals and times of day seconds: rows meet only if the random streams do.
                assert len(incomes[first] & incomes[second]) < 4, (first, second)

    def test_a_saved_model_draws_the_same_rows_where_no_library_is(
        self, name: str, models: dict[str, ExternalModel], tmp_path: Path
    ) -> None:
        models[name].save(tmp_path / "model")
        loaded = EXTERNAL_ENGINES[name](place=WorkerPlace("/nowhere/python")).load(tmp_path / "model")
        assert table(loaded, 700, 5, 2).equals(table(models[name], 700, 5, 2))
        assert loaded.notes == models[name].notes
        assert not {"torch", "sdv", "ctgan"} & set(sys.modules)

    def test_a_model_file_holds_only_json_and_plain_arrays(
        self, name: str, models: dict[str, ExternalModel], tmp_path: Path
    ) -> None:
        models[name].save(tmp_path / "model")
        with zipfile.ZipFile(tmp_path / "model") as archive:
            for member in archive.namelist():
                data = archive.read(member)
                assert member.endswith((".json", ".npy", ".arrow")), member
                if member.endswith(".npy"):
                    np.lib.format.read_array(__import__("io").BytesIO(data), allow_pickle=False)

    def test_altered_and_foreign_files_are_refused(
        self, name: str, models: dict[str, ExternalModel], people: pa.Table, tmp_path: Path
    ) -> None:
        path = tmp_path / "model"
        models[name].save(path)
        with zipfile.ZipFile(path) as archive:
            members = {n: archive.read(n) for n in archive.namelist()}
        members["tree.json"] = members["tree.json"].replace(b"income", b"outcom", 1)
        with zipfile.ZipFile(path, "w") as archive:
            for member, data in members.items():
                archive.writestr(member, data)
        with pytest.raises(ModelFileError, match="altered"):
            EXTERNAL_ENGINES[name]().load(path)
        TabularEngine().fit(people, detect_schema(people)).save(path)
        with pytest.raises(ModelFileError, match="not a model"):
            EXTERNAL_ENGINES[name]().load(path)
        other = ENGINES[ENGINES.index(name) - 1]
        models[other].save(path)
        with pytest.raises(ModelFileError, match=f"not a model of engine {name}, but of engine {other}"):
            EXTERNAL_ENGINES[name]().load(path)

    def test_conditions_hold_in_every_row(self, name: str, models: dict[str, ExternalModel], people: pa.Table) -> None:
        low = float(np.quantile(people["income"].to_numpy(), 0.3))
        drawn = table(models[name], 200, 3, given={"level": Condition(("low", "high")), "income": Condition(low=low)})
        assert drawn.num_rows == 200
        assert set(drawn["level"].to_pylist()) <= {"low", "high"}
        assert pc.min(drawn["income"]).as_py() >= low

    def test_an_impossible_condition_says_so(
        self, name: str, models: dict[str, ExternalModel], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(external_model, "MOST_IN_VAIN", 20_000)
        with pytest.raises(InputError, match="'level' has no value purple"):
            table(models[name], 10, 3, given={"level": Condition(("purple",))})
        with pytest.raises(InputError, match="'email' is generated"):
            table(models[name], 10, 3, given={"email": Condition(("a@b.c",))})
        with pytest.raises(ConstraintError, match="a condition on income"):
            table(models[name], 10, 3, given={"income": Condition(low=1e12)})


@pytest.mark.parametrize("name", ["gaussian-copula", "ctgan", "tvae"])
def test_rows_are_distributed_as_those_that_the_library_draws(
    name: str, people: pa.Table, engine_python: str, tmp_path: Path
) -> None:
    """Per column a Kolmogorov-Smirnov or chi-squared test; all 10 together fail by chance in one of 10,000 runs."""
    options = engine(name, None).options
    data = people.select(["level", "income", "bonus", "children", "started", "member"])
    _, frame = as_frame(data, [], options.discrete_up_to, options.most_categories, 0)
    request = {
        "engine": name, "seed": 6, "order": frame.order, "numbers": list(frame.numbers), "categories": list(frame.categories),
        "options": options.for_library(),
    }  # fmt: skip
    arrays = {**frame.numbers, **frame.categories}
    np.savez(tmp_path / "frame.npz", **arrays)
    folder = Path(worker.__file__).parent
    program = Path(__file__).with_name("library_draws.py")
    rows = 20_000
    command = [engine_python, str(program), str(folder), json.dumps(request), str(tmp_path / "frame.npz"), str(rows)]
    subprocess.run([*command, str(tmp_path)], check=True, capture_output=True)
    with np.load(tmp_path / "answer.npz") as answer:
        learned = understand(json.loads((tmp_path / "answer.json").read_text()), dict(answer))
    ours = learned.draw(-(-rows // learned.block), np.random.default_rng(8))
    with np.load(tmp_path / "drawn.npz") as theirs:
        for column in frame.numbers:
            low, high = frame.numbers[column].min(), frame.numbers[column].max()
            # SDV keeps to the range of the data, which this package does when it makes the table's columns.
            values = [np.clip(v, low, high) for v in (ours.numbers[column], theirs[column])]
            assert stats.ks_2samp(*values).pvalue > 1e-5, column
        for column in frame.categories:
            size = int(frame.categories[column].max()) + 1
            counts = np.array([np.bincount(v, minlength=size) for v in (ours.categories[column], theirs[column])])
            assert stats.chi2_contingency(counts[:, counts.sum(0) > 0] + 0.5).pvalue > 1e-5, column


def test_the_copula_keeps_what_depends_on_what(models: dict[str, ExternalModel], people: pa.Table) -> None:
    drawn = table(models["gaussian-copula"], 5000, 1)
    for rows in (people, drawn):
        high, low = (
            pc.mean(rows.filter(pc.equal(rows["level"].cast(pa.string()), v))["income"]).as_py()
            for v in ("high", "low")
        )
        assert high > 1.3 * low
    assert abs(drawn["bonus"].null_count / 5000 - people["bonus"].null_count / 1500) < 0.05


def test_two_processes_that_load_one_model_draw_different_shards(
    models: dict[str, ExternalModel], tmp_path: Path
) -> None:
    """SDV alone gives both processes the same rows: it seeds a model's first sample with a constant."""
    for name, model in models.items():
        model.save(tmp_path / name)
    program = (
        "import json, sys; from pathlib import Path; from inferloop_synthetic.external.engines import EXTERNAL_ENGINES\n"
        "models = {n: e().load(Path(sys.argv[1], n)) for n, e in EXTERNAL_ENGINES.items()}\n"
        "drawn = {n: [b.column('income').to_pylist() for b in m.sample(50, 1, int(sys.argv[2]))] for n, m in models.items()}\n"
        "print(json.dumps(drawn))"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    first, second, again = (
        json.loads(subprocess.run([*command, s], check=True, capture_output=True).stdout) for s in ("0", "1", "0")
    )
    for name in ENGINES:
        assert first[name] == again[name]
        assert first[name] != second[name]


def test_the_same_seed_learns_the_same_model(
    models: dict[str, ExternalModel], people: pa.Table, place: WorkerPlace, tmp_path: Path
) -> None:
    models["ctgan"].save(tmp_path / "one")
    engine("ctgan", place).fit(people, schema_of(people), seed=4).save(tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
