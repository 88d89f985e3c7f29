"""Anatomy as a condition: names become numbers between 0 and 1 that a field can see.

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


class Anatomy(NamedTuple):
    """What names the training wells have.

    Attributes:
        share: `(P,)` float32, share of the wells with a parent that lie in it.
        seen: `(S,)` bool, whether a well has this structure.
    """

    share: np.ndarray
    seen: np.ndarray


def anatomy_of(training: Samples) -> Anatomy:
    """Shares and names of these wells, for the tables of names of their study."""
    named = training.parent[training.parent >= 0]
    count = np.bincount(named, minlength=len(training.parents))
    share = (count / max(len(named), 1)).astype(np.float32)
    seen = np.isin(np.arange(len(training.structures)), training.structure)
    return Anatomy(share, seen)


def memberships(
    anatomy: Anatomy, structure: np.ndarray, parent: np.ndarray
) -> np.ndarray:
    """Memberships of places of these names.

    Args:
        anatomy: Of the training wells.
        structure: `(N,)` integers, below 0 where a place has no name.
        parent: `(N,)` integers, likewise.

    Returns:
        `(N, A)` float32.
    """
    parents, structures = len(anatomy.share), len(anatomy.seen)
    known = np.append(anatomy.share > 0, False)[parent]
    whole = np.equal.outer(parent, np.arange(parents)).astype(np.float32)
    belongs = np.where(known[:, None], whole, anatomy.share)
    own = np.equal.outer(structure, np.arange(structures)) & anatomy.seen
    return np.concatenate([belongs, own.astype(np.float32)], axis=1)


def alone(samples: Samples) -> np.ndarray:
    """`(N,)` whether a well's structure is that of no other donor's well."""
    pairs = np.unique(np.stack([samples.structure, samples.donor]), axis=1)[0]
    names, donors = np.unique(pairs, return_counts=True)
    return np.isin(samples.structure, names[(donors == 1) & (names >= 0)])
