"""From the atlas's files to the expression of genes in samples, by abagen's functions.

The order of the stages is that of abagen.get_samples_in_mask: coordinates, mirrored
copies, samples on the wrong side, probes above background, one probe for each gene,
normalisation over all genes. The result equals abagen's, with two exceptions: mirrored
copies lie at their mirrored coordinates (abagen returns those of their sources), and
the only sample of a class of structures, which `norm_structures` cannot normalise, is
left out (abagen leaves out every gene instead).
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
        counts: How many probes, genes and samples each filter left.
    """

    samples: pd.DataFrame
    genes: list[str]
    values: np.ndarray
    fates: pd.DataFrame
    counts: dict


class Listing(NamedTuple):
    """What the donors' files list, before any filter.

    Attributes:
        files: The donors' files.
        probes: Probes.csv, P rows by probe id.
        annotation: Donor to SampleAnnot.csv, S rows by sample number.
    """

    files: Files
    probes: pd.DataFrame
    annotation: dict[str, pd.DataFrame]

    def expression(self, donor: str) -> pd.DataFrame:
        """Log2 expression `(P, S)` float64 of a donor."""
        return self._matrix(donor, "microarray", np.float64)

    def above_background(self, donor: str) -> pd.DataFrame:
        """`(P, S)` int8 of a donor, 1 where a probe is above background."""
        return self._matrix(donor, "pacall", np.int8)

    def _matrix(self, donor: str, kind: str, dtype: type) -> pd.DataFrame:
        return readers.read_matrix(
            self.files[donor][kind],
            probes=self.probes.index,
            samples=len(self.annotation[donor]),
            dtype=dtype,
        )


def preprocess(
    files: Files, options: AbagenOptions, coordinates: Coordinates
) -> Prepared:
    """Run the stages over all genes of these donors.

    Raises:
        InputError: A file is damaged or contradicts another, a well has no
            coordinates, or a filter leaves nothing.
    """
    with borrowed() as abagen:
        listing = _read_listing(abagen, files)
        probes, fates = probing.annotate(abagen, listing.probes, options.reannotated)
        counts: dict = {"probes": len(fates), "probes_with_a_gene": len(probes)}
        samples = {
            donor: _samples(abagen, files[donor], rows, options, coordinates)
            for donor, rows in listing.annotation.items()
        }
        if options.sim_threshold:
            samples = _similar(abagen, listing, samples, probes, options.sim_threshold)
        present = {donor: listing.above_background(donor) for donor in files}
        probes = probing.filter_background(
            abagen, present, samples, probes, fates, threshold=options.ibf_threshold
        )
        del present  # a byte for each probe and sample of the atlas
        counts["probes_above_background"] = len(probes)
        genes = probing.collapse(
            abagen,
            {donor: listing.expression(donor).loc[probes.index] for donor in files},
            samples,
            probes,
            fates,
            method=options.probe_selection,
            donor_probes=options.donor_probes,
        )
        counts["genes_with_a_probe"] = len(next(iter(genes.values())).columns)
        for donor in genes:
            values = _normalised(abagen, genes[donor], samples[donor], options)
            genes[donor], samples[donor] = _drop_empty(values, samples[donor])
    counts["samples"] = _sample_counts(listing.annotation, samples)
    return _joined(probing.drop_not_normal(genes, fates), samples, fates, counts)


def _read_listing(abagen: types.ModuleType, files: Files) -> Listing:
    probes = readers.read_probes(abagen, files)
    annotation = {d: readers.read_annotation(abagen, f) for d, f in files.items()}
    return Listing(files, probes, annotation)


def _joined(genes: dict, samples: dict, fates: pd.DataFrame, counts: dict) -> Prepared:
    """All donors' samples and values, donor after donor."""
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
    """A donor's samples with coordinates, then their copies; none on a wrong side."""
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


def _similar(
    abagen: types.ModuleType,
    listing: Listing,
    samples: dict[str, pd.DataFrame],
    probes: pd.DataFrame,
    threshold: float,
) -> dict[str, pd.DataFrame]:
    """Without samples that are `threshold` sd less similar to the donor's others."""
    return {
        donor: abagen.samples_.similarity_threshold(
            listing.expression(donor), rows, probes, threshold=threshold
        )
        for donor, rows in samples.items()
    }


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


def _drop_empty(
    values: pd.DataFrame, samples: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leave out samples without any value: each was the only one of its class."""
    empty = values.isna().all(axis=1).to_numpy()
    if empty.all() or not empty.any():
        return values, samples
    wells = ", ".join(map(str, samples.well_id[empty & ~samples.mirrored.to_numpy()]))
    log.warning(
        "ahba: the only samples of their class of structures, left out: well %s", wells
    )
    return values[~empty], samples[~empty]


def _sample_counts(annotation: dict, samples: dict) -> dict[str, dict[str, int]]:
    """For each donor: samples in the file, samples kept, and copies."""
    return {
        donor: {
            "listed": len(annotation[donor]),
            "kept": int((~rows.mirrored).sum()),
            "mirrored": int(rows.mirrored.sum()),
        }
        for donor, rows in samples.items()
    }
