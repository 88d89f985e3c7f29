"""What do null maps of a map cost, for 100 genes and for a transcriptome?

The fields of null maps are drawn for real, at 100 of them, and the rest is in
proportion; weights of genes are random, as the cost does not depend on them.

python benchmarks/association_cost.py [--genes=15633] [--resolution_mm=2] [--json=FILE]
"""

from __future__ import annotations

import json
import resource
import time

import numpy as np
from lib.machine import flags_of

from inr_jax.files import write_text
from inr_jax.maps.association import (
    NullMaps,
    correlate,
    field_nulls,
    run_nulls,
    voxel_level,
    well_level,
)
from inr_jax.maps.association_nulls import fit_null_model
from inr_jax.maps.association_places import find_candidates, ground_of, wells_of
from inr_jax.maps.canvas import make_canvas
from inr_jax.run import config as settings
from inr_jax.run.build import load_source

WIDTH = 385  # R of the default: six networks of 64, and a constant


def main(arguments: list[str] | None = None) -> None:
    """Time every stage, and print them with the peak of memory."""
    more = {
        "genes": (int, 15633, "G"),
        "nulls": (int, 100, "null maps that are drawn"),
        "of": (int, 1000, "null maps that the cost is said of"),
        "resolution_mm": (int, 2, "of the brain"),
    }
    flags = flags_of(__doc__, **more).parse_args(arguments)
    c, seconds, cpu = settings.default(), {}, {}
    start, busy = time.perf_counter(), time.process_time()
    if flags.tiny:
        flags.genes, flags.nulls, flags.resolution_mm = 50, 4, 3
        c.update_from_flattened_dict({"phantom.n_wells": 300, "phantom.n_genes": 4})

    def done(stage: str) -> None:
        nonlocal start
        nonlocal busy
        seconds[stage], cpu[stage] = (
            time.perf_counter() - start,
            time.process_time() - busy,
        )
        start, busy = time.perf_counter(), time.process_time()

    rng, samples = np.random.default_rng(0), load_source(c).samples
    candidates = find_candidates(
        make_canvas("", flags.resolution_mm), samples, mirror=True
    )
    ground = ground_of(candidates, np.ones(len(candidates.x_mm), bool), "brain")
    done("places_s")
    wave = rng.standard_normal((3, WIDTH)) / 30
    features = np.sin(ground.nodes.x_mm @ wave).astype(np.float32)
    weights = rng.standard_normal((flags.genes, WIDTH)).astype(np.float32)
    wells = wells_of(ground.nodes, samples)
    rows = samples.take(wells.rows)
    values = rng.standard_normal((len(wells.rows), flags.genes), np.float32)
    y = features[:, 0] + rng.standard_normal(len(features))
    start, busy = time.perf_counter(), time.process_time()
    levels = {"voxel": voxel_level(ground, features, weights, "linear")}
    well = well_level(wells, values, rows.donor, "linear")
    levels |= {"well": well} if well else {}
    done("levels_s")
    model = fit_null_model(ground, y, trend="linear", seed=0, where="map")
    done("variograms_s")
    nulls = NullMaps(field_nulls(ground.nodes, model.covariances, 0), flags.nulls)
    run_nulls(nulls, levels, correlate(levels, y))
    done("nulls_s")
    more_nulls = flags.of / flags.nulls - 1
    whole, busy = (sum(t.values()) + t["nulls_s"] * more_nulls for t in (seconds, cpu))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    table = {k: round(v, 2) for k, v in seconds.items()}
    table |= {"extrapolated": round(whole, 1), "cpu_extrapolated": round(busy, 1)}
    table |= {"peak_gb": round(peak, 2)}
    table |= {"voxels": len(y), "wells": len(wells.rows), "nulls": flags.nulls}
    mm, of = flags.resolution_mm, flags.of
    print(f"{flags.genes} genes at {mm} mm, {of} null maps: {table}")
    if flags.json:
        write_text(flags.json, json.dumps(table, indent=2))


if __name__ == "__main__":
    main()
