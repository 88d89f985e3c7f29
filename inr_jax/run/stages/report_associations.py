"""What the page tells of maps that were compared with all genes (`associate/`)."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

from inr_jax.errors import InputError
from inr_jax.files import stored
from inr_jax.files.reading import read_bytes
from inr_jax.files.rows import read_csv
from inr_jax.report.association_page import CAPTIONS, AssociationShown, shown
from inr_jax.run.association import LAST
from inr_jax.run.workdir import Workdir

log = logging.getLogger("inr_jax")
MOST_MAPS = 12  # the page's size is mostly theirs
PNG = b"\x89PNG"
NULLS = {
    "nulls": int,
    "asked": int,
    "trend": str,
    "places": {str: int},
    "strata": {str: {"misfit": float}},
    "files?": {str: str},
}
TABLE = "associations.csv"
FIX = "run inr-jax associate again, or delete its folder"


def associations_of(workdir: Workdir) -> list[AssociationShown]:
    """The maps of a workdir, by name; of more than `MOST_MAPS` the newest.

    Raises:
        InputError: A file of them is damaged.
    """
    if not workdir.associate.is_dir():
        return []
    whole = sorted(
        workdir.associate.glob(f"*/{LAST}"),
        key=lambda path: path.stat().st_mtime,
        reverse=True,
    )
    folders = [path.parent for path in whole]
    for path in sorted(workdir.associate.glob(f"*/{TABLE}")):
        if path.parent not in folders:
            log.warning("report: without %s, which was stopped; %s", path.parent, FIX)
    return sorted(map(_shown, folders[:MOST_MAPS]))


def _shown(folder: Path) -> AssociationShown:
    expected, path = "what inr-jax associate wrote", folder / LAST
    nulls = stored.read_json(path, NULLS, expected=expected, fix=FIX)
    stored.check_signed(path, nulls, fix=FIX)
    names = [name for name in (TABLE, *CAPTIONS) if (folder / name).exists()]
    sums = nulls.get("files")  # an older version noted none
    if sums is not None:
        names = [name for name in (TABLE, *CAPTIONS) if name in sums]
    files = {name: _bytes_of(folder / name, sums) for name in names}
    data = files.pop(TABLE, None)
    rows = read_csv(folder / TABLE, ("gene", "p_null", "q"), FIX, data=data)
    return shown(folder.name, rows, nulls, files)


def _bytes_of(path: Path, sums: dict[str, str] | None) -> bytes:
    """A file of an association, if it is the one that its last file tells of."""
    data = read_bytes(path, "what inr-jax associate wrote", fix=FIX)
    if sums is None:
        right = path.name == TABLE or data.startswith(PNG)
    else:
        right = hashlib.sha256(data).hexdigest() == sums.get(path.name)
    if not right:
        expected = f"the file that {LAST} tells of"
        raise InputError(path, expected=expected, found="another", fix=FIX)
    return data
