"""How the atlas is preprocessed: abagen's options, by abagen's names.

An option that abagen takes as None is "" (a name) or 0 (a number) here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from inr_jax.errors import InputError, unknown_name
from inr_jax.files.cell_text import listed

# Donor to the id of the whole brain; 9861 and 10021 were sampled on both sides.
DONORS = {
    "9861": "H0351.2001",
    "10021": "H0351.2002",
    "12876": "H0351.1009",
    "14380": "H0351.1012",
    "15496": "H0351.1015",
    "15697": "H0351.1016",
}
NORMS: tuple[str, ...] = (
    "",
    "srs",
    "rs",
    "minmax",
    "center",
    "zscore",
    "sigmoid",
    "scaled_sigmoid",
)
NORMS += ("scaled_sigmoid_quantiles", "mixed_sigmoid")
# abagen's "rnaseq" is left out: it downloads another data set.
SELECTIONS: tuple[str, ...] = (
    "diff_stability",
    "average",
    "max_intensity",
    "max_variance",
)
SELECTIONS += ("pc_loading", "corr_variance", "corr_intensity")
CHOICES = {
    "probe_selection": SELECTIONS,
    "donor_probes": ("aggregate", "independent", "common"),
    "lr_mirror": ("", "bidirectional", "leftright", "rightleft"),
    "missing": ("", "interpolate", "centroids"),
    "sample_norm": NORMS,
    "gene_norm": NORMS,
    "region_agg": ("donors", "samples"),
    "agg_metric": ("mean", "median"),
}
OF_REGIONS = ("missing", "tolerance", "norm_matched", "region_agg", "agg_metric")
# Sets of coordinates; "corrected" is an older name of abagen's.
AUTO, ABAGEN, AS_RELEASED, ANTS = "auto", "abagen", "released", "ants"
CORRECTED = "corrected"


class AbagenOptions(NamedTuple):
    """abagen's options; the first part makes samples, the second regions of them.

    Attributes:
        donors: Donor ids, in numerical order.
        ibf_threshold: Share of samples in which a probe must be above background.
        probe_selection: How one probe is chosen for a gene.
        donor_probes: Whether donors choose together.
        sim_threshold: Drop samples this many sd less similar; 0 keeps all.
        lr_mirror: Which side's samples are copied to the other; "" for none.
        sample_norm: Normalisation over genes within a sample; "" for none.
        gene_norm: Normalisation over samples within a donor; "" for none.
        norm_structures: Whether `gene_norm` is within each class of structure.
        reannotated: Whether probes get the genes of Arnatkeviciute et al. 2019.
        coordinates: "abagen" or "corrected" (abagen's table), "released" (the atlas's
            own), "ants", "auto" (the best at hand, see `coordinates`) or a CSV with
            well_id, x, y, z; stands for abagen's `corrected_mni`.
        missing: What fills regions without a sample; "" leaves them empty.
        tolerance: Distance between a sample and its region, mm.
        norm_matched: Whether samples outside regions are left out before `gene_norm`.
        region_agg: Mean of donors' means, or of all samples.
        agg_metric: mean or median.
    """

    donors: tuple[str, ...] = tuple(DONORS)
    ibf_threshold: float = 0.5
    probe_selection: str = "diff_stability"
    donor_probes: str = "aggregate"
    sim_threshold: float = 0.0
    lr_mirror: str = ""
    sample_norm: str = "srs"
    gene_norm: str = "srs"
    norm_structures: bool = False
    reannotated: bool = True
    coordinates: str = CORRECTED
    missing: str = ""
    tolerance: float = 2.0
    norm_matched: bool = True
    region_agg: str = "donors"
    agg_metric: str = "mean"

    def of_samples(self) -> dict[str, object]:
        """The options that samples depend on."""
        return {k: v for k, v in self._asdict().items() if k not in OF_REGIONS}


def abagen_options(**given: Any) -> AbagenOptions:
    """Options of which some are not as they are by default.

    Args:
        **given: Fields of `AbagenOptions`; donors also as `parse_donors` takes them,
            or as a list of ids.

    Raises:
        InputError: An unknown field or donor.
    """
    for name in given:
        if name not in AbagenOptions._fields:
            raise unknown_name("options of abagen", name, AbagenOptions._fields)
    options = AbagenOptions(**given)
    donors = options.donors
    text = donors if isinstance(donors, str) else ",".join(map(str, donors))
    return options._replace(donors=parse_donors(text))


def parse_donors(text: str) -> tuple[str, ...]:
    """Donor ids in numerical order, from "all" or ids separated by commas.

    Args:
        text: Ids of the kind 9861 or H0351.2001.

    Raises:
        InputError: An id that no donor has.
    """
    names = listed(text)
    if names in ([], ["all"]):
        return tuple(DONORS)
    by_brain = {brain: donor for donor, brain in DONORS.items()}
    donors = [by_brain.get(name, name) for name in names]
    for donor in donors:
        if donor not in DONORS:
            raise unknown_name("donors", donor, (*DONORS, "all"))
    return tuple(donor for donor in DONORS if donor in donors)


def checked(options: AbagenOptions) -> AbagenOptions:
    """The options, once abagen can use them.

    Raises:
        InputError: An unknown choice, a number out of range, or two options that
            do not go together.
    """

    def fail(name: str, expected: str, fix: str) -> None:
        found = repr(getattr(options, name))
        where = f"config.ahba.{name}"
        raise InputError(where, expected=expected, found=found, fix=fix)

    for name, known in CHOICES.items():
        if getattr(options, name) not in known:
            raise unknown_name(f"config.ahba.{name}", getattr(options, name), known)
    if not 0 <= options.ibf_threshold <= 1:
        fail("ibf_threshold", "a share, 0 to 1", "0.5 asks for half of the samples")
    if options.sim_threshold < 0:
        fail("sim_threshold", "standard deviations, 0 or more", "0 keeps all samples")
    if options.probe_selection == "diff_stability" and len(options.donors) < 2:
        fix = "take two donors or more, or another --config.ahba.probe_selection"
        fail("donors", "two donors or more for probe_selection diff_stability", fix)
    if options.missing and options.region_agg == "samples":
        fail("missing", "region_agg donors with it", "leave one of them at its default")
    return options
