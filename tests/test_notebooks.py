"""The notebooks run in an empty folder, and are kept without what they print."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "notebooks"
if not FOLDER.is_dir():
    pytest.skip("not in a clone", allow_module_level=True)
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
LIMIT_S = 300  # of a cell, on a busy machine


def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def test_there_are_four():
    assert len(NOTEBOOKS) == 4


@each
def test_it_opens_with_a_title_and_is_kept_without_outputs(path):
    first, *_ = cells(path)
    assert first["cell_type"] == "markdown" and first["source"][0].startswith("# ")
    for cell in cells(path):
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None


@pytest.mark.slow
@each
@pytest.mark.usefixtures("command_on_path")
def test_it_runs_in_an_empty_folder(path, tmp_path, monkeypatch):
    missing = "notebooks are run by nbclient and ipykernel (pip install '.[test]')"
    nbclient = pytest.importorskip("nbclient", reason=missing)
    pytest.importorskip("ipykernel", reason=missing)
    import nbformat

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    client = nbclient.NotebookClient(notebook, timeout=LIMIT_S, resources=resources)
    client.execute()
    told = [
        output.get("text", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.get("name") == "stderr"
    ]
    assert not any("Warning" in text for text in told), told
