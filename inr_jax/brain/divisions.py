"""The four parts of the brain that uncertainty is reported for.

Nouns:
    parent: the name of a top-level structure, as a source gives it.
    part: cortex, subcortex, cerebellum or brainstem.

The ontology is the Allen Human Brain Atlas's: cerebral cortex with the hippocampal
formation (of the limbic lobe); subcortex is cerebral nuclei and diencephalon; the
brainstem is mesencephalon, pons and myelencephalon; the cerebellum has its nuclei. An
atlas that names "subcortex/brainstem" alone, as abagen does, has subcortex. White
matter, ventricles and the whole brain lie in no part.
"""

from __future__ import annotations

import logging

import numpy as np

from inr_jax.errors import shortlist

log = logging.getLogger("inr_jax")

PARTS = ("cortex", "subcortex", "cerebellum", "brainstem")
NO_PART = -1
_NAMES = (
    "cortex, cerebral cortex, neocortex, frontal lobe, parietal lobe, temporal lobe, "
    "occipital lobe, limbic lobe, insula, insular lobe, cingulate gyrus, "
    "parahippocampal gyrus, hippocampal formation, piriform gyrus",
    "subcortex, subcortical, subcortex/brainstem, cerebral nuclei, basal ganglia, "
    "amygdala, basal forebrain, claustrum, globus pallidus, striatum, caudate, "
    "putamen, diencephalon, thalamus, dorsal thalamus, ventral thalamus, "
    "epithalamus, hypothalamus, subthalamus",
    "cerebellum, cerebellar cortex, cerebellar nuclei",
    "brainstem, brain stem, mesencephalon, midbrain, pons, basal part of pons, "
    "pontine tegmentum, metencephalon, myelencephalon, medulla, medulla oblongata",
)
_PART = {name: part for part, names in enumerate(_NAMES) for name in names.split(", ")}


def parts_of(parents: tuple[str, ...], parent: np.ndarray) -> np.ndarray:
    """The part that each well lies in.

    Args:
        parents: Names of top-level structures.
        parent: `(N,)` rows of `parents`; below 0 for a well that has none.

    Returns:
        `(N,)` rows of `PARTS`, `NO_PART` for a name that is in none.
    """
    part = [_PART.get(" ".join(name.lower().split()), NO_PART) for name in parents]
    unknown = [name for name, row in zip(parents, part, strict=True) if row == NO_PART]
    if unknown:
        log.info("in no part of the brain: %s", shortlist(unknown, most=8))
    return np.array([*part, NO_PART], np.int32)[np.maximum(parent, -1)]
