"""Settings and samples of a benchmark, from its flags."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from ml_collections import ConfigDict

from inr_jax.run import config
from inr_jax.samples.samples import Samples

PAPER = Path(__file__).parents[2] / "configs" / "paper_per_gene.py"


def settings_of(
    flags: Namespace, tiny: dict, start: ConfigDict | None = None
) -> ConfigDict:
    """The default, or `start`, on an Allen export where the flags have a path.

    Args:
        flags: With `path` and `tiny`.
        tiny: Dotted keys that a tiny run changes.
        start: Changed in place.
    """
    c = config.default() if start is None else start
    if flags.path:
        c.source.name, c.source.path = "allen_export", flags.path
    c.update_from_flattened_dict(tiny if flags.tiny else {})
    return c


def some_genes(samples: Samples, count: int) -> Samples:
    """`count` genes, evenly from the list; 0 takes all."""
    genes = samples.genes
    count = min(count or len(genes), len(genes))
    return samples.keep_genes([genes[k * len(genes) // count] for k in range(count)])
