"""What was done to the atlas, as a paragraph to paste and the works to cite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inr_jax.brain.label_images import LabelImage
from inr_jax.brain.shipped import VERSION
from inr_jax.samples.ahba.abagen import borrowed
from inr_jax.samples.ahba.options import AbagenOptions
from inr_jax.samples.ahba.region_tables import abagen_keywords

if TYPE_CHECKING:
    from inr_jax.samples.ahba.cache import Atlas

REFERENCES = {
    "hawrylycz2012": """@article{hawrylycz2012,
  author = {Hawrylycz, Michael J. and others},
  title = {An anatomically comprehensive atlas of the adult human brain transcriptome},
  journal = {Nature}, volume = {489}, pages = {391--399}, year = {2012}
}""",
    "markello2021": """@article{markello2021,
  author = {Markello, Ross D. and others},
  title = {Standardizing workflows in imaging transcriptomics with the abagen toolbox},
  journal = {eLife}, volume = {10}, pages = {e72129}, year = {2021}
}""",
    "arnatkeviciute2019": """@article{arnatkeviciute2019,
  author = {Arnatkevi{\\v{c}}i{\\=u}t{\\.e}, Aurina and Fulcher, Ben D.
    and Fornito, Alex},
  title = {A practical guide to linking brain-wide gene expression and neuroimaging
    data},
  journal = {NeuroImage}, volume = {189}, pages = {353--367}, year = {2019}
}""",
    "quackenbush2002": """@article{quackenbush2002,
  author = {Quackenbush, John},
  title = {Microarray data normalization and transformation},
  journal = {Nature Genetics}, volume = {32}, pages = {496--501}, year = {2002}
}""",
    "hawrylycz2015": """@article{hawrylycz2015,
  author = {Hawrylycz, Michael and others},
  title = {Canonical genetic signatures of the adult human brain},
  journal = {Nature Neuroscience}, volume = {18}, pages = {1832--1844}, year = {2015}
}""",
    "fulcher2016": """@article{fulcher2016,
  author = {Fulcher, Ben D. and Fornito, Alex},
  title = {A transcriptional signature of hub connectivity in the mouse connectome},
  journal = {Proceedings of the National Academy of Sciences}, volume = {113},
  pages = {1435--1440}, year = {2016}
}""",
    "romerogarcia2018": """@article{romerogarcia2018,
  author = {Romero-Garcia, Rafael and others},
  title = {Structural covariance networks are coupled to expression of genes enriched
    in supragranular layers of the human cortex},
  journal = {NeuroImage}, volume = {171}, pages = {256--267}, year = {2018}
}""",
    "yu2025": """@article{yu2025,
  author = {Yu and Torok and Pandya and Pal and Singh and Raj},
  title = {Brain-wide interpolation and conditioning of gene expression in the human
    brain using Implicit Neural Representations},
  journal = {arXiv}, volume = {2506.11158}, year = {2025}
}""",
}


def cited(options: AbagenOptions) -> list[str]:
    """Keys of the works that these options rest on."""
    keys = ["hawrylycz2012", "markello2021"]
    if options.reannotated:
        keys.append("arnatkeviciute2019")
    if options.ibf_threshold:
        keys.append("quackenbush2002")
    if options.probe_selection == "diff_stability":
        keys.append("hawrylycz2015")
    if {options.sample_norm, options.gene_norm} & {"srs", "rs"}:
        keys.append("fulcher2016")
    if options.lr_mirror:
        keys.append("romerogarcia2018")
    return [*keys, "yu2025"]


def bibliography(options: AbagenOptions) -> str:
    """The works as BibTeX."""
    return "\n\n".join(REFERENCES[key] for key in cited(options)) + "\n"


def paragraph(atlas: Atlas, genes: int, copies_used: bool) -> str:
    """The preprocessing in sentences, with the settings and counts of this run.

    Args:
        atlas: The preprocessed atlas.
        genes: How many of its genes are used.
        copies_used: Whether mirrored copies take part in the fit.
    """
    options, counts = atlas.options, atlas.counts
    kept = sum(donor["kept"] for donor in counts["samples"].values())
    listed = sum(donor["listed"] for donor in counts["samples"].values())
    donors = ", ".join(options.donors)
    annotated = "reannotated [@arnatkeviciute2019]" if options.reannotated else "kept"
    sentences = [
        f"Microarray expression of {len(options.donors)} donors ({donors}) of the "
        "Allen Human Brain Atlas [@hawrylycz2012] was preprocessed with functions of "
        f"abagen {VERSION} [@markello2021].",
        f"Probes were {annotated} and those without a gene discarded "
        f"({counts['probes_with_a_gene']:,} of {counts['probes']:,} left).",
        f"Coordinates of samples are those of: {atlas.coordinates.name}.",
        f"Samples that lie on another side of the brain than their structure were "
        f"discarded ({kept:,} of {listed:,} left).",
        f"Probes above background in fewer than {100 * options.ibf_threshold:g} % of "
        f"the samples were discarded ({counts['probes_above_background']:,} left).",
        f"Probes of one gene were reduced to one value by {options.probe_selection} "
        f"(donors: {options.donor_probes}; {counts['genes_with_a_probe']:,} genes).",
        _mirroring(atlas, copies_used),
        _normalisation(options, counts["genes_with_a_probe"]),
        "Filters and the choice of probes saw all donors, those too that are held out "
        "in turn later.",
        f"Of {counts['genes']:,} genes, {genes:,} were then picked for the analysis.",
    ]
    if options.sim_threshold:
        sentences.insert(
            4,
            f"Samples {options.sim_threshold:g} standard deviations less like the "
            "others of their donor were discarded.",
        )
    return " ".join(filter(None, sentences))


def _mirroring(atlas: Atlas, copies_used: bool) -> str:
    if not atlas.options.lr_mirror:
        return ""
    copies = sum(donor["mirrored"] for donor in atlas.counts["samples"].values())
    use = (
        "they took part in the fit, in their sources' fold, and were not scored"
        if copies_used
        else "they took part in the filters and the normalisation alone, as left and "
        "right are one in the fit"
    )
    return (
        f"Samples were copied across the midline ({atlas.options.lr_mirror}, "
        f"{copies:,} copies [@romerogarcia2018]); {use}."
    )


def _normalisation(options: AbagenOptions, genes: int) -> str:
    names = {"srs": "a scaled robust sigmoid [@fulcher2016]", "": "nothing"}
    first = names.get(options.sample_norm, options.sample_norm)
    then = names.get(options.gene_norm, options.gene_norm)
    within = "each class of structure of each" if options.norm_structures else "each"
    return (
        f"Values were normalised by {first} over all {genes:,} genes within a sample, "
        f"then by {then} over the samples of {within} donor."
    )


def sums_table(sums: dict[str, str]) -> str:
    """Checksums of the input files as a table in Markdown."""
    lines = [f"| {name} | `{digest}` |" for name, digest in sums.items()]
    return "\n".join(["| file | SHA-256 |", "|---|---|", *lines])


def abagen_report(atlas: Atlas, labels: LabelImage) -> str:
    """What abagen itself writes of its region tables with these options."""
    # abagen's report does not know of this option.
    given = abagen_keywords(atlas.options)
    del given["sim_threshold"]
    with borrowed(files=atlas.files) as abagen:
        info = labels.table().reset_index()
        return abagen.Report(str(labels.path), info, **given).body
