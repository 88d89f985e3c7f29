"""A store of smooth features and random weights, as large as a transcriptome's."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from inr_jax.maps.factored import Factored, Scales, distinct_places, in_memory
from inr_jax.maps.store import Told, write_store
from inr_jax.maps.write import Canvas
from inr_jax.stats.conformal import Local

MEMBERS, NUMBERS = 6, 65  # as the default network's


def made_store(folder: Path, canvas: Canvas, genes: int) -> None:
    """A store of smooth features and random weights."""
    rng = np.random.default_rng(0)
    x_mm = canvas.grid.points_mm(canvas.mask).astype(np.float32)
    at_mm, row = distinct_places(x_mm, mirror=True)
    wave = rng.normal(0, 0.03, (3, MEMBERS * NUMBERS)).astype(np.float32)
    features = np.append(np.sin(at_mm @ wave), np.ones((len(at_mm), 1), "f"), axis=1)
    weights = rng.normal(size=(genes, features.shape[1])).astype(np.float32)
    ones = np.ones(genes, np.float32)
    local = Local(*(np.ones(len(x_mm), np.float32) for _ in range(2)))
    maps = Factored(
        in_memory(features), row, weights, MEMBERS, Scales(ones, ones, local)
    )
    names = tuple(f"G{gene}" for gene in range(genes))
    scores = (0.5,) * genes
    told = Told(names, names, scores, scores, {}, {"Description": "sd"}, "benchmark")
    write_store(folder, canvas, maps, told)
