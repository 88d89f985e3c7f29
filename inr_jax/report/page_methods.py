"""The paragraph on methods that a paper can take over, and the works that it cites."""

from __future__ import annotations

from typing import Any, NamedTuple

from inr_jax.report.methods import REFERENCES
from inr_jax.report.tables import FIELD, STRONGEST
from inr_jax.stats.hold_out import DONOR, DONOR_STRUCTURE

MORE = {
    "sitzmann2020": """@inproceedings{sitzmann2020,
  author = {Sitzmann, Vincent and Martel, Julien and Bergman, Alexander
    and Lindell, David and Wetzstein, Gordon},
  title = {Implicit neural representations with periodic activation functions},
  booktitle = {Advances in Neural Information Processing Systems},
  volume = {33}, year = {2020}, note = {arXiv 2006.09661}
}""",
    "paciorek2006": """@article{paciorek2006,
  author = {Paciorek, Christopher J. and Schervish, Mark J.},
  title = {Spatial modelling using a new class of nonstationary covariance functions},
  journal = {Environmetrics}, volume = {17}, pages = {483--506}, year = {2006}
}""",
    "lei2018": """@article{lei2018,
  author = {Lei, Jing and G'Sell, Max and Rinaldo, Alessandro
    and Tibshirani, Ryan J. and Wasserman, Larry},
  title = {Distribution-free predictive inference for regression},
  journal = {Journal of the American Statistical Association}, volume = {113},
  pages = {1094--1111}, year = {2018}
}""",
    "fonov2011": """@article{fonov2011,
  author = {Fonov, Vladimir and Evans, Alan C. and others},
  title = {Unbiased average age-appropriate atlases for pediatric studies},
  journal = {NeuroImage}, volume = {54}, pages = {313--327}, year = {2011}
}""",
}
ALLEN = ("ahba", "allen_export")
KINDS = {
    "phantom": "a synthetic brain (phantom) sampled",
    "ahba": "microarray expression of the Allen Human Brain Atlas [@hawrylycz2012]",
    "allen_export": "microarray z-scores of the Allen Human Brain Atlas's web search "
    "[@hawrylycz2012]",
}
TARGETS = {
    "wells": "the values of the samples",
    "effects": "what structures and their parents share over donors (best linear "
    "unbiased predictions of a mixed model)",
}


class Facts(NamedTuple):
    """What the paragraph tells of a run.

    Attributes:
        version: Of inr_jax.
        settings: Dotted key -> value.
        wells, donors, genes: How many.
        coordinates: Where the wells' coordinates are from.
        steps: Of the optimizer that were taken; None without a fit.
        scores: Protocol -> method -> mean scores, of `summarise`.
        coverage: Share of held-out measurements in their intervals; None without.
        range_mm: Validated range, mm; None without.
    """

    version: str
    settings: dict[str, Any]
    wells: int
    donors: int
    genes: int
    coordinates: str
    steps: int | None
    scores: dict[str, dict[str, dict[str, float]]]
    coverage: float | None
    range_mm: float | None


def paragraph(facts: Facts) -> str:
    """The run in sentences, with its own settings and counts."""
    get = facts.settings.get
    kind = KINDS.get(str(get("source.name")), "expression of tissue samples")
    sentences = [
        f"Brain-wide maps of {facts.genes:,} {'gene' if facts.genes == 1 else 'genes'} "
        f"were made with inr_jax {facts.version} [@yu2025] from {kind} at "
        f"{facts.wells:,} places in {facts.donors} "
        f"{'donor' if facts.donors == 1 else 'donors'} "
        f"(coordinates: {_coordinates(facts)}).",
        _network(facts) if facts.steps is not None else "",
        "Left and right hemispheres were treated as one."
        if get("inputs.mirror") and not get("inputs.hemisphere")
        else "",
        _maps(facts) if facts.steps is not None else "",
        _accuracy(facts),
        _intervals(facts),
    ]
    return " ".join(filter(None, sentences))


def _coordinates(facts: Facts) -> str:
    cite = " [@markello2021]" if "abagen" in facts.coordinates else ""
    return f"{facts.coordinates}{cite}"


def _network(facts: Facts) -> str:
    get = facts.settings.get
    name = str(get("field.name")).upper()
    cite = " [@sitzmann2020]" if name == "SIREN" else ""
    return (
        f"Expression was represented by an ensemble of {get('fit.members')} implicit "
        f"neural representations ({name}{cite}, {get('field.depth')} hidden layers of "
        f"{get('field.hidden')} units, conditioning of genes: "
        f"{get('conditioning.name')}), each fitted for {facts.steps:,} steps of Adam "
        f"(learning rate {get('fit.learning_rate'):g}) to "
        f"{TARGETS.get(str(get('fit.targets')), get('fit.targets'))}, "
        f"{_fitted_at(facts)}; seed {get('seed')}."
    )


def _fitted_at(facts: Facts) -> str:
    if facts.settings.get("fit.places") == "kriged":
        return (
            "interpolated to places around the samples by kriging with a nonstationary "
            "Matérn kernel whose length follows the spacing of samples [@paciorek2006] "
            "and, where they told held-out donors better, effects of the structures "
            "that samples around a place were named by"
        )
    jitter_mm = facts.settings.get("fit.jitter_mm", 0.0)
    return f"with Gaussian noise of {jitter_mm:g} mm on coordinates"


def _maps(facts: Facts) -> str:
    get = facts.settings.get
    if get("render.mask"):
        return "Maps are the ensemble's mean at the voxels of a mask in MNI152 space."
    return (
        "Maps are the ensemble's mean at the voxels of "
        f"{get('render.resolution_mm')} mm of the ICBM152 2009a symmetric brain "
        "[@fonov2011]."
    )


def _accuracy(facts: Facts) -> str:
    sentences = []
    words = {
        DONOR: "Accuracy was measured by leaving one donor out",
        DONOR_STRUCTURE: "With the held-out samples' structures known",
    }
    for protocol, methods in facts.scores.items():
        if FIELD not in methods or protocol not in words:
            continue
        ours = methods[FIELD]
        text = (
            f"{words[protocol]}, mean r over genes was {ours['r_mean']:.3f} and mean "
            f"R² {ours['r2_mean']:.3f}"
        )
        there = [name for name in STRONGEST.get(protocol, ()) if name in methods]
        if there:
            theirs = methods[there[0]]
            text += f" ({there[0]}: {theirs['r_mean']:.3f} and {theirs['r2_mean']:.3f})"
        sentences.append(f"{text}.")
    return " ".join(sentences)


def _intervals(facts: Facts) -> str:
    if facts.coverage is None or facts.range_mm is None:
        return ""
    return (
        "Intervals of 90 % are conformal, from residuals of held-out donors "
        f"[@lei2018]; they held {100 * facts.coverage:.1f} % of held-out measurements. "
        f"Voxels farther than {facts.range_mm:.1f} mm from a sample count as not "
        "validated."
    )


def references(text: str) -> str:
    """BibTeX of the works that a text cites as [@key], in their order."""
    known = REFERENCES | MORE
    keys = sorted((key for key in known if f"@{key}" in text), key=text.index)
    return "\n\n".join(known[key] for key in keys)
