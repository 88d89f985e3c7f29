"""Shards of the genes: parts that are run apart, without communication, and merged.

Part k of n has the genes k, k + n, k + 2 n ... in the order of the source, after it was
normalised over all genes. Where networks are fitted to mixtures (`fit.mixtures`), the
mixtures of every part are those of all genes, so that all parts have the same features
of places; else each part has networks of its own.
"""

from __future__ import annotations

import dataclasses

from ml_collections import ConfigDict

from inr_jax.errors import InputError
from inr_jax.samples.source import Source

WHERE = "config.source.genes_shard"


def numbers_of(text: str) -> tuple[int, int]:
    """k and n of "k/n".

    Raises:
        InputError: k is more than n.
    """
    part, count = map(int, text.split("/"))
    if part > count:
        fix = "count parts from 1"
        raise InputError(
            WHERE, expected=f"1 to {count} of {count}", found=text, fix=fix
        )
    return part, count


def cut(source: Source, config: ConfigDict) -> Source:
    """The source with the genes of its shard alone; as it is where none is named.

    Raises:
        InputError: There are more parts than genes.
    """
    text, samples = config.source.genes_shard, source.samples
    if not text:
        return source
    part, count = numbers_of(text)
    if count > len(samples.genes):
        raise InputError(
            WHERE,
            expected=f"as many parts as genes at most, {len(samples.genes)}",
            found=text,
            fix="take fewer parts",
        )
    kept = samples.keep_genes(list(samples.genes[part - 1 :: count]))
    if config.fit.mixtures:
        kept = dataclasses.replace(kept, context=samples.values)
    return source._replace(samples=kept)


def in_order(parts: list[list]) -> list:
    """Items of n parts as they were before the cut."""
    total, count = sum(map(len, parts)), len(parts)
    return [parts[number % count][number // count] for number in range(total)]
