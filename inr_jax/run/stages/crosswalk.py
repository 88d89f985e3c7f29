"""The stage `crosswalk`: from an atlas's regions to structures, to be read and changed.

It fits nothing: the table comes from names, and from where wells lie.
"""

from __future__ import annotations

import logging

import numpy as np

from inr_jax.errors import printable
from inr_jax.maps import crosswalk
from inr_jax.maps.memberships import RegionMemberships
from inr_jax.run.regions import FEW_WELLS, shares_of
from inr_jax.run.run import Run
from inr_jax.samples.samples import Samples

log = logging.getLogger("inr_jax")

SHOWN = 3  # names of a region in what is printed


def crosswalk_stage(run: Run) -> None:
    """Write crosswalk.csv, and print it with the number of wells of each region."""
    regions, samples = run.regions, run.source.samples
    assert regions is not None  # the pipeline makes them for this stage
    write_crosswalk(run)
    mirror = run.config.inputs.mirror
    shares = shares_of(samples, regions.labels, mirror=mirror, blur_mm=regions.blur_mm)
    lines = _lines(regions, samples, shares.sum(0))
    print("\n".join(map(printable, lines)), flush=True)


def write_crosswalk(run: Run) -> None:
    """Write the crosswalk that maps are drawn by; nothing where none is."""
    if run.regions is None:
        return
    path, names = run.workdir.crosswalk, run.regions.labels.names
    crosswalk.write(path, run.regions.table, names, run.source.samples)
    log.info("crosswalk from atlas to structures: %s", path)


def _lines(
    regions: RegionMemberships, samples: Samples, count: np.ndarray
) -> list[str]:
    names, structures = regions.labels.names, samples.structures
    named, parents = crosswalk.by_name(names, structures), len(samples.parents)
    width = max(map(len, (*names, crosswalk.OUTSIDE)))
    lines = [f"{'region':<{width}}  wells  by    is (share)"]
    for row, region in enumerate(names):
        weight = regions.table[row]
        order = np.argsort(-weight[parents:], kind="stable")[:SHOWN]
        shares = [(structures[s], weight[parents + s]) for s in order]
        if parents:
            top = int(weight[:parents].argmax())
            shares.append((f"in {samples.parents[top]}", weight[top]))
        text = ", ".join(f"{name} {w:.2f}" for name, w in shares if w >= 0.005)
        how = "name" if row in named else "wells" if count[row] >= FEW_WELLS else "-"
        region = region or crosswalk.OUTSIDE
        lines.append(f"{region:<{width}}  {count[row]:5.1f}  {how:<5} {text}")
    return lines
