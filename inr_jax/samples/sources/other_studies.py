"""Exports of the Allen Institute's other human studies, told from the microarray's."""

from __future__ import annotations

from pathlib import Path

from inr_jax.errors import InputError
from inr_jax.samples.sources.archive import holds, read_members

CONTENTS = "Contents.txt"
# A study; files that only its downloads have; words that only its Contents.txt has.
STUDIES = (
    (
        "BrainSpan (the developing human brain)",
        ("columns_metadata.csv", "expression_matrix.csv", "rows_metadata.csv"),
        ("brainspan", "developing human brain"),
    ),
    (
        "the Aging, Dementia and TBI study",
        ("columns-samples.csv", "fpkm_table_normalized.csv", "rows-genes.csv"),
        ("aging, dementia", "traumatic brain injury"),
    ),
)


def check_study(path: str | Path) -> None:
    """Refuse a download of another study, whose samples are no wells of the atlas.

    Raises:
        InputError: It is one; names the study.
    """
    text = _contents(path)
    for study, files, words in STUDIES:
        if holds(Path(path), files) or any(word in text for word in words):
            raise InputError(
                path,
                expected="an export of the adult human microarray search "
                "(human.brain-map.org/microarray/search)",
                found=f"one of {study}",
                fix="its samples have no places in MNI space; with places of your "
                "own give them as a table, --config.source.name=table",
            )


def _contents(path: str | Path) -> str:
    """Contents.txt in lower case; "" where there is none that can be read."""
    try:
        member = read_members(path, (CONTENTS,))[CONTENTS]
    except InputError:
        return ""
    return member.data.decode("utf-8", "replace").lower()
