"""Do two donors put genes in the same order, and are the same genes alike in both?

The paper feeds its joint network a gene's place in a spectral or PC1 order of one
donor's wells, computed anew for each donor, with a free sign and seed. Here it needs no
seed. `own_sign`: each donor's sign is fixed by itself (skewness of the positions above
0, as in fields/gene_codes.py); `rho`: it is fixed by the order of all donors' wells.
Agreement is Spearman's correlation of positions, or of the gene-gene correlations, for
every pair of donors; `chance` is what 95 % of shuffles of the genes stay below.

python benchmarks/gene_order.py --path=DIR_OR_ZIP [--json=FILE]
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from lib import studies, study_figures
from lib.settings import settings_of
from lib.study_files import study_flags, study_folder, write_table

from inr_jax.fields.gene_codes import pc1_order, spectral_order
from inr_jax.run import build
from inr_jax.samples.standardise import standardiser

TINY = {"phantom.n_wells": 60, "phantom.n_genes": 6}


def standard(values: np.ndarray) -> np.ndarray:
    """Values `(N, G)` of a donor, each gene to mean 0 and variance 1."""
    return standardiser(values).standard(values)


def measures(samples) -> dict[str, tuple[list, list]]:
    """What to compare of each donor, by the sign of all and by its own."""
    donors = [
        standard(samples.values[samples.donor == donor])
        for donor in np.unique(samples.donor)
    ]
    found, pooled = {}, standard(samples.values)
    for name, order in (("spectral", spectral_order), ("pc1", pc1_order)):
        own = [order(values) for values in donors]
        found[name] = (studies.aligned(own, order(pooled)), own)
    alike = [studies.gene_correlation(values) for values in donors]
    return found | {"correlations": (alike, alike)}


def main(arguments: list[str] | None = None) -> None:
    """Write a row a measure and pair of donors; print the means."""
    flags = study_flags(__doc__, "gene_order").parse_args(arguments)
    c = settings_of(flags, TINY)
    samples = build.load_source(c).samples.originals()
    names = [samples.donors[donor] for donor in np.unique(samples.donor)]
    shuffled = studies.shuffles(len(samples.genes), 20 if flags.tiny else 500)
    found, rows, heat = measures(samples), [], {}
    for measure, (of, own) in found.items():
        matrix = np.eye(len(names))
        agree = studies.order_agreement
        if measure == "correlations":
            agree = studies.correlation_agreement
        for a, b in combinations(range(len(names)), 2):
            rho, chance = agree(of[a], of[b], shuffled)
            matrix[a, b] = matrix[b, a] = rho
            alone, _ = agree(own[a], own[b], shuffled[:1])
            numbers = {"rho": rho, "own_sign": alone, "chance": chance}
            case = {"measure": measure, "donor": names[a], "other": names[b]}
            rows.append(case | {k: round(x, 3) for k, x in numbers.items()})
        mine = [row for row in rows if row["measure"] == measure]
        rho, chance = (np.array([row[k] for row in mine]) for k in ("rho", "chance"))
        beyond = f"{(rho > chance).sum()} of {len(mine)} pairs beyond chance"
        turned = sum(row["own_sign"] < 0 for row in mine)
        print(
            f"{measure}: mean rho {rho.mean():.3f}, least {rho.min():.3f}, "
            f"chance {chance.mean():.3f}, {beyond}; {turned} turned by own signs"
        )
        heat[f"{measure}, chance {chance.mean():.2f}"] = matrix
    counts = np.bincount(samples.donor, minlength=len(samples.donors))
    first, second = np.argsort(-counts[np.unique(samples.donor)], kind="stable")[:2]
    order = np.argsort(found["spectral"][0][first])
    correlations, sorted_by = found["correlations"][0], f"by {names[first]}'s order"
    pair = {f"{names[first]}, as listed": correlations[first]}
    for donor in (first, second):
        title = f"{names[donor]}, genes {sorted_by}"
        pair[title] = correlations[donor][np.ix_(order, order)]
    out = study_folder(flags)
    study_figures.agreement(out / "gene_order.png", names, pair, heat)
    write_table(flags, out, rows)


if __name__ == "__main__":
    main()
