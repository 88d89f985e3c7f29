"""Maps of a fitted model: blocks of values, and images of them.

Axis letters: V voxels, G genes, K genes of a block. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import nibabel as nib
import numpy as np

from inr_jax.errors import InputError
from inr_jax.fields.between import between
from inr_jax.fields.derivatives import VALUE, make_derivative_renderer
from inr_jax.fields.inputs import make_places
from inr_jax.fields.model import Model, keep_genes, mean_at
from inr_jax.fitting.recipe import Recipe
from inr_jax.maps.calibration import Calibrated
from inr_jax.maps.gene_batches import Block, Slabs, block_size, rendered
from inr_jax.maps.memberships import RegionMemberships
from inr_jax.maps.packing import make_image
from inr_jax.maps.places import slabs_at
from inr_jax.maps.uncertainty import std_maps
from inr_jax.maps.write import Canvas, fill
from inr_jax.samples.gene_names import columns_of

Images = dict[str, nib.Nifti1Image]  # gene -> its map


class Drawable(NamedTuple):
    """What maps need of a fitted model.

    Attributes:
        genes: G symbols.
        recipe: How it is evaluated.
        model: What is evaluated.
        regions: What voxels are members of, where it sees structures.
        calibrated: Of its spread, where donors were held out.
    """

    genes: tuple[str, ...]
    recipe: Recipe
    model: Model
    regions: RegionMemberships | None
    calibrated: Calibrated | None


def places_of(model: Drawable, x_mm: np.ndarray) -> Slabs:
    """What a model sees of points `(V, 3)`, some at a time."""
    recipe, seen = model.recipe, model.recipe.tissue != "none"
    return slabs_at(x_mm, regions=model.regions, mirror=recipe.mirror, sees_tissue=seen)


def blocks_of(
    model: Drawable,
    x_mm: np.ndarray,
    columns: Sequence[int],
    *,
    size: int = 0,
    on_chunk: Callable[..., None] | None = None,
) -> Iterator[Block]:
    """Mean and spread of some genes at voxels `(V, 3)`.

    Args:
        model: What to evaluate.
        x_mm: Voxels.
        columns: The genes; blocks number them in this order.
        size: K; 0 takes as many as fit the budget.
        on_chunk: Called with the number of voxels done.
    """
    part = model.model
    if list(columns) != list(range(len(model.genes))):
        part = keep_genes(part, list(columns))
    return rendered(
        model.recipe.renderer,
        part,
        places_of(model, x_mm),
        voxels=len(x_mm),
        size=block_size(len(x_mm), len(columns), size),
        on_chunk=on_chunk,
    )


def derivative_of(model: Drawable, quantity: str, *, std: bool = False) -> Drawable:
    """The same model with maps of a quantity; its spread is 0, as there is none.

    Args:
        model: What to evaluate.
        quantity: "value", "gradient" or "laplacian" (`fields.derivatives`).
        std: Whether its standard deviation is wanted, too.

    Raises:
        InputError: Another quantity, or a standard deviation that it does not have.
    """
    if std and quantity != VALUE:
        raise InputError(
            "render",
            expected="std=True with quantity='value' alone",
            found=repr(quantity),
            fix="leave std out",
        )
    renderer = make_derivative_renderer(model.recipe.renderer, quantity)
    return model._replace(recipe=model.recipe._replace(renderer=renderer))


def mixes_of(model: Drawable, pair: tuple[str, str], count: int) -> Drawable:
    """Mixes of two genes in even steps, both ends included (`fields.between`).

    Raises:
        InputError: An unknown gene, or genes that share no network.
    """
    ends = columns_of(model.genes, list(pair))
    made = between(model.recipe.conditioning, model.model, ends, count)
    shares = np.linspace(0, 1, count)
    names = tuple(f"{pair[0]}~{pair[1]} {share:.3g}" for share in shares)
    return model._replace(genes=names, model=made, calibrated=None)


def calibrated_of(model: Drawable, columns: Sequence[int]) -> Calibrated | None:
    """The calibration of the genes in `columns`."""
    if model.calibrated is None:
        return None
    part = model.calibrated.calibration.genes(np.asarray(columns))
    return model.calibrated._replace(calibration=part)


def function_of(
    model: Drawable,
    gene: str,
    tissue: Sequence[float] | None = None,
    membership: np.ndarray | None = None,
) -> Callable[[jax.Array], jax.Array]:
    """The mean of a gene as a pure function of x_mm `(3,)`.

    Args:
        model: What to evaluate.
        gene: Its symbol.
        tissue: `(2,)` probability of grey and white matter, held fixed.
        membership: `(A,)` memberships in structures, held fixed.

    Raises:
        InputError: An unknown gene, or what the model sees is missing.
    """
    if model.recipe.tissue != "none" and tissue is None:
        raise _unseen("tissue", "tissue=(grey, white), as in (1.0, 0.0)")
    if model.recipe.sees_structures and membership is None:
        raise _unseen("structures", "membership=")
    part = keep_genes(model.model, columns_of(model.genes, gene))
    fixed = make_places(np.zeros(3), np.asarray(tissue or (0.0, 0.0)), membership)
    conditioning = model.recipe.renderer.conditioning

    def expression(x_mm: jax.Array) -> jax.Array:
        place = fixed._replace(x_mm=jnp.asarray(x_mm, jnp.float32))
        return mean_at(conditioning, part, place)[0]

    return expression


def _unseen(what: str, fix: str) -> InputError:
    found, expected = f"a model that sees {what}", "what the model sees"
    return InputError("function", expected=expected, found=found, fix=f"give {fix}")


def images_of(
    model: Drawable, columns: Sequence[int], canvas: Canvas, *, std: bool
) -> tuple[Images, Images]:
    """Maps of some genes, and of their standard deviation where it is wanted."""
    x_mm = canvas.grid.points_mm(canvas.mask).astype(np.float32)
    members = model.model.members
    predictive, _ = std_maps(calibrated_of(model, columns), x_mm, members=members)
    means: Images = {}
    stds: Images = {}

    def image(values: np.ndarray) -> nib.Nifti1Image:
        return make_image(fill(values, canvas.mask, canvas.outside), canvas.grid)

    for block in blocks_of(model, x_mm, columns):
        if std:
            block = predictive(block)
        for number, column in enumerate(columns[block.genes]):
            means[model.genes[column]] = image(block.mean[:, number])
            if std:
                stds[model.genes[column]] = image(block.spread[:, number])
    return means, stds
