"""The parts of the brain that uncertainty is reported for.

Nouns:
    parent: the name of a top-level structure, as a source gives it.
    part: cortex, subcortex, cerebellum or brainstem; white matter; or spaces, which are
        sulci and ventricles with the choroid plexus.

The ontology is the Allen Human Brain Atlas's: cerebral cortex with the hippocampal
formation (of the limbic lobe); subcortex is cerebral nuclei and diencephalon; the
brainstem is mesencephalon, pons and myelencephalon; the cerebellum has its nuclei. An
atlas that names "subcortex/brainstem" alone, as abagen does, has subcortex. A name
that says too little, as the "brain" above the piriform cortex, is passed over for the
structure's own.
"""

from __future__ import annotations

import logging

import numpy as np

from inr_jax.errors import shortlist

log = logging.getLogger("inr_jax")

PARTS = ("cortex", "subcortex", "cerebellum", "brainstem", "white matter", "spaces")
WHITE_MATTER_PART, SPACES_PART = PARTS.index("white matter"), PARTS.index("spaces")
NO_PART = -1
_NAMES = (
    "cortex, cerebral cortex, neocortex, frontal lobe, parietal lobe, temporal lobe, "
    "occipital lobe, limbic lobe, insula, insular lobe, cingulate gyrus, "
    "parahippocampal gyrus, hippocampal formation, piriform gyrus, piriform cortex, "
    "pir",
    "subcortex, subcortical, subcortex/brainstem, cerebral nuclei, basal ganglia, "
    "amygdala, basal forebrain, claustrum, globus pallidus, striatum, caudate, "
    "putamen, diencephalon, thalamus, dorsal thalamus, ventral thalamus, "
    "epithalamus, hypothalamus, subthalamus",
    "cerebellum, cerebellar cortex, cerebellar nuclei",
    "brainstem, brain stem, mesencephalon, midbrain, pons, basal part of pons, "
    "pontine tegmentum, metencephalon, myelencephalon, medulla, medulla oblongata",
    "white matter, cerebral white matter, cerebellar white matter, wm, "
    "corpus callosum, cingulum bundle, internal capsule, fornix",
    "sulci & spaces, sulci, spaces, csf, ventricles, lateral ventricle, "
    "third ventricle, fourth ventricle, choroid plexus, "
    "choroid plexus of the lateral ventricle",
)
_PART = {name: part for part, names in enumerate(_NAMES) for name in names.split(", ")}


def parts_of(
    parents: tuple[str, ...],
    parent: np.ndarray,
    structures: tuple[str, ...] = (),
    structure: np.ndarray | None = None,
) -> np.ndarray:
    """The part that each well lies in.

    Args:
        parents: Names of top-level structures.
        parent: `(N,)` rows of `parents`; below 0 for a well that has none.
        structures: Names of the structures, for wells whose parent tells no part.
        structure: `(N,)` rows of `structures`, likewise.

    Returns:
        `(N,)` rows of `PARTS`, `NO_PART` for a name that is in none.
    """
    part = _parts(parents)[np.maximum(parent, -1)]
    if structure is not None:
        finer = _parts(structures)[np.maximum(structure, -1)]
        part = np.where(part == NO_PART, finer, part)
    unknown = [parents[row] for row in np.unique(parent[part == NO_PART]) if row >= 0]
    if unknown:
        log.info("in no part of the brain: %s", shortlist(unknown, most=8))
    return part


def _parts(names: tuple[str, ...]) -> np.ndarray:
    """The part of each name, and last the `NO_PART` of a well without one."""
    plain = [" ".join(name.lower().split()) for name in names]
    plain = [name.removesuffix(", left").removesuffix(", right") for name in plain]
    return np.array([*(_PART.get(name, NO_PART) for name in plain), NO_PART], np.int32)
