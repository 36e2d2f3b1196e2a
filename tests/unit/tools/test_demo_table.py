"""The real table of the demonstration."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def demo_table() -> ModuleType:
    """The tool as a module."""
    found = importlib.util.spec_from_file_location("demo_table", ROOT / "tools" / "demo_table.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_the_table_has_numbers_and_categories_and_is_there_whole(demo_table: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "demo" / "real.csv"
    assert demo_table.write_table(path) == 53_940
    with path.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 53_940
    assert rows[0]["cut"] == "Ideal"
    assert float(rows[0]["carat"]) == pytest.approx(0.23)
    assert "rownames" not in rows[0]


def test_an_interrupted_run_leaves_no_file(
    demo_table: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(self: object, path: Path, **_: object) -> None:
        path.write_text("carat\n0.2")
        raise KeyboardInterrupt

    monkeypatch.setattr("pandas.DataFrame.to_csv", half)
    with pytest.raises(KeyboardInterrupt):
        demo_table.write_table(tmp_path / "real.csv")
    assert list(tmp_path.iterdir()) == []
