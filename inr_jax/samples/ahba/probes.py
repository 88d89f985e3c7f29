"""From probes to genes by abagen's filters, with the fate of every probe.

Nouns:
    fate: why a probe is in the data or not, one of the constants below.
    fates: a frame with a row for each probe and columns `COLUMNS`.
Axis letters: P probes, S samples.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING

import numpy as np

from inr_jax.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

USED = "used"
NOT_ANNOTATED = "no gene in the reannotation"
NO_ENTREZ = "no Entrez id"
BACKGROUND = "below ibf_threshold"
NOT_CHOSEN = "another probe of the gene was chosen"
NOT_NORMAL = "could not be normalised"
FATES = (USED, NOT_CHOSEN, NOT_NORMAL, BACKGROUND, NO_ENTREZ, NOT_ANNOTATED)
COLUMNS: tuple[str, ...] = ("probe_id", "probe_name", "gene", "listed_as", "entrez_id")
COLUMNS += ("present", "fate")


def annotate(
    abagen: types.ModuleType, listed: pd.DataFrame, reannotated: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give probes their genes.

    Args:
        abagen: From `abagen.borrowed`.
        listed: Probes.csv.
        reannotated: Whether genes are those of Arnatkeviciute et al. 2019.

    Returns:
        The probes that have a gene, as abagen's functions take them; and the fates.

    Raises:
        InputError: No probe has a gene.
    """
    probes = abagen.probes_.reannotate_probes(listed) if reannotated else listed
    probes = probes.dropna(subset=["entrez_id"])
    lost = NOT_ANNOTATED if reannotated else NO_ENTREZ
    fates = listed[["probe_name"]].assign(
        gene=probes.gene_symbol.reindex(listed.index).fillna(listed.gene_symbol),
        listed_as=listed.gene_symbol,
        entrez_id=listed.entrez_id.astype("Int64"),
        present=np.nan,
        fate=np.where(listed.index.isin(probes.index), USED, lost),
    )
    if probes.empty:
        raise InputError(
            "Probes.csv",
            expected="probes of known genes",
            found=f"{len(listed)} probes, none of them",
            fix="switch config.ahba.reannotated, or check that this is the atlas",
        )
    return probes, fates


def filter_background(
    abagen: types.ModuleType,
    present: dict[str, pd.DataFrame],
    annotation: dict[str, pd.DataFrame],
    probes: pd.DataFrame,
    fates: pd.DataFrame,
    *,
    threshold: float,
) -> pd.DataFrame:
    """Keep probes above background in enough samples (abagen.probes_.filter_probes).

    Args:
        abagen: From `abagen.borrowed`.
        present: Donor to `(P, S)`, 1 where a probe is above background, else 0.
        annotation: Donor to its samples, mirrored ones included.
        probes: Those with a gene.
        fates: Changed in place: `present` of all probes, `fate` of those dropped.
        threshold: Share of samples.

    Raises:
        InputError: None is kept.
    """
    above = sum(calls[annotation[d].index].sum(axis=1) for d, calls in present.items())
    total = sum(len(samples) for samples in annotation.values())
    fates["present"] = above / total
    kept = abagen.probes_.filter_probes(present, annotation, probes, threshold)
    fates.loc[probes.index.difference(kept.index), "fate"] = BACKGROUND
    if kept.empty:
        best = fates.loc[probes.index, "present"].max()
        raise InputError(
            "config.ahba.ibf_threshold",
            expected="a share that some probe reaches",
            found=f"{threshold}, the best of {len(probes)} reaches {best:.3f}",
            fix="lower it",
        )
    return kept


def collapse(
    abagen: types.ModuleType,
    raw: dict[str, pd.DataFrame],
    annotation: dict[str, pd.DataFrame],
    probes: pd.DataFrame,
    fates: pd.DataFrame,
    *,
    method: str,
    donor_probes: str,
) -> dict[str, pd.DataFrame]:
    """One value for each gene, by abagen.probes_.collapse_probes; notes its probe.

    Args:
        abagen: From `abagen.borrowed`.
        raw: Donor to `(P, S)`; emptied, to save memory.
        annotation: Donor to its samples.
        probes: The P probes.
        fates: Changed in place.
        method: abagen's `probe_selection`.
        donor_probes: abagen's.

    Returns:
        Donor to `(S, G)`, genes in alphabetical order.
    """
    chosen: set = set()
    select = abagen.probes_._groupby_and_apply

    def noting(expression, *rest):
        selected = select(expression, *rest)
        for frame in selected.values():
            chosen.update(frame.columns)
        return selected

    abagen.probes_._groupby_and_apply = noting
    try:
        # A dict of our own: some methods return `raw` itself.
        genes = dict(
            abagen.probes_.collapse_probes(
                raw, annotation, probes, method=method, donor_probes=donor_probes
            )
        )
    finally:
        abagen.probes_._groupby_and_apply = select
        raw.clear()
    if method not in abagen.probes_.COLLAPSE_METHODS:
        fates.loc[probes.index.difference(list(chosen)), "fate"] = NOT_CHOSEN
    return genes


def drop_not_normal(
    values: dict[str, pd.DataFrame], fates: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Leave out genes with a value that is not finite, in any donor.

    Raises:
        InputError: None is left.
    """
    bad = {
        gene
        for frame in values.values()
        for gene in frame.columns[~np.isfinite(frame.to_numpy()).all(axis=0)]
    }
    fates.loc[fates.gene.isin(bad) & (fates.fate == USED), "fate"] = NOT_NORMAL
    kept = [gene for gene in next(iter(values.values())).columns if gene not in bad]
    if not kept:
        raise InputError(
            "config.ahba.gene_norm",
            expected="a normalisation that some gene survives",
            found=f"none of {len(bad)} does",
            fix="are there samples enough in each donor and structure? try zscore",
        )
    return {donor: frame[kept] for donor, frame in values.items()}
