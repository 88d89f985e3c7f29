"""Why a gene is in the data or not: the fate of each of its probes, in words."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from inr_jax.files import neutral, write_text
from inr_jax.samples.ahba import probes
from inr_jax.samples.ahba.cache import Atlas
from inr_jax.samples.ahba.options import AbagenOptions

if TYPE_CHECKING:
    import pandas as pd


def explain(fates: pd.DataFrame, gene: str, options: AbagenOptions) -> list[str]:
    """The fate of a gene and of its probes, as lines of text.

    Args:
        fates: See `probes`.
        gene: A symbol, of the annotation in use or of Probes.csv.
        options: What the data were made with.
    """
    annotated, listed = fates[fates.gene == gene], fates[fates.listed_as == gene]
    if annotated.empty and listed.empty:
        symbols = {*fates.gene, *fates.listed_as}
        upper = {symbol.upper(): symbol for symbol in symbols}
        near = difflib.get_close_matches(gene.upper(), upper, n=3, cutoff=0.6)
        names = ", ".join(upper[name] for name in near)
        return [f"{gene}: no probe has this name; near names: {names or 'none'}"]
    if annotated.empty:
        names = ", ".join(sorted({*listed.gene}))
        return [f"{gene}: its {len(listed)} probes are now of {names}"] + [
            line for name in sorted({*listed.gene}) for line in _lines(fates, name)
        ]
    lines = _lines(fates, gene)
    aliases = sorted({*annotated.listed_as, *listed.gene} - {gene})
    if aliases:
        lines.append(f"  also known as {', '.join(aliases)}")
    remedy = _remedy(annotated, options)
    return lines + ([f"  {remedy}"] if remedy else [])


def _lines(fates: pd.DataFrame, gene: str) -> list[str]:
    annotated = fates[fates.gene == gene]
    used = annotated[annotated.fate == probes.USED]
    state = f"in the data, by {len(used)}" if len(used) else "not in the data; none"
    lines = [f"{gene}: {state} of {len(annotated)} probes"]
    for probe in annotated.itertuples():
        present = f"above background in {100 * probe.present:.1f} % of the samples"
        lines.append(
            f"  {probe.probe_name} ({probe.probe_id}): {probe.fate}; {present}"
        )
    return lines


def _remedy(annotated: pd.DataFrame, options: AbagenOptions) -> str:
    """What setting would keep a gene that is not in the data; "" for none."""
    if (annotated.fate == probes.USED).any():
        return ""
    quiet = annotated[annotated.fate == probes.BACKGROUND]
    if len(quiet):
        # Rounded down, so that the setting as printed does keep it.
        best = int(quiet.present.max() * 1000) / 1000
        return (
            f"--config.ahba.ibf_threshold={best:g} would keep it (now "
            f"{options.ibf_threshold:g})"
        )
    if (annotated.fate == probes.NOT_ANNOTATED).all():
        if annotated.entrez_id.notna().any():
            return "--config.ahba.reannotated=False takes its probes as listed"
        return "no setting keeps it: its probes have no known gene"
    if (annotated.fate == probes.NOT_NORMAL).any():
        return "another --config.ahba.gene_norm may keep it, zscore for one"
    return "no setting keeps it: its probes have no Entrez id"


def missing_genes(atlas: Atlas, wanted: tuple[str, ...]) -> dict[str, str]:
    """Wanted genes that are not in the data, each with the reason in a few words."""
    absent = sorted(set(wanted).difference(atlas.genes))
    fates = atlas.fates() if absent else None
    return {gene: _reason(fates, gene) for gene in absent}


def _reason(fates: pd.DataFrame, gene: str) -> str:
    annotated = fates[fates.gene == gene]
    if annotated.empty:
        renamed = sorted({*fates.gene[fates.listed_as == gene]})
        if renamed:
            return f"now called {renamed[0]}"
        upper = {symbol.upper(): symbol for symbol in atlas_symbols(fates)}
        near = difflib.get_close_matches(gene.upper(), upper, n=1, cutoff=0.6)
        return f"unknown, did you mean {upper[near[0]]}?" if near else "unknown"
    worst = min(annotated.fate, key=probes.FATES.index)
    if worst == probes.BACKGROUND:
        return f"{worst}, at best {annotated.present.max():.3f}"
    return str(worst)


def atlas_symbols(fates: pd.DataFrame) -> set[str]:
    """Symbols of genes with a probe in the data."""
    return {*fates.gene[fates.fate == probes.USED]}


def dropped_genes(fates: pd.DataFrame) -> pd.DataFrame:
    """One row for each gene that has probes but is not in the data.

    Returns:
        Columns gene, probes, fate (of the probe that came furthest), present (the
        largest share of samples above background).
    """
    by_gene = fates.groupby("gene", sort=True)
    rank = {fate: place for place, fate in enumerate(probes.FATES)}
    furthest = fates.fate.map(rank).groupby(fates.gene).min()
    table = by_gene.agg(probes=("probe_id", "size"), present=("present", "max"))
    table["fate"] = [probes.FATES[place] for place in furthest[table.index]]
    lost = table[table.fate != probes.USED].reset_index()
    return lost[["gene", "probes", "fate", "present"]]


def write_dropped(path: Path, fates: pd.DataFrame) -> int:
    """Write `dropped_genes` as CSV; returns how many there are."""
    table = dropped_genes(fates)
    named = table.assign(gene=table.gene.map(neutral))
    write_text(path, named.to_csv(index=False, float_format="%.4f"))
    return len(table)
