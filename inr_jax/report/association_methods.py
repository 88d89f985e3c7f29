"""What an association did, as a paragraph to paste, with the works to cite."""

from __future__ import annotations

from typing import Any

REFERENCES = """\
## References

- Dietrich CR, Newsam GN. Fast and exact simulation of stationary Gaussian processes
  through circulant embedding of the covariance matrix. SIAM J Sci Comput 18:1088, 1997.
- Dutilleul P. Modifying the t test for assessing the correlation between two spatial
  processes. Biometrics 49:305, 1993.
- Cressie N. Fitting variogram models by weighted least squares. Math Geol 17:563, 1985.
- Markello RD, Misic B. Comparing spatial null models for brain maps. NeuroImage
  236:118052, 2021.
- Fulcher BD, Arnatkeviciute A, Fornito A. Overcoming false-positive gene-category
  enrichment in the analysis of spatially resolved transcriptomic brain atlas data.
  Nat Commun 12:2669, 2021.
- Busing FMTA, Meijer E, van der Leeden R. Delete-m jackknife for unequal m. Stat Comput
  9:3, 1999.
- Wei Y, de Lange SC, Pijnenburg R, et al. Statistical testing in
  transcriptomic-neuroimaging studies. Hum Brain Mapp 43:885, 2022.
- Benjamini Y, Hochberg Y. Controlling the false discovery rate. J R Stat Soc B 57:289,
  1995.
"""
TRENDS = {
    "none": "",
    "linear": " and a linear trend in space",
    "quadratic": " and a quadratic trend in space",
}


def paragraph(name: str, genes: int, nulls: dict[str, Any], sets: int = 0) -> str:
    """The methods of an association in sentences, with its numbers.

    Args:
        name: Of the map.
        genes: G.
        nulls: As in nulls.json.
        sets: Gene sets that were scored.
    """
    places = nulls["places"]
    counted = [f"{n:,} {level}s" for level, n in places.items() if n]
    trend = TRENDS[nulls["trend"]]
    levels = (
        ", ".join(counted[:-1]) + f" and {counted[-1]}" if counted[1:] else counted[0]
    )
    fitted = "; ".join(
        f"{stratum}: length {part['length_mm']:.3g} mm, shape {part['shape']:g}, "
        f"nugget {part['nugget'] / max(part['sill'] + part['nugget'], 1e-30):.0%}"
        for stratum, part in nulls["strata"].items()
    )
    lines = [
        f"The map {name} was correlated with {genes:,} genes at {levels}, after means "
        f"of anatomical strata{trend} were removed from the map, from genes and from "
        "null maps alike; at wells, measured expression was used and donors' means "
        "were removed.",
        f"Significance was assessed with {nulls['nulls']:,} null maps: Gaussian random "
        "fields with the map's own stable variogram in each stratum, fitted by "
        "weighted least squares to the variogram expected after the same removal "
        "(Cressie 1985) and drawn by circulant embedding (Dietrich & Newsam 1997; see "
        f"Markello & Misic 2021 on null models). Fitted were {fitted}.",
        "Family-wise p-values are those of the largest absolute correlation over all "
        "genes of each null map; false discovery rates (Benjamini & Hochberg 1995) are "
        "of a t distribution with the effective sample size that null maps give "
        "(Dutilleul 1993).",
    ]
    if nulls.get("refitted"):
        lines.append(
            "Intervals of r are of a jackknife over donors of unequal size (Busing et "
            "al. 1999), genes refitted without each donor in closed form through the "
            "model's trunk. Whether a gene is special was asked of random genes with "
            "the variogram and noise of its values at wells, refitted likewise, and of "
            "genes matched in held-out r (Wei et al. 2022)."
        )
    if sets:
        lines.append(
            f"{sets:,} gene sets were scored by the mean Fisher z of their genes "
            "against the same null maps (Fulcher et al. 2021)."
        )
    return "# Methods\n\n" + " ".join(lines) + "\n\n" + REFERENCES
