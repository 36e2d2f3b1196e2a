"""The quickstart notebook runs from top to bottom in a kernel of its own."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = "docs/generator/quickstart.ipynb"


@pytest.fixture
def run(repository: Path, tmp_path: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(repository / NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    return notebook


def test_it_shows_rows_a_report_and_rows_that_hold_a_condition(run: nbformat.NotebookNode) -> None:
    rows, report, condition = (cell.outputs[-1]["data"] for cell in run.cells if cell.cell_type == "code")
    assert {"mean radius", "target"} <= set(rows["text/html"].replace("<th>", "\n").replace("</th>", "\n").splitlines())
    assert report["text/html"].startswith("<iframe sandbox srcdoc=")
    assert "Content-Security-Policy" in report["text/html"]
    assert report["text/plain"].startswith("Report(")
    assert 11 < float(condition["text/plain"].removeprefix("np.float64(").removesuffix(")")) < 13.5


def test_it_is_kept_without_outputs_and_begins_with_ten_lines(repository: Path) -> None:
    cells = [cell for cell in nbformat.read(repository / NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)
    assert len([line for line in cells[0].source.splitlines() if line.strip()]) <= 10
