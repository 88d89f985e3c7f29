"""Names of structures as memberships, numbers from 0 to 1 that a field can see.

A place has one membership for each parent, then one for each structure. A well is a
whole member of its own two. What no training well has says nothing: a structure
never seen is known by its parent alone, and where the parent is not known either, a
place is a member of each parent by the share of training wells that lie in it.

Axis letters: N wells, P parents, S structures, A = P + S memberships.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inr_jax.samples.samples import Samples


class KnownStructures(NamedTuple):
    """Which structures and parents the training wells have.

    Attributes:
        parent_share: `(P,)` float32, share of the wells with a parent that lie in it.
        present: `(S,)` bool, whether some well lies in this structure.
    """

    parent_share: np.ndarray
    present: np.ndarray


def known_structures(training: Samples) -> KnownStructures:
    """The structures and parents of these wells, of all that their study names."""
    named = training.parent[training.parent >= 0]
    count = np.bincount(named, minlength=len(training.parents))
    share = (count / max(len(named), 1)).astype(np.float32)
    present = np.isin(np.arange(len(training.structures)), training.structure)
    return KnownStructures(share, present)


def memberships(
    known: KnownStructures, structure: np.ndarray, parent: np.ndarray
) -> np.ndarray:
    """Memberships of places of these names.

    Args:
        known: Those of the training wells.
        structure: `(N,)` integers, below 0 where a place has no name.
        parent: `(N,)` integers, likewise.

    Returns:
        `(N, A)` float32.
    """
    parents, structures = len(known.parent_share), len(known.present)
    has_parent = np.append(known.parent_share > 0, False)[parent]
    whole = np.equal.outer(parent, np.arange(parents)).astype(np.float32)
    in_parent = np.where(has_parent[:, None], whole, known.parent_share)
    in_structure = np.equal.outer(structure, np.arange(structures)) & known.present
    return np.concatenate([in_parent, in_structure.astype(np.float32)], axis=1)


def in_one_donor(samples: Samples) -> np.ndarray:
    """`(N,)` whether a well's structure is that of no other donor's well."""
    pairs = np.unique(np.stack([samples.structure, samples.donor]), axis=1)[0]
    names, donors = np.unique(pairs, return_counts=True)
    return np.isin(samples.structure, names[(donors == 1) & (names >= 0)])
