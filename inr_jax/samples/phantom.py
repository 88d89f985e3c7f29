"""A synthetic brain with a known answer at every voxel, sampled at the real wells.

The truth of gene g at a point x with tissue (grey, white):

    mean_g + sum_r loading_rg pattern_r(folded(x)) + contrast_g (grey - white) / 2
           + effect_sg

Nouns:
    pattern: a smooth random field, the same for all genes, left as right; a draw
        from a Gaussian process with kernel exp(-d^2 / (2 gradient_mm^2)), made of
        waves (Rahimi and Recht, Random features for large-scale kernel machines,
        NeurIPS 2007), less its mean over the brain.
    loading: how much of a pattern a gene has; few patterns make the genes low rank.
    effect: what a gene has more in region s of the Desikan-Killiany atlas that
        folded(x) lies in; 0 outside all regions.
    contrast: what a gene has more in grey matter than in white; as sharp as the
        tissue maps.

Each random quantity has its own stream of numbers, gene after gene: the same seed
gives the same bits, and fewer genes are the first of the many.

Axis letters: G genes, N wells, V points, R patterns, W waves, D = 3.
Frame: x_mm (MNI152 RAS, mm). Values are in expression units, as log2 intensities.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from inr_jax.brain.atlas import desikan_killiany
from inr_jax.brain.label_images import region_at
from inr_jax.brain.space import HEAD_HIGH_MM, HEAD_LOW_MM, folded
from inr_jax.brain.template import brain_mask, tissue_at
from inr_jax.errors import InputError
from inr_jax.samples.ahba.wells import DONOR_BLOCKS, wells
from inr_jax.samples.gene_blocks import VALUES, gene_blocks
from inr_jax.samples.phantom_names import names_of
from inr_jax.samples.phantom_names import risk_genes as risk_genes
from inr_jax.samples.samples import Samples, make_samples

WAVES = 256  # the kernel is met to about 1 / sqrt(2 WAVES) = .04
MEAN_RANGE = (5.0, 10.0)  # log2 intensity of a gene that is well above background
CHUNK = 4096  # points at a time, 40 MiB of waves
MOST_GENES = 20_000
BLOCK = 500  # genes measured at a time


class Phantom(NamedTuple):
    """The truth, as arrays.

    Attributes:
        wave: `(W, 3)` wave vectors, rad / mm.
        weight: `(2 W, R)` weights of the waves' cosines, then sines, in a pattern.
        level: `(R,)` mean of a pattern over the brain, taken off.
        loading: `(R, G)` expression units.
        contrast: `(G,)` grey less white, expression units.
        mean: `(G,)` expression units.
        effect: `(L, G)` of regions of `desikan_killiany`, expression units.
        genes: G symbols.
    """

    wave: np.ndarray
    weight: np.ndarray
    level: np.ndarray
    loading: np.ndarray
    contrast: np.ndarray
    mean: np.ndarray
    effect: np.ndarray
    genes: tuple[str, ...]


def make_phantom(
    *,
    seed: int,
    n_genes: int,
    rank: int,
    gradient_mm: float,
    gradient_sd: float,
    tissue_sd: float,
    structure_sd: float = 0.0,
) -> Phantom:
    """Draw a brain.

    Args:
        seed: Not negative.
        n_genes: G, see `names_of`.
        rank: R, patterns that the genes mix.
        gradient_mm: Length scale of the patterns: the standard deviation of their
            Gaussian kernel, mm.
        gradient_sd: Standard deviation over the brain of the sum of a gene's
            patterns; the same for each gene, met to half a percent.
        tissue_sd: Standard deviation of the normal law that contrasts come from.
        structure_sd: Likewise of the effects of regions.

    Raises:
        InputError: `n_genes` is not between 1 and `MOST_GENES`.
    """
    _check_count("phantom.n_genes", n_genes, 1, MOST_GENES)
    genes = names_of(n_genes)
    wave = _stream(seed, "wave").standard_normal((WAVES, 3)) / gradient_mm
    weight = _stream(seed, "weight").standard_normal((rank, 2 * WAVES)).T
    weight /= np.sqrt(WAVES)
    loading = _stream(seed, "loading").standard_normal((n_genes, rank)).T
    mask, grid = brain_mask(3)
    # The patterns are smooth: every fifth voxel tells their mean and spread.
    pattern = _waves(wave, grid.points_mm(mask)[::5]) @ weight
    level = pattern.mean(0)
    blocks = gene_blocks(len(pattern), n_genes, 4 * VALUES)
    sums = ((pattern - level) @ loading[:, block] for block in blocks)
    spread = np.concatenate([of_genes.std(0) for of_genes in sums])
    regions = len(desikan_killiany().names)
    effect = _stream(seed, "structure").standard_normal((n_genes, regions)).T
    effect[0] = 0
    return Phantom(
        wave=wave,
        weight=weight,
        level=level,
        loading=loading * (gradient_sd / spread),
        contrast=tissue_sd * _stream(seed, "contrast").standard_normal(n_genes),
        mean=_stream(seed, "mean").uniform(*MEAN_RANGE, n_genes),
        effect=structure_sd * effect,
        genes=genes,
    )


def keep_genes(phantom: Phantom, columns: list[int]) -> Phantom:
    """The same brain with these genes alone."""
    return phantom._replace(
        loading=phantom.loading[:, columns],
        contrast=phantom.contrast[columns],
        mean=phantom.mean[columns],
        effect=phantom.effect[:, columns],
        genes=tuple(phantom.genes[column] for column in columns),
    )


def truth(phantom: Phantom, x_mm: np.ndarray, tissue: np.ndarray) -> np.ndarray:
    """Expression at points; the same at x and -x where tissue is.

    Args:
        phantom: What `make_phantom` drew.
        x_mm: `(V, 3)` MNI mm; any number, memory is bounded but for the result.
        tissue: `(V, 2)` probability of grey and of white matter.

    Returns:
        `(V, G)` float32, expression units.
    """
    # In float64, so that machines and chunks differ by less than float32 shows.
    x_mm, tissue = np.asarray(x_mm, np.float64), np.asarray(tissue, np.float64)
    values = np.empty((len(x_mm), len(phantom.genes)), np.float32)
    for start in range(0, len(x_mm), CHUNK):
        rows = slice(start, start + CHUNK)
        pattern = _waves(phantom.wave, x_mm[rows]) @ phantom.weight - phantom.level
        grey, white = tissue[rows, :1], tissue[rows, 1:]
        gradient = pattern @ phantom.loading
        step = phantom.contrast * (grey - white) / 2
        if phantom.effect.any():
            step = step + phantom.effect[region_of(x_mm[rows])]
        values[rows] = phantom.mean + gradient + step
    return values


def region_of(x_mm: np.ndarray) -> np.ndarray:
    """`(V,)` rows of the regions that points lie in, left as right; 0 for none."""
    return region_at(desikan_killiany(), folded(np.asarray(x_mm, np.float64)))


def sample_phantom(
    phantom: Phantom,
    *,
    seed: int,
    n_wells: int,
    donor_sd: float,
    noise_sd: float,
    registration_mm: float,
    named: bool = False,
) -> Samples:
    """Measure the brain as the atlas did.

    The true place of a well is abagen's coordinate. What is returned lies elsewhere,
    by an error of registration that is normal and independent between wells and
    axes (in life that of neighbours is alike), and has the tissue of there; places
    beyond the head, which a few mm do not reach, are moved back to its limits.

    Args:
        phantom: What `make_phantom` drew.
        seed: Not negative; may be the phantom's, the streams differ.
        n_wells: N, evenly spaced rows of the table of wells, so that from 11 on each
            donor has a well.
        donor_sd: Standard deviation of a donor's offset in a gene.
        noise_sd: Standard deviation of the noise of a value.
        registration_mm: Standard deviation of the error in a coordinate, mm.
        named: Whether wells have the structure and parent of their true place, which
            they keep where they are moved; without, or outside all regions, none.

    Returns:
        Samples: truth + offset + noise, expression units.

    Raises:
        InputError: `n_wells` is not between 2 and the number of wells.
    """
    table, n_genes = wells(), len(phantom.genes)
    _check_count("phantom.n_wells", n_wells, 2, len(table.well))
    rows = np.arange(n_wells) * len(table.well) // n_wells
    x_mm, donor = table.x_mm[rows].astype(np.float32), table.donor[rows]
    offset = _stream(seed, "donor").standard_normal((n_genes, len(DONOR_BLOCKS))).T
    block = [[name for name, _ in DONOR_BLOCKS].index(name) for name in donor]
    error = _stream(seed, "registration").standard_normal((n_wells, 3))
    moved = np.clip(x_mm + registration_mm * error, HEAD_LOW_MM, HEAD_HIGH_MM)
    values, tissue = np.empty((n_wells, n_genes), np.float32), tissue_at(x_mm)
    noise = _stream(seed, "noise")
    for start in range(0, n_genes, BLOCK):  # a transcriptome's noise at once is 460 MB
        columns = list(range(start, min(start + BLOCK, n_genes)))
        exact = truth(keep_genes(phantom, columns), x_mm, tissue)
        measured = noise_sd * noise.standard_normal((len(columns), n_wells)).T
        values[:, columns] = exact + donor_sd * offset[:, columns][block] + measured
    structure = parent = None
    if named:
        regions, atlas = region_of(x_mm), desikan_killiany()
        structure = [atlas.names[region] for region in regions]
        parent = [atlas.parents[region] for region in regions]
    return make_samples(
        x_mm=moved,
        values=values,
        genes=list(phantom.genes),
        where="phantom",
        well=table.well[rows],
        donor=list(donor),
        structure=structure,
        parent=parent,
    )


def _waves(wave: np.ndarray, x_mm: np.ndarray) -> np.ndarray:
    """Cosines, then sines, `(V, 2 W)` of the waves at folded(x)."""
    phase = folded(x_mm) @ wave.T
    return np.concatenate([np.cos(phase), np.sin(phase)], axis=-1)


def _stream(seed: int, purpose: str) -> np.random.Generator:
    """Random numbers for one purpose; a new purpose leaves the others' alone."""
    return np.random.default_rng([seed, *purpose.encode()])


def _check_count(where: str, count: int, low: int, high: int) -> None:
    if not low <= count <= high:
        expected = f"{low} to {high}"
        raise InputError(where, expected=expected, found=f"{count}", fix="change it")
