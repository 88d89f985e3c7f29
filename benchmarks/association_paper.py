"""Regional values against every gene, by abagen's regions and ours, then scores.

The paper's analysis of tau (E21 to E23) on a table that is made here: regional means of
a gene, as measured, and as much noise. Each gene's r with it is taken from regions as
abagen makes them of wells and from means of our maps; do the two agree, which p does it
have, and do r of genes go with a table of scores of genes?

python benchmarks/association_paper.py --path=DIR_OR_ZIP [--workdir=RUN]
    [--scores=CSV of gene,score] [--json=FILE]
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from lib.regional_values import abagen_regions, our_regions
from lib.settings import settings_of
from lib.study_files import study_flags, study_folder, write_table
from scipy.stats import pearsonr

import inr_jax
from inr_jax.run import build

TINY = {"fit.steps": 2, "fit.members": 1, "field.hidden": 4, "field.depth": 1}
TINY |= {"phantom.n_wells": 1200, "phantom.n_genes": 6}
NOISE = 1.0  # of the table, in standard deviations of the gene over regions


def main(arguments: list[str] | None = None) -> None:
    """Write a row a gene, and print how the two and the scores agree."""
    more = {
        "workdir": (str, "", "of a run, whose model is taken"),
        "scores": (str, "", "a CSV with columns gene and score; else random ones"),
        "planted": (str, "", "the gene in the table; else the first"),
        "nulls": (int, 1000, "null maps"),
    }
    flags = study_flags(__doc__, "association_paper", **more).parse_args(arguments)
    c = settings_of(flags, TINY)
    samples, out = build.load_source(c).samples, study_folder(flags)
    model = inr_jax.load(flags.workdir) if flags.workdir else inr_jax.fit(samples, c)
    mm, nulls = (3, 99) if flags.tiny else (2, flags.nulls)
    ids, ours = our_regions(model, samples, mm)
    theirs, genes = abagen_regions(samples, ids), list(model.genes)
    there = np.isfinite(theirs[:, 0])
    ids, ours, theirs = ids[there], ours[there], theirs[there]
    planted, rng = flags.planted or genes[0], np.random.default_rng(0)
    signal = theirs[:, genes.index(planted)]
    tau = signal + NOISE * signal.std() * rng.standard_normal(len(ids))
    table = Path(out) / "TAU.csv"
    pd.DataFrame({"id": ids, "tau": tau}).to_csv(table, index=False)
    how = {"nulls": nulls, "resolution_mm": mm, "refit": "never"}
    associations = inr_jax.associate(model, table, samples=samples, **how).table
    rows = [
        {
            "gene": gene,
            "r_abagen": pearsonr(theirs[:, number], tau)[0],
            "r_ours": pearsonr(ours[:, number], tau)[0],
            "r_region": row.r_region,
            "p_region": row.p_region,
            "p_naive": row.p_naive,
        }
        for number, (gene, row) in enumerate(
            zip(genes, associations.itertuples(), strict=True)
        )
    ]
    write_table(flags, out, rows)
    _tell(pd.DataFrame(rows), planted, len(ids), flags.scores)


def _tell(rows: pd.DataFrame, planted: str, regions: int, path: str) -> None:
    """E21: how the two agree; E22, E23: whether r goes with scores."""
    r, _ = pearsonr(rows.r_abagen, rows.r_ours)
    counts = f"{len(rows)} genes, {regions} regions"
    print(f"{counts}: r by abagen and by our maps agree at {r:.2f}")
    rank = int(
        (abs(rows.r_ours) >= abs(rows.r_ours[rows.gene == planted].iloc[0])).sum()
    )
    print(f"planted {planted}: |r| has rank {rank} by our maps")
    print(
        f"p below .05: naive {np.mean(rows.p_naive < 0.05):.0%}, "
        f"null maps {np.mean(rows.p_region < 0.05):.0%} of genes"
    )
    scores = np.random.default_rng(1).random(len(rows))
    if path:
        table = pd.read_csv(path).set_index("gene").score
        scores = table.reindex(rows.gene).to_numpy()
    known = np.isfinite(scores)
    for name in ("r_abagen", "r_ours"):
        r, p = pearsonr(abs(rows[name][known]), scores[known])
        kind = "scores" if path else "random scores"
        print(
            f"|{name}| against {kind} of {known.sum()} genes: r = {r:.2f}, p = {p:.2g}"
        )


if __name__ == "__main__":
    main()
