"""Genes that were never measured: their heads from numbers of genes from elsewhere.

Heads of the trunk's genes are regressed on a table's rows e_g, all numbers of all heads
with one penalty:

    theta_g = mean theta + B (e_g - mean e),    least squares + penalty |B|^2.

With U diag(s) V' the centred rows, the errors that leaving genes out would give are
known without fitting any: a residual is divided by 1 - h_g, h_g = 1 / G + sum_k U_gk^2
s_k^2 / (s_k^2 + penalty) (Allen's PRESS, 1974). The penalty with the least sum wins;
the largest leaves the mean head, where the table says nothing.

Axis letters: G genes of the trunk, U unseen genes, M columns, E members, D numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import numpy as np

from inr_jax.errors import InputError
from inr_jax.fields.model import Model
from inr_jax.fitting.adapt import head_leaves, head_rows
from inr_jax.samples.standardise import Standardiser

PENALTIES = 2.0 ** np.arange(-20, 21, 2)  # times the mean square of the singular values
LEAST = 3  # genes of a trunk that a table can be learned from


class Unseen(NamedTuple):
    """Genes without a measurement.

    Attributes:
        model: Of the U genes, in standard deviations of each.
        gain: Share of the heads' variance over genes that the table tells of genes
            left out, one after the other; 0 or less where it tells nothing.
    """

    model: Model
    gain: float


def unseen_genes(trunk: Model, known: np.ndarray, wanted: np.ndarray) -> Unseen:
    """Genes that a table tells of, on a trunk with linear heads.

    Args:
        trunk: A model of G genes.
        known: `(G, M)` rows of its genes.
        wanted: `(U, M)` rows of the unseen genes.

    Raises:
        InputError: The trunk has too few genes.
    """
    if len(known) < LEAST:
        raise InputError(
            "unseen genes",
            expected=f"a trunk of {LEAST} genes or more",
            found=f"{len(known)}",
            fix="fit more genes",
        )
    rows = head_rows(trunk.params["genes"])
    flat = rows.reshape(len(rows), -1)
    heads, gain = regressed(flat, known, wanted)
    leaves = head_leaves(trunk.params["genes"], heads.reshape(-1, *rows.shape[1:]))
    count = len(wanted)
    units = Standardiser(np.zeros(count, np.float32), np.ones(count, np.float32))
    codes = np.zeros((count, 0), np.float32)
    params = {**trunk.params, "genes": jax.tree.map(np.float32, leaves)}
    return Unseen(Model(params, trunk.inputs, units, codes), gain)


def regressed(
    heads: np.ndarray, known: np.ndarray, wanted: np.ndarray
) -> tuple[np.ndarray, float]:
    """Heads `(U, n)` from those of G genes `(G, n)` and the rows of both; the gain."""
    middle, spread = known.mean(0), known.std(0)
    told = spread > 0
    e = ((known - middle) / np.where(told, spread, 1))[:, told]
    new = ((wanted - middle) / np.where(told, spread, 1))[:, told]
    u, s, v = np.linalg.svd(e, full_matrices=False)
    mean = heads.mean(0)
    part = u.T @ (heads - mean)
    best, gain, chosen = np.inf, 0.0, np.zeros_like(s)
    none = np.sum(((heads - mean) / (1 - 1 / len(heads))) ** 2)
    for penalty in PENALTIES * np.mean(s**2):
        shrunk = s**2 / (s**2 + penalty)
        h = 1 / len(heads) + u**2 @ shrunk
        residual = heads - mean - u @ (shrunk[:, None] * part)
        error = np.sum((residual / np.maximum(1 - h, 1e-9)[:, None]) ** 2)
        if error < best:
            best, gain = error, float(1 - error / max(none, 1e-30))
            chosen = s / (s**2 + penalty)
    return mean + new @ (v.T @ (chosen[:, None] * part)), gain
