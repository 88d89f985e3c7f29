"""What lies in what: the Allen Institute's ontology of the human brain.

A structure's path names all that it lies in, from the brain down to itself. Structures
that were sampled on two sides have a child a side, "frontal pole, left", and finer
parts below these, "frontal pole, left, medial aspect"; the web search's resolution
"Structure" is the structure above the sides.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from inr_jax.errors import InputError
from inr_jax.files.rows import read_csv

COLUMNS = ("id", "acronym", "name", "hemisphere", "structure_id_path")
SIDES = ("L", "R")
FIX = "take Ontology.csv out of any donor's download"
# A side in a name: "pulvinar, left", "IV, left, lateral hemisphere", "...,right".
_SIDE = re.compile(r",\s*(left|right)(?=,|$)")


class Structure(NamedTuple):
    """A row of the ontology.

    Attributes:
        name: In full, with its side.
        path: Ids of all that it lies in, from the brain down to itself.
        sided: Whether it is of one side.
    """

    name: str
    path: tuple[int, ...]
    sided: bool


Ontology = dict[int, Structure]  # by id


def read_ontology(where: object, data: bytes) -> Ontology:
    """Ontology.csv.

    Args:
        where: The file, for messages.
        data: Its bytes.

    Raises:
        InputError: It is damaged or lacks a column.
    """
    ontology = {}
    for line, row in enumerate(read_csv(str(where), COLUMNS, FIX, data=data), start=2):
        path = [part for part in row["structure_id_path"].split("/") if part]
        if not row["id"].isdigit() or path[-1:] != [row["id"]]:
            raise InputError(
                f"{where}, line {line}",
                expected="an id, and a structure_id_path that ends in it",
                found=f"{row['id']!r}, {row['structure_id_path']!r}",
                fix=FIX,
            )
        steps = tuple(int(part) for part in path if part.isdigit())
        sided = row["hemisphere"] in SIDES
        ontology[int(row["id"])] = Structure(row["name"], steps, sided)
    return ontology


def without_side(ontology: Ontology, structure: int) -> int:
    """The nearest structure that holds this one and is of no side; itself if none."""
    for above in reversed(ontology[structure].path):
        if above in ontology and not ontology[above].sided:
            return above
    return structure


def name_without_side(name: str) -> str:
    """A structure's name without its side, where no ontology is at hand."""
    return _SIDE.sub("", name)
