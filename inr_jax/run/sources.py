"""The samples of a run: from their source, or as the fit kept their places."""

from __future__ import annotations

import logging
from pathlib import Path

from ml_collections import ConfigDict

from inr_jax.errors import InputError
from inr_jax.files.reading import sha256_of, user_path
from inr_jax.run import build, shards
from inr_jax.run.adapted_folder import with_gene_table
from inr_jax.run.verbs import GO_ON
from inr_jax.run.wells import read_wells
from inr_jax.samples import phantom
from inr_jax.samples.source import Source
from inr_jax.samples.sources import allen_export
from inr_jax.samples.sources.archive import digests, folder_of, read_members

log = logging.getLogger("inr_jax")

FROM_CHECKPOINT = tuple(verb for verb in GO_ON if verb != "compare")  # if need be
# These ask for no measured value, and a source can take minutes to read.
FROM_PLACES = ("regions", "surfaces", "figures")
QUICK = 2**28  # bytes of a file whose digest takes no time to speak of


def read_source(
    config: ConfigDict, wells: Path, verb: str
) -> tuple[Source, phantom.Phantom | None]:
    """Where the wells lie, what was measured, and the phantom that it is of.

    Args:
        config: Settings of the run.
        wells: The file in which its wells are kept, which need not be there.
        verb: What is to be done. Some verbs take the wells from that file and no
            phantom, others do so where the source cannot be read.

    Raises:
        InputError: Bad data, or a damaged file of wells.
    """
    if verb in FROM_PLACES and wells.exists():
        source = read_wells(wells)
        return source._replace(files=digests_now(config, source.files)), None
    brain = build.make_phantom(config) if config.source.name == "phantom" else None
    try:
        source = shards.cut(build.load_source(config, brain), config)
        source = with_gene_table(source, config)
    except InputError as error:
        if verb not in FROM_CHECKPOINT or not wells.exists():
            raise
        log.warning("%s: goes on without the source (%s)", verb, error)
        source = read_wells(wells)
    if brain is not None:
        number = {gene: column for column, gene in enumerate(brain.genes)}
        columns = [number[gene] for gene in source.samples.genes]
        brain = phantom.keep_genes(brain, columns)
    return source, brain


def digests_now(config: ConfigDict, noted: dict[str, str]) -> dict[str, str]:
    """Digests that the fit noted, those of files that lie there now as they are now.

    So that changed data are told, as by verbs that read it. What is gone or large stays
    as it was noted.

    Raises:
        InputError: A zip that holds no export any more.
    """
    if not config.source.path:
        return noted
    path = user_path(config.source.path, "config.source.path")
    if path.is_file() and path.stat().st_size > QUICK:
        return noted
    if config.source.name == "allen_export":
        files, contents = allen_export.FILES, allen_export.CONTENTS
        if path.is_file():  # a zip
            members = read_members(path, files, optional=(contents,))
            return noted | digests(members)
        path = folder_of(path, files) if path.is_dir() else path
    places = {name: path if path.name == name else path / name for name in noted}
    there = {name: place for name, place in places.items() if place.is_file()}
    return noted | {
        name: sha256_of(place)
        for name, place in there.items()
        if place.stat().st_size <= QUICK
    }
