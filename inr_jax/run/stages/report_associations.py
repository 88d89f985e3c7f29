"""What the page tells of maps that were compared with all genes (`associate/`)."""

from __future__ import annotations

from pathlib import Path

from inr_jax.errors import InputError
from inr_jax.files import stored
from inr_jax.files.reading import read_bytes
from inr_jax.files.rows import read_csv
from inr_jax.report.association_page import CAPTIONS, AssociationShown, shown
from inr_jax.run.workdir import Workdir

MOST_MAPS = 12  # the page's size is mostly theirs
PNG = b"\x89PNG"
NULLS = {
    "nulls": int,
    "asked": int,
    "trend": str,
    "places": {str: int},
    "strata": {str: {"misfit": float}},
}
FIX = "run inr-jax associate again, or delete its folder"


def associations_of(workdir: Workdir) -> list[AssociationShown]:
    """The maps of a workdir, by name; of more than `MOST_MAPS` the newest.

    Raises:
        InputError: A file of them is damaged.
    """
    if not workdir.associate.is_dir():
        return []
    tables = sorted(
        workdir.associate.glob("*/associations.csv"),
        key=lambda path: path.stat().st_mtime,
        reverse=True,
    )
    return sorted(_shown(path.parent) for path in tables[:MOST_MAPS])


def _shown(folder: Path) -> AssociationShown:
    rows = read_csv(folder / "associations.csv", ("gene", "p_null", "q"), FIX)
    expected = "what inr-jax associate wrote"
    path = folder / "nulls.json"
    nulls = stored.read_json(path, NULLS, expected=expected, fix=FIX)
    pictures = {}
    for name in CAPTIONS:
        if (folder / name).exists():
            pictures[name] = read_bytes(folder / name, "a PNG", fix=FIX)
            if not pictures[name].startswith(PNG):
                fault = {"expected": "a PNG", "found": "another file", "fix": FIX}
                raise InputError(folder / name, **fault)
    return shown(folder.name, rows, nulls, pictures)
