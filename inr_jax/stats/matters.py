"""Matter of wells and of places: whom the few samples that are not grey speak for.

Nouns:
    matter: grey matter, white matter or spaces (brain/matter.py).

Axis letters: N wells, P points of their supports, V places. Frame: mm (MNI152 RAS).
"""

from __future__ import annotations

import numpy as np

from inr_jax.brain.divisions import parts_of
from inr_jax.brain.matter import GREY, named_matter, template_matter
from inr_jax.samples.samples import Samples
from inr_jax.stats.neighbours import nearest_distance_mm

# A place so near to a sample of grey matter is as that sample is. The template takes
# much of the thalamus, the pallidum and the brainstem for white matter. With the wells
# of the other donors so near, a twentieth of the atlas's subcortical wells lie in white
# matter, a quarter without; four fifths of the wells of white matter still do.
NEAR_MM = 4.0


def matter_of(samples: Samples) -> np.ndarray:
    """Matter `(N,)` of wells: by name, of those without by the template."""
    part = parts_of(
        samples.parents, samples.parent, samples.structures, samples.structure
    )
    named = (samples.parent >= 0) | (samples.structure >= 0)
    return np.where(named, named_matter(part), template_matter(samples.x_mm))


def matter_at(x_mm: np.ndarray, grey_mm: np.ndarray, *, mirror: bool) -> np.ndarray:
    """Matter `(V,)` of places: the template's, but grey near samples of grey matter.

    Args:
        x_mm: `(V, 3)` MNI mm.
        grey_mm: `(P, 3)` points of samples of grey matter, MNI mm.
        mirror: Whether a sample also counts on the other side.
    """
    matter = template_matter(x_mm)
    not_grey = np.flatnonzero(matter != GREY)
    if len(not_grey) and len(grey_mm):
        near = nearest_distance_mm(grey_mm, x_mm[not_grey], mirror=mirror) <= NEAR_MM
        matter[not_grey[near]] = GREY
    return matter
