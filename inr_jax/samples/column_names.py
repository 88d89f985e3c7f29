"""Names of columns that are no genes: what they hold, or that they say nothing here.

Nouns:
    plain: a name in lower case, its blanks, dots and hyphens as underscores.
    kind: what a column holds, a field of `columns.TableColumns`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# Kind to the plain names it goes by, the likeliest first: of SampleAnnot.csv, the web
# search's Columns.csv, abagen and BIDS.
ALIASES = {
    "x": "x, mni_x, x_mni, x_mm, mni_x_mm, corrected_mni_x, mnix",
    "y": "y, mni_y, y_mni, y_mm, mni_y_mm, corrected_mni_y, mniy",
    "z": "z, mni_z, z_mni, z_mm, mni_z_mm, corrected_mni_z, mniz",
    "well": "well, well_id, sample_well, sample_id, wellid, sampleid, sample",
    "donor": "donor, donor_id, donorid, donor_name, subject, subject_id, subjectid, "
    "participant, participant_id, individual, individual_id, patient, patient_id, "
    "brain_id, specimen_id, case_id",
    "structure": "structure, structure_name, structure_acronym, "
    "structure_abbreviation, structure_id, region_name",
    "parent": "parent, top_level_structure_name, top_level_structure, top_level, "
    "top_level_structure_abbreviation, top_level_structure_id",
    "grey": "grey, gray, grey_matter, gray_matter, p_grey, p_gray",
    "white": "white, white_matter, p_white",
}
# Of the same tables, and of indices that were written with a table.
_NO_GENES = (
    "index, level_0, id, row, rownames, slab_num, slab_type, polygon_id, mri_voxel_x, "
    "mri_voxel_y, mri_voxel_z, sample_polygon, sample_mri_0, sample_mri_1, "
    "sample_mri_2, donor_age, donor_color, structure_color, "
    "top_level_structure_color, native_x, native_y, native_z, hemisphere, batch, age, "
    "sex, gender, race, ethnicity, pmi, rin"
)
NO_GENES = frozenset(_NO_GENES.split(", "))
UNNAMED_INDEX = re.compile(r"unnamed(:_?\d+)?(_level_\d+)?")
_KIND = {name: kind for kind, text in ALIASES.items() for name in text.split(", ")}


def plain(name: str) -> str:
    """A name in lower case, its blanks, dots and hyphens as underscores."""
    return re.sub(r"[\s.\-]+", "_", name.strip().casefold())


def kind_of(name: str) -> str | None:
    """What a column of this name holds; None for a gene or what is not known."""
    return _KIND.get(plain(name))


def aliases_in(header: Iterable[str], kind: str) -> list[str]:
    """The columns that may hold a kind, the likeliest first."""
    order = ALIASES[kind].split(", ")
    near = [name for name in header if kind_of(name) == kind]
    return sorted(near, key=lambda name: order.index(plain(name)))


def is_no_gene(name: str) -> bool:
    """Whether no gene can be meant."""
    key = plain(name)
    return key in _KIND or key in NO_GENES or bool(UNNAMED_INDEX.fullmatch(key))
