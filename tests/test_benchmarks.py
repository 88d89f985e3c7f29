"""Every benchmark runs at a tiny size, so that none rots."""

from __future__ import annotations

import importlib.util
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.usefixtures("quick_compiling"), pytest.mark.slow]

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"
if not FOLDER.is_dir():
    pytest.skip("not in a clone", allow_module_level=True)
SCRIPTS = [path.stem for path in sorted(FOLDER.glob("*.py"))]

# Keys of numbers -> their least and largest value; all other numbers are finite.
LEAST, MOST = math.ulp(0.0), sys.float_info.max
RANGES = {
    r"r|rho|own_sign|score|r_.*": (-1, 1),
    r"r2|EM|likelihood": (-MOST, 1),
    r"coverage|chance|least_and_most_of_a_gene|donors|truth": (0, 1),
    r"naive|gene|counted|tail|family|any_q|sets|covered_.*|special.*|p_.*": (0, 1),
    r"mse|mean_width|distance_mm|ours|naive_vmap|jax_loop|ratio": (LEAST, MOST),
    r"flops|rate|copy|b?float\d+.*|of_.*|fraction.*|[12]mm": (LEAST, MOST),
    r"gb|.*(_s|_ms|_gb|_gene|_1mm|seconds|extrapolated)": (LEAST, MOST),
    r"(import|first_step|compile|step)_.*": (LEAST, MOST),
    r"genes|folds|maps_of": (1, 6),
}
# What a benchmark is for: without these numbers it has measured nothing.
MEASURED = {
    "association_cost": {"levels_s", "variograms_s", "nulls_s", "peak_gb"},
    "association_paper": {"r_abagen", "r_ours", "r_region", "p_region"},
    "association": {"naive", "counted", "tail", "family", "sets"},
    "adapt": {"wells", "r", "r2"},
    "adapt_steps": {"r", "r2"},
    "averaged_phantom": {"values", "r", "r2"},
    "blup_targets": {"wells", "likelihood", "EM"},
    "conditioning": {"r", "r2", "parameters", "difference", "half_interval"},
    "compile_and_start": {"import_cli", "first_step_cold", "compile_cold"},
    "coverage": {"coverage", "mean_width"},
    "fit_genes": {"ours_ms", "ours_bfloat16_ms", "naive_vmap_ms", "jax_loop_ms"},
    "gene_order": {"rho", "own_sign", "chance"},
    "maps_on_disk": {"gene_ms", "voxel_ms", "isal_ms", "zlib_runs_ms"},
    "mixtures": {"r", "r2", "seconds"},
    "new_donor": {"wells", "r", "r2", "difference", "half_interval"},
    "noise_robustness": {"r", "r2", "mse"},
    "on_gpu": {"ours_ms", "rate", "of_roofline"},
    "region_intervals": {"donors", "truth", "sd"},
    "render_grid": {"ours", "flops", "fraction_of_matmul_peak"},
    "roofline": {"copy", "flops"},
    "scale_genes": {"fit_s", "fit_peak_gb", "render_s", "render_peak_gb", "gb"},
    "spatial_blocks": {"r", "r2", "mse", "distance_mm"},
    "supports": {"r", "r2"},
    "transcriptome": {"cpu_seconds", "peak_gb", "store_gb", "inr_r"},
    "time_to_score": {"paper_s", "score", "seconds", "r"},
    "unseen": {"r", "r2", "difference", "half_interval"},
    "verbs": {"report_s", "regions_s"},
}


def numbers(tree, key=""):
    """Every number of a JSON tree, with the key that it stands under."""
    if isinstance(tree, dict):
        for name, branch in tree.items():
            yield from numbers(branch, name)
    elif isinstance(tree, list):
        for branch in tree:
            yield from numbers(branch, key)
    elif isinstance(tree, int | float):
        yield key, tree


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_measures_what_it_is_for(name, tmp_path, capsys, monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)  # as for a script: its own folder
    path = FOLDER / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(["--tiny", f"--json={tmp_path / 'out.json'}"])
    tree = json.loads((tmp_path / "out.json").read_text())
    measured = list(numbers(tree))
    assert MEASURED[name] <= {key for key, _ in measured}
    for key, number in measured:
        assert math.isfinite(number), (key, number)
        for pattern, (least, largest) in RANGES.items():
            if re.fullmatch(pattern, key):
                assert least <= number <= largest, (key, number)
    for losses in (case["losses"] for case in tree["cases"]) if "cases" in tree else ():
        # One network in the same arithmetic, but bfloat16 with 8 bits of mantissa.
        for way, loss in losses.items():
            near = 2**-8 if "bfloat16" in way else 1e-4
            assert loss == pytest.approx(losses["ours"], rel=near), way
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
