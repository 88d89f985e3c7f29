"""Values as a web search gives them: the mean over all wells of a donor in a structure.

Axis letters: N wells, A averages, G genes, P points.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from inr_jax.errors import unknown_name
from inr_jax.samples.samples import Samples
from inr_jax.samples.support import Support

KINDS = ("none", "structure", "parent")


def averaged(samples: Samples, kind: str) -> Samples:
    """One value for each donor and structure, or parent, with its wells as support.

    Args:
        samples: N wells, one point each; those without such a name are left out.
        kind: "structure", "parent", or "none", which changes nothing.

    Returns:
        A averages, in the order of donors and names. The well that stands for one is
        its first, as a web search names one of them; a mean over a parent keeps the
        parent as its structure.

    Raises:
        InputError: No such kind.
    """
    if kind not in KINDS:
        raise unknown_name("phantom.averages", kind, KINDS)
    if kind == "none":
        return samples
    name = samples.structure if kind == "structure" else samples.parent
    samples, name = samples.take(name >= 0), name[name >= 0]
    pairs = np.stack([samples.donor, name])
    _, group, size = np.unique(pairs, axis=1, return_inverse=True, return_counts=True)
    order = np.argsort(group.reshape(-1), kind="stable")
    first = np.cumsum(size) - size
    points = Support(samples.x_mm[order], samples.tissue[order], size.astype(np.int32))
    values = points.mean(np.asarray(samples.values, np.float64)[order])
    named = samples.take(order[first])
    if kind == "parent":
        named = dataclasses.replace(
            named, structure=named.parent, structures=samples.parents
        )
    support = None if points.single else points
    return dataclasses.replace(named, values=values.astype(np.float32), support=support)
