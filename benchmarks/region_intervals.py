"""How often do 90 % intervals of a region's mean hold it: held-out donors', the truth?

Phantoms whose wells' coordinates are wrong by so many mm along each axis are fitted,
evaluated and averaged over regions as a run does it. `donors`: means over a held-out
donor's wells in a region, with their noise. `truth`: the true mean over the region's
voxels.

python benchmarks/region_intervals.py [--wells=700] [--genes=6] [--steps=200]
"""

from __future__ import annotations

import tempfile

import numpy as np
from lib.machine import flags_of, write

import inr_jax
from inr_jax import cli
from inr_jax.brain.atlas import DESIKAN_KILLIANY
from inr_jax.brain.template import tissue_at
from inr_jax.maps.canvas import make_canvas
from inr_jax.run import build
from inr_jax.run import config as settings
from inr_jax.run.atlases import read_atlases
from inr_jax.run.region_report import regions_on
from inr_jax.samples.phantom import truth
from inr_jax.stats.conformal import NORMAL_90

ERRORS_MM = (0.0, 3.0)


def measured(folder: str, resolution_mm: int) -> dict[str, float]:
    """Coverage of a run's regions, from its folder."""
    model = inr_jax.load(folder)
    tables = model.regions(resolution_mm=resolution_mm)
    (labels,) = read_atlases(DESIKAN_KILLIANY, "").values()
    regions = regions_on(labels, make_canvas("", resolution_mm))
    brain = build.make_phantom(settings.from_json(model.config))
    true = truth(brain, regions.x_mm, tissue_at(regions.x_mm)).astype(float)
    means = np.stack([regions.share(gene) for gene in true.T], axis=1)
    error = np.abs(tables.mean.to_numpy() - means)
    sd, told = tables.sd.to_numpy(), np.isfinite(error)
    return {
        "donors": float(tables.notes["HeldOutCoverage"]),
        "truth": float((error <= NORMAL_90 * sd)[told].mean()),
        "error": float(error[told].mean()),
        "sd": float(sd[told].mean()),
    }


def main(arguments: list[str] | None = None) -> None:
    """Print a row for each error of coordinates."""
    more = {"wells": (int, 700, "N"), "genes": (int, 6, "G"), "steps": (int, 200, "")}
    flags = flags_of(__doc__, **more).parse_args(arguments)
    sizes = {"phantom.n_wells": flags.wells, "phantom.n_genes": flags.genes}
    sizes |= {"fit.steps": flags.steps, "fit.members": 3, "anatomy.enabled": "false"}
    if flags.tiny:
        sizes |= {"phantom.n_wells": 60, "phantom.n_genes": 3, "fit.steps": 5}
        sizes |= {"fit.members": 2, "field.hidden": 8}
    words = [f"--config.{key}={value}" for key, value in sizes.items()]
    words.append("--config.evaluate.baselines=plain")
    rows = []
    for error_mm in ERRORS_MM:
        with tempfile.TemporaryDirectory() as folder:
            error = f"--config.phantom.registration_mm={error_mm}"
            for verb in ("fit", "evaluate"):
                if cli.main([verb, f"--workdir={folder}", error, *words]):
                    raise SystemExit(2)
            rows.append(measured(folder, 3) | {"registration_mm": error_mm})
        print({name: round(number, 3) for name, number in rows[-1].items()}, flush=True)
    write(flags.json, {"rows": rows})


if __name__ == "__main__":
    main()
