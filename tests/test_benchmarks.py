"""Every benchmark runs at a tiny size, so that none rots."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.usefixtures("quick_compiling"), pytest.mark.slow]

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"
if not FOLDER.is_dir():
    pytest.skip("not in a clone", allow_module_level=True)
SCRIPTS = [(path.stem, []) for path in sorted(FOLDER.glob("*.py"))]


@pytest.mark.parametrize(("name", "more"), SCRIPTS)
def test_it_runs_and_writes_json(name, more, tmp_path, capsys, monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)  # as for a script: its own folder
    path = FOLDER / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(["--tiny", *more, f"--json={tmp_path / 'out.json'}"])
    assert json.loads((tmp_path / "out.json").read_text())
    assert capsys.readouterr().out
    assert len(path.read_text().splitlines()) < 100


def test_what_runs_on_a_bare_gpu_machine_needs_no_imaging_library():
    script = (
        "import sys\n"
        f"sys.path.insert(0, {str(FOLDER)!r})\n"
        "for name in 'nibabel nilearn pandas abagen scipy orbax matplotlib'.split():\n"
        "    sys.modules[name] = None\n"
        "import on_gpu"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
