"""The verbs `fetch` and `genes`: the atlas on this machine, and why a gene is not."""

from __future__ import annotations

import logging

from ml_collections import ConfigDict

from inr_jax.progress import bar
from inr_jax.run import ahba_settings, flags
from inr_jax.samples.ahba import download as fetching
from inr_jax.samples.ahba import dropped_genes, probes
from inr_jax.samples.ahba.cache import open_atlas
from inr_jax.samples.ahba.options import parse_donors
from inr_jax.samples.ahba.wells_download import fetch_wells

log = logging.getLogger("inr_jax")
FLAGS = ("data_dir", "donors", "why", "wells")


def fetch(arguments: list[str]) -> None:
    """Download what is not there yet: donors, or what places values (--wells)."""
    call = flags.parse(arguments, own=FLAGS)
    config = _config(call)
    data_dir = ahba_settings.data_dir(config)
    if call.own["wells"]:
        print(f"wells: {fetch_wells(data_dir)}")
        return
    donors = parse_donors(config.ahba.donors)
    with bar("fetch", 0, unit="B") as tick:
        bytes_of: dict[str, int] = {}

        def on_bytes(donor: str, done: int, total: int) -> None:
            bytes_of[donor] = done
            size = f"{total / 1e6:.0f}" if total else "?"
            note = f"donor {donor}: {done / 1e6:.0f} of {size} MB"
            tick(sum(bytes_of.values()), note)

        files = fetching.fetch(data_dir, donors, on_bytes=on_bytes)
    for donor, paths in files.items():
        print(f"donor {donor}: {paths['microarray']}")


def genes(arguments: list[str]) -> None:
    """Print the fate of the genes that --why names, or counts of all fates."""
    call = flags.parse(arguments, own=FLAGS)
    config = _config(call)
    options = ahba_settings.ahba_options(config)
    atlas = open_atlas(ahba_settings.data_dir(config), options, config.source.wells)
    fates = atlas.fates()
    names = [name.strip() for name in (call.own["why"] or "").split(",")]
    for name in filter(None, names):
        print("\n".join(dropped_genes.explain(fates, name, options)))
    if not any(names):
        lost = dropped_genes.dropped_genes(fates)
        print(f"{len(atlas.genes)} genes in the data, {len(lost)} not:")
        for fate in probes.FATES[1:]:
            if (lost.fate == fate).any():
                print(f"  {int((lost.fate == fate).sum()):>6}  {fate}")
        print("inr-jax genes --why=GENE says more of one")


def _config(call: flags.Call) -> ConfigDict:
    """The settings, with the short flags --data_dir and --donors in them."""
    config = call.config
    for name in ("data_dir", "donors"):
        if call.own[name] is not None:
            config.ahba[name] = call.own[name]
    return config
