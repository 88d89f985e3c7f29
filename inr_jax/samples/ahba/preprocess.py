"""From the atlas's files to expression a sample and gene, by abagen's own functions.

The order of the stages is that of abagen.get_samples_in_mask: coordinates, mirrored
copies, samples on the wrong side, probes above background, one probe a gene,
normalisation over all genes. Equal to it, but for two things: mirrored copies lie
where they were mirrored to (abagen returns the places of their sources), and a sample
alone in its class of structure, which `norm_structures` cannot normalise, is left out
(abagen leaves out every gene for it).
Axis letters: N samples, G genes, P probes.
"""

from __future__ import annotations

import logging
import types
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from inr_jax.errors import InputError
from inr_jax.samples.ahba import probes as probing
from inr_jax.samples.ahba import readers
from inr_jax.samples.ahba.abagen import borrowed
from inr_jax.samples.ahba.coordinates import AXES, Coordinates
from inr_jax.samples.ahba.folders import Files
from inr_jax.samples.ahba.options import AbagenOptions

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("inr_jax")
SAMPLE_COLUMNS = ("donor", "well_id", *AXES, "structure", "hemisphere")
SAMPLE_COLUMNS += ("structure_acronym", "structure_name", "top_level", "mirrored")


class Prepared(NamedTuple):
    """The atlas, ready for use.

    Attributes:
        samples: N rows, columns `SAMPLE_COLUMNS`; `structure` is abagen's class
            (cortex, cerebellum...), `top_level` the lobe or nucleus, `mirrored` marks
            copies.
        genes: G symbols, in alphabetical order.
        values: `(G, N)` float32.
        fates: The fate of each probe, see `probes`.
        counts: What each filter left.
    """

    samples: pd.DataFrame
    genes: list[str]
    values: np.ndarray
    fates: pd.DataFrame
    counts: dict


def preprocess(
    files: Files, options: AbagenOptions, coordinates: Coordinates
) -> Prepared:
    """Run the stages over all genes of these donors.

    Raises:
        InputError: A file is damaged or contradicts another, a well has no
            coordinates, or a filter leaves nothing.
    """
    with borrowed() as abagen:
        listed = readers.read_probes(abagen, files)
        probes, fates = probing.annotate(abagen, listed, options.reannotated)
        counts: dict = {"probes": len(listed), "probes_with_a_gene": len(probes)}
        listing = {d: readers.read_annotation(abagen, f) for d, f in files.items()}
        samples = {
            donor: _samples(abagen, files[donor], listing[donor], options, coordinates)
            for donor in files
        }
        n_listed = {donor: len(rows) for donor, rows in listing.items()}
        samples = _similar(abagen, files, listed, n_listed, samples, probes, options)
        probes = _above_background(
            abagen, files, listed, n_listed, samples, (probes, fates), options
        )
        counts["probes_above_background"] = len(probes)
        raw = {
            donor: _expression(files[donor], listed, n_listed[donor]).loc[probes.index]
            for donor in files
        }
        genes = probing.collapse(
            abagen,
            raw,
            samples,
            probes,
            fates,
            method=options.probe_selection,
            donor_probes=options.donor_probes,
        )
        counts["genes_with_a_probe"] = len(next(iter(genes.values())).columns)
        for donor in genes:
            genes[donor] = _normalised(abagen, genes[donor], samples[donor], options)
            genes[donor], samples[donor] = _not_alone(genes[donor], samples[donor])
    counts["samples"] = _sample_counts(listing, samples)
    return _together(probing.drop_not_normal(genes, fates), samples, fates, counts)


def _together(
    genes: dict, samples: dict, fates: pd.DataFrame, counts: dict
) -> Prepared:
    """All donors' samples and values, one behind the other."""
    import pandas as pd

    rows = pd.concat([rows.assign(donor=donor) for donor, rows in samples.items()])
    rows = rows[list(SAMPLE_COLUMNS)].reset_index(drop=True)
    names = list(next(iter(genes.values())).columns)
    values = np.concatenate(
        [frame.to_numpy(np.float32).T for frame in genes.values()], 1
    )
    fates = fates.rename_axis("probe_id").reset_index()[list(probing.COLUMNS)]
    return Prepared(rows, names, values, fates, counts | {"genes": len(names)})


def _samples(
    abagen: types.ModuleType,
    paths: dict,
    listing: pd.DataFrame,
    options: AbagenOptions,
    coordinates: Coordinates,
) -> pd.DataFrame:
    """A donor's samples where they lie, mirrored copies behind, wrong sides out."""
    rows = coordinates.place(listing, paths["annotation"])
    ontology = readers.read_ontology(abagen, paths)
    n = len(rows)
    if options.lr_mirror:
        rows = abagen.samples_.mirror_samples(rows, ontology, swap=options.lr_mirror)
    top = readers.top_level(ontology, rows.structure_id)
    rows = rows.assign(mirrored=np.arange(len(rows)) >= n, top_level=top)
    rows = abagen.samples_.drop_mismatch_samples(rows, ontology)
    if not len(rows):
        raise InputError(
            paths["annotation"],
            expected="samples on the side of the brain that their structure names",
            found=f"{n} samples, none of them",
            fix="check the coordinate table, config.ahba.coordinates",
        )
    return rows


def _expression(paths: dict, listed: pd.DataFrame, samples: int) -> pd.DataFrame:
    path = paths["microarray"]
    return readers.read_matrix(
        path, probes=listed.index, samples=samples, dtype=np.float64
    )


def _similar(abagen, files, listed, n_listed, samples, probes, options: AbagenOptions):
    """Drop samples unlike the others of their donor, where the options say so."""
    if not options.sim_threshold:
        return samples
    return {
        donor: abagen.samples_.similarity_threshold(
            _expression(files[donor], listed, n_listed[donor]),
            rows,
            probes,
            threshold=options.sim_threshold,
        )
        for donor, rows in samples.items()
    }


def _above_background(abagen, files, listed, n_listed, samples, known, options):
    present = {
        donor: readers.read_matrix(
            files[donor]["pacall"],
            probes=listed.index,
            samples=n_listed[donor],
            dtype=np.int8,
        )
        for donor in files
    }
    probes, fates = known
    return probing.filter_background(
        abagen, probes, fates, present, samples, options.ibf_threshold
    )


def _normalised(
    abagen: types.ModuleType,
    values: pd.DataFrame,
    samples: pd.DataFrame,
    options: AbagenOptions,
) -> pd.DataFrame:
    """Over genes within a sample, then over samples within the donor."""
    # Copies share their sample's number, which abagen does not expect in an index.
    values = values.reset_index(drop=True)
    classes = samples[["structure"]].reset_index(drop=True)
    normalise = abagen.normalize_expression
    if options.sample_norm:
        values = normalise(values.T, norm=options.sample_norm, ignore_warn=True).T
    if options.gene_norm:
        within = classes if options.norm_structures else None
        values = normalise(
            values, norm=options.gene_norm, structures=within, ignore_warn=True
        )
    return values.astype(np.float32)


def _not_alone(
    values: pd.DataFrame, samples: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leave out samples without a single value, alone in their class."""
    alone = values.isna().all(axis=1).to_numpy()
    if alone.all() or not alone.any():
        return values, samples
    wells = ", ".join(map(str, samples.well_id[alone & ~samples.mirrored.to_numpy()]))
    log.warning("ahba: alone in their class of structure, left out: well %s", wells)
    return values[~alone], samples[~alone]


def _sample_counts(listing: dict, samples: dict) -> dict[str, dict[str, int]]:
    """For each donor: samples in the file, kept, and copies."""
    return {
        donor: {
            "listed": len(listing[donor]),
            "kept": int((~rows.mirrored).sum()),
            "mirrored": int(rows.mirrored.sum()),
        }
        for donor, rows in samples.items()
    }
