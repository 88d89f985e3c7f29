"""The house's laws, read off its imports: ranks, light numerics, nothing at import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "inr_jax"
# A module imports modules of lower rank alone.
RANKS = {
    0: "__init__ errors space encodings numerics batching scores leftover mixed_model "
    "candidates sharding user_file",
    1: "interrupt products devices config_checks sample_checks standardise inputs "
    "genes fields.field files planes wells labels parts",
    2: "config samples effects fields.layers nifti conformal png label_image",
    3: "fields.siren fields.wire fields.wire2d fields.gauss fields.mfn fields.relu "
    "fields.oinr template conditioning.conditioning baselines sources anatomy "
    "ceiling config_sweep nested folds calibration_file voxel_errors",
    4: "fields conditioning.heads conditioning.independent conditioning.concat "
    "conditioning.low_rank kept sweep_table conditioning.anatomy evaluate "
    "anatomy_baselines crosswalk phantom sources.archive sources.frame coverage",
    5: "conditioning sources.allen_metadata report outside",
    6: "fitdata optimizer sources.allen_export sources.table figures studies "
    "study_files",
    7: "fit render figures_sweep figures_studies figure_errors",
    8: "recipe blocks",
    9: "maps checkpoint build workdir progress side_by_side pace",
    10: "provenance seen stage_crosswalk",
    11: "results stage_sweep_fits stage_fit stage_anatomy",
    12: "api stage_sweep stage_uncertainty",
    13: "stage_evaluate stage_render",
    14: "pipeline",
    15: "command",
    17: "cli",
}
ATLAS_RANKS = {
    0: "abagen_bridge config_atlas config_parts",
    1: "atlas atlas.options atlas.probes",
    2: "atlas.folders",
    3: "atlas.tables",
    4: "atlas.coordinates atlas.interpolate",
    5: "atlas.preprocess",
    6: "atlas.cached atlas.fetch",
    7: "atlas.why atlas.regions",
    8: "atlas.compare atlas.methods sources.ahba",
    12: "stage_compare",
    16: "atlas_verbs",
}
RANK = {
    name: rank
    for table in (RANKS, ATLAS_RANKS)
    for rank, names in table.items()
    for name in names.split()
}
NUMERICAL = (
    "space samples fields conditioning inputs fitdata fit render batching effects "
    "leftover anatomy products mixed_model"
)
LIGHT = {"jax", "flax", "optax", "numpy", "inr_jax", "__future__"} | set(
    sys.stdlib_module_names
)
CONFIG_READERS = {
    "config",
    "build",
    "pipeline",
    "command",
    "cli",
    "provenance",
    "results",
    "atlas_verbs",
    "config_parts",
    "config_sweep",
    "config_checks",
    "config_atlas",
}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__") or "__init__"


MODULES = {name_of(path): path for path in sorted(ROOT.rglob("*.py"))}


def imports(path: Path) -> set[str]:
    """Full names of the modules that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                ours = inner.removeprefix("inr_jax.")
                found.add(inner if ours in MODULES else node.module)
    return found


def test_every_module_has_a_rank_and_every_rank_a_module():
    assert set(RANK) == set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_lower_ranks_alone(name):
    ours = {full for full in imports(MODULES[name]) if full.split(".")[0] == "inr_jax"}
    for full in ours:
        other = full.removeprefix("inr_jax").lstrip(".") or "__init__"
        assert RANK[other] < RANK[name], f"{name} imports {other}"


@pytest.mark.parametrize("name", MODULES)
def test_only_the_composers_read_a_config(name):
    reads = any(full.startswith("ml_collections") for full in imports(MODULES[name]))
    assert not reads or name in CONFIG_READERS or name.startswith("stage_")


@pytest.mark.parametrize("name", MODULES)
def test_modules_and_functions_keep_their_size(name):
    text = MODULES[name].read_text()
    assert len(text.splitlines()) <= 250
    for node in ast.walk(ast.parse(text)):
        # The default config is one annotated list, not a computation.
        if isinstance(node, ast.FunctionDef) and (name, node.name) != (
            "config",
            "default",
        ):
            code = node.end_lineno - node.body[0].lineno + 1
            docstring = ast.get_docstring(node, clean=False)
            code -= len(docstring.splitlines()) if docstring else 0
            assert code <= 40, f"{node.name}: {code} lines"


def test_numerical_modules_import_nothing_heavy():
    for name, path in MODULES.items():
        if name.split(".")[0] in NUMERICAL.split():
            tops = {full.split(".")[0] for full in imports(path)}
            assert tops <= LIGHT, f"{name} imports {tops - LIGHT}"


def test_importing_starts_no_backend_and_loads_nothing_heavy():
    code = (
        "import sys, inr_jax, inr_jax.cli, inr_jax.fit, inr_jax.render\n"
        "from jax._src import xla_bridge\n"
        "assert not xla_bridge._backends, 'a JAX backend was started'\n"
        "heavy = {'nilearn', 'sklearn', 'pandas', 'matplotlib', 'abagen', 'nibabel'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_the_command_line_answers_without_jax():
    code = "import sys, inr_jax.cli; assert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
