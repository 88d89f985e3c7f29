"""What do more genes cost, in time and memory, up to a whole transcriptome?

Each count in a process of its own: random targets of low rank at the atlas's 3,702
wells through the default recipe; some steps of the fit (the rest extrapolated), then
2 mm maps streamed to disk until the limit (the rest extrapolated).

python benchmarks/scale_genes.py [--genes=100,1000,15633] [--steps=100]
    [--limit-gb=4] [--folder=DIR] [--json=FILE]
"""

from __future__ import annotations

import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from lib.machine import about, flags_of, write
from lib.samples import samples_of

from inr_jax.brain import template
from inr_jax.fields.inputs import make_places
from inr_jax.fitting import fit, fitted_data, recipe
from inr_jax.maps import gene_batches
from inr_jax.maps import write as maps
from inr_jax.run import build, config

TINY = ["--tiny", "--steps=2", "--limit-gb=1"]


def child(genes: int, steps: int, limit_gb: float, folder: str, tiny: bool) -> dict:
    """All stages of one count; peaks are of the process so far, GB."""
    found, clock = {"genes": genes}, [time.perf_counter()]

    def note(stage: str) -> float:
        clock.append(time.perf_counter())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        found.update({f"{stage}_s": clock[-1] - clock[-2], f"{stage}_peak_gb": peak})
        return clock[-1] - clock[-2]

    c = config.default()
    samples, plan = samples_of(genes, tiny), build.make_recipe(c, genes)
    note("samples")
    preprocessing = recipe.make_preprocessing(plan, samples)
    data = fitted_data.make_data(plan, preprocessing, samples)
    note("targets")
    state = recipe.first_state(plan)
    state, info = fit.fit(plan.trainer, state, data, steps=steps, chunk=steps)
    note("fit")
    found["fit_all_steps_s_extrapolated"] = info.seconds / steps * plan.steps
    model = recipe.make_model(preprocessing, state)
    mask_grid = template.brain_mask(2 + tiny)
    del samples, data, state
    canvas = maps.Canvas(*mask_grid, template.SPACE, "zero")
    x_mm = canvas.grid.points_mm(canvas.mask).astype(np.float32)
    slab = make_places(x_mm, template.tissue_at(x_mm))
    size = gene_batches.block_size(len(x_mm), genes)
    count = max(1, int(limit_gb * 1e9 / (size * len(x_mm) * 8)))
    some = gene_batches.rendered(
        plan.renderer, model, lambda: [slab], voxels=len(x_mm), size=size
    )
    sidecars = [{"Desc": f"G{gene}"} for gene in range(genes)]
    some = itertools.islice(some, count)
    maps.write_blocks(Path(folder), canvas, sidecars, some, std_sidecar={})
    written, took = min(genes, count * size), note("render")
    on_disk = sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e9
    found |= {"maps_of": written, "render_ms_a_gene": 1e3 * took / written}
    found["render_all_s_extrapolated"] = took / written * genes
    return found | {"gb": on_disk, "gb_all_extrapolated": on_disk / written * genes}


def main(arguments: list[str] | None = None) -> None:
    """Print a line a count."""
    more = {"genes": (str, "100,1000,15633", "counts"), "steps": (int, 100, "measured")}
    more |= {"limit-gb": (float, 4.0, "of values"), "folder": (str, None, "for maps")}
    flags = flags_of(__doc__, **more, child=(int, 0, "")).parse_args(arguments)
    if flags.child:
        of = (flags.steps, flags.limit_gb, flags.folder, flags.tiny)
        return print(json.dumps(child(flags.child, *of)))
    print(about())
    rows, sizes = [], [f"--steps={flags.steps}", f"--limit-gb={flags.limit_gb}"]
    for genes in ["5"] if flags.tiny else flags.genes.split(","):
        with tempfile.TemporaryDirectory(dir=flags.folder) as folder:
            call = [sys.executable, __file__, f"--child={genes}", f"--folder={folder}"]
            call += TINY if flags.tiny else sizes
            run = subprocess.run(call, check=True, capture_output=True, text=True)
        rows.append(json.loads(run.stdout.splitlines()[-1]))
        print(", ".join(f"{k} {v:.4g}" for k, v in rows[-1].items()), flush=True)
    write(flags.json, {"rows": rows})


if __name__ == "__main__":
    main()
