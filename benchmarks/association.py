"""How often does a random map go with real genes by chance, at nominal 5 %?

Random maps in the real brain, its grey matter every 6 mm in strata, against the maps of
a fitted model and the values at its wells. Whatever is significant is false. Then maps
in which a gene is planted: without --path a gene's true map in the phantom, and whether
intervals of r hold the truth.

python benchmarks/association.py --path=DIR_OR_ZIP [--workdir=RUN] [--json=FILE]
"""

from __future__ import annotations

import functools
import time

import numpy as np
from lib.error_rates import rates, studies_of
from lib.planted import other_donors, true_level
from lib.planted_rows import Planting, planted_rows
from lib.random_maps import LEVELS, OTHERS, canvas_of, random_maps
from lib.settings import settings_of
from lib.study_files import study_flags, study_folder, write_table

import inr_jax
from inr_jax.maps.association_places import ground_of
from inr_jax.run import build
from inr_jax.run.association import Asked, labels_of, make_stage

EVERY, TINY_EVERY = 2, 4  # of the voxels of 3 mm
TINY = {"fit.steps": 2, "fit.members": 1, "field.hidden": 4, "field.depth": 1}
TINY |= {"phantom.n_wells": 300, "phantom.n_genes": 6}
KINDS = (*LEVELS, *OTHERS)
DONOR_SETS = 12  # other donors, whose mean r intervals are to hold


def main(arguments: list[str] | None = None) -> None:
    """Write a row a kind of map, a trend and a level, and print it."""
    more = {
        "workdir": (str, "", "of a run, whose model is taken"),
        "maps": (int, 1000, "random maps of a kind"),
        "nulls": (int, 400, "null maps of each"),
        "trends": (str, "auto,linear,quadratic", "removed, comma separated"),
        "kinds": (str, ",".join(KINDS), "of random maps, comma separated; or none"),
        "planted": (int, 500, "maps in which a gene is planted, for each r"),
        "at": (str, "voxel", "where the gene goes by r with such maps; or well"),
        "rest": (str, "gene", "of such maps, with commas; gene: as smooth as it is"),
        "refit": (str, "always", "never: no intervals of r"),
        "seed": (int, 77, "of random maps"),
    }
    flags = study_flags(__doc__, "association", **more).parse_args(arguments)
    c, every = settings_of(flags, TINY), EVERY
    if flags.tiny:
        flags.maps, flags.nulls, flags.trends, flags.planted = 4, 20, "linear", 2
        flags.kinds, every = ",".join(KINDS[:2]), TINY_EVERY
    samples, rows = build.load_source(c).samples, []
    model = inr_jax.load(flags.workdir) if flags.workdir else inr_jax.fit(samples, c)
    brain = build.make_phantom(c) if c.source.name == "phantom" else None
    truth_of = None if brain is None else functools.partial(true_level, brain)
    asked = Asked(refit=flags.refit if brain and flags.planted else "never")
    canvas, labels = canvas_of(every), labels_of(asked)
    scenery = make_stage(model, samples, canvas, asked, labels)
    candidates = scenery.candidates
    ground = ground_of(candidates, np.ones(len(candidates.x_mm), bool), "brain")
    index = candidates.ijk[ground.rows] - candidates.ijk[ground.rows].min(0)
    others = []
    if scenery.refits is not None and brain is not None:
        others = other_donors(c, brain, model, 2 if flags.tiny else DONOR_SETS)
    for trend in flags.trends.split(","):
        start = time.perf_counter()
        studies = studies_of(scenery, ground, trend, flags.nulls)
        levels, plans, _ = next(iter(studies.values()))
        print(f"tables {time.perf_counter() - start:.0f} s", flush=True)
        study = functools.partial(_rows, trend, ground, studies)
        for kind in filter(None, flags.kinds.split(",")):
            maps = random_maps(ground, index, kind, flags.maps, seed=flags.seed)
            rows += study(kind, maps)
        if flags.planted:
            planting = Planting(ground, index, levels, plans, scenery, others)
            rows += planted_rows(planting, truth_of, study, flags)
    keys = dict.fromkeys(key for row in rows for key in row)
    whole = [{key: row.get(key, "") for key in keys} for row in rows]
    write_table(flags, study_folder(flags), whole)


def _rows(trend: str, ground, studies, kind: str, maps) -> list[dict]:
    """A row a level, voxels last."""
    start, rows = time.perf_counter(), []
    for name, shares in rates(ground, studies, maps).items():
        rows.append({"kind": kind, "trend": trend, "level": name} | shares)
        print(rows[-1], f"{time.perf_counter() - start:.0f} s", flush=True)
    return rows


if __name__ == "__main__":
    main()
