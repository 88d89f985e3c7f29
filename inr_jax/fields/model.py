"""From parameters to values at places, in chunks of one shape under one jit.

Memory is bounded by the chunk: a member's values at a chunk, `(chunk, G)`, and the
activations of one group of networks. Written for the ensemble: mean and standard
deviation over members by Welford's recurrence. Chunks are spread over the devices,
and a chunk is computed while the one before it is copied back.

Axis letters: V voxels, G genes, M networks of K genes (M K = G), E members,
A memberships in structures (0 where a field sees none).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from inr_jax.brain.space import Array
from inr_jax.fields.conditioning import Conditioning
from inr_jax.fields.conditioning.conditioning import rows_of_genes
from inr_jax.fields.field import Params
from inr_jax.fields.inputs import Inputs, Places
from inr_jax.fields.numerics import sharding
from inr_jax.fields.numerics.forks import check_process
from inr_jax.fields.numerics.groups import default_group, map_groups
from inr_jax.samples.gene_blocks import gene_blocks
from inr_jax.samples.standardise import Standardiser

if TYPE_CHECKING:
    from inr_jax.samples.structures import KnownStructures

LEAST = 1024  # voxels a call at least, so that small requests share one program
CALL = 2**22  # values a call, voxels x genes: some arrays of 17 MB


class Model(NamedTuple):
    """All that a prediction needs; what a checkpoint keeps of a fit.

    Attributes:
        params: `{"shared": (E, ...), "genes": (E, G, ...)}`.
        inputs: How a place becomes features, with its box.
        standardiser: Back to the units of the source.
        codes: `(G, C)` gene codes.
        structures: Those of the training wells, where the networks see them.
    """

    params: Params
    inputs: Inputs
    standardiser: Standardiser
    codes: Array
    structures: KnownStructures | None = None

    @property
    def members(self) -> int:
        """E."""
        return len(jax.tree.leaves(self.params)[0])


def keep_genes(model: Model, rows: slice | np.ndarray | list[int]) -> Model:
    """The model of the genes in `rows`, in their order."""
    # Numbers rather than a slice: one program for all slices of a length.
    every = np.arange(len(model.standardiser.scale))
    rows = every[rows]
    if np.array_equal(rows, every):
        return model
    genes = jax.tree.map(lambda leaf: leaf[:, rows], model.params["genes"])
    return model._replace(
        params={**model.params, "genes": genes},
        standardiser=Standardiser(*(part[rows] for part in model.standardiser)),
        codes=model.codes[rows],
    )


def mean_at(conditioning: Conditioning, model: Model, place: Places) -> jax.Array:
    """Expression `(G,)` at one place, mean over members, in the units of the source.

    Pure, for `jax.grad`, `jax.vmap` and `jax.jit`; `render` is for many places.
    """
    features = model.inputs.features(place)
    genes = len(model.standardiser.scale)
    networks = rows_of_genes(model.params, genes // conditioning.networks_of(genes))
    apply = jax.vmap(conditioning.apply, (0, None, None))
    values = apply(networks, model.codes, features)  # (E M, K)
    return model.standardiser.values(values.reshape(-1, genes).mean(0))


def networks_of_members(conditioning: Conditioning, model: Model) -> Params:
    """Parameters `(E, M, ...)`, of each member's networks of K genes."""
    genes = len(model.standardiser.scale)
    networks = conditioning.networks_of(genes)
    return jax.tree.map(
        lambda leaf: leaf.reshape(-1, networks, *leaf.shape[1:]),
        rows_of_genes(model.params, genes // networks),
    )


class Renderer(NamedTuple):
    """A compiled-once program from a model and a chunk of places to values.

    Attributes:
        program: (model, a chunk of places) to mean and standard deviation over
            members, each `(chunk, G)`, in the units of the source.
        chunk: Voxels a call on each device.
        conditioning: The networks.
    """

    program: Callable[[Model, Places], tuple[jax.Array, jax.Array]]
    chunk: int
    conditioning: Conditioning


def make_renderer(conditioning: Conditioning, *, chunk: int, group: int) -> Renderer:
    """A renderer for models of this conditioning, or of a part of their genes.

    Args:
        conditioning: The networks.
        chunk: Voxels a call on each device; bounds the memory.
        group: Of a member's networks, how many are evaluated side by side; 0 takes
            `default_group` of them.
    """

    def program(model: Model, places: Places):
        return _ensemble(conditioning, group, model, places)

    return Renderer(jax.jit(sharding.over_rows(program)), chunk, conditioning)


def _ensemble(
    conditioning: Conditioning, group: int, model: Model, places: Places
) -> tuple[jax.Array, jax.Array]:
    count, genes = len(places.x_mm), len(model.standardiser.scale)
    networks = conditioning.networks_of(genes)
    features = jax.vmap(model.inputs.features)(places)
    apply = jax.vmap(conditioning.apply, (None, None, 0))

    def one_member(params: Params) -> jax.Array:
        def one_network(params: Params) -> jax.Array:
            return apply(params, model.codes, features)

        side_by_side = group or default_group(params, count)
        values = map_groups(one_network, params, networks, side_by_side)  # (M, V, K)
        return values.transpose(1, 0, 2).reshape(count, -1)  # (V, G)

    def welford(carry: tuple, params: Params) -> tuple[tuple, None]:
        members, mean, squares = carry
        change = one_member(params) - mean
        mean = mean + change / (members + 1)
        squares = squares + change**2 * members / (members + 1)
        return (members + 1, mean, squares), None

    params = networks_of_members(conditioning, model)
    zero = jnp.zeros((count, genes))
    (members, mean, squares), _ = jax.lax.scan(welford, (0.0, zero, zero), params)
    spread = jnp.sqrt(squares / jnp.maximum(members - 1, 1))
    scale, offset = model.standardiser.scale, model.standardiser.offset
    return mean * scale[None] + offset[None], spread * scale[None]


def render(
    renderer: Renderer,
    model: Model,
    places: Places,
    *,
    on_chunk: Callable[[int], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Evaluate a model at any number of places.

    Args:
        renderer: The compiled program.
        model: What to evaluate.
        places: V places; with memberships for a field that sees them.
        on_chunk: Called with the number of voxels done after each chunk, counted anew
            for each block of genes where they are too many for one.

    Returns:
        Mean and standard deviation (0 with one member) over the ensemble, `(V, G)`
        float32 each, in the units of the source.
    """
    shape = len(places.x_mm), len(model.standardiser.scale)
    # A gene's values in one piece, as they are written.
    mean, spread = (np.empty(shape, np.float32, order="F") for _ in range(2))
    blocks = gene_blocks(call_size(renderer.chunk, shape[0]), shape[1], CALL)
    if len(blocks) == 1:
        render_into((mean, spread), renderer, model, places, on_chunk=on_chunk)
        return mean, spread
    for block in blocks:
        # The last one is as long as the others, which share one program.
        block = slice(block.stop - min(block.stop, blocks[0].stop), block.stop)
        out, part = (mean[:, block], spread[:, block]), keep_genes(model, block)
        render_into(out, renderer, part, places, on_chunk=on_chunk)
    return mean, spread


def render_into(
    out: tuple[np.ndarray, np.ndarray],
    renderer: Renderer,
    model: Model,
    places: Places,
    *,
    on_chunk: Callable[[int], None] | None = None,
) -> None:
    """Evaluate a model at V places; `out` takes mean and spread `(V, G)`."""
    check_process()
    total = len(places.x_mm)
    size = call_size(renderer.chunk, total)
    model = sharding.replicated(jax.tree.map(jnp.asarray, model))
    waiting: list[tuple[slice, tuple]] = []

    def read(rows: slice, values: tuple[jax.Array, jax.Array]) -> None:
        for array, value in zip(out, values, strict=True):
            array[rows] = sharding.local(value)[: rows.stop - rows.start]
        if on_chunk is not None:
            on_chunk(rows.stop)

    for first in range(0, total, size):
        rows = slice(first, min(first + size, total))
        missing = ((0, size - (rows.stop - first)), (0, 0))
        chunk = jax.tree.map(
            lambda array, m=missing: np.pad(np.float32(array), m, mode="edge"),
            places.take(rows),
        )
        waiting.append((rows, renderer.program(model, sharding.rows_split(chunk))))
        if len(waiting) == 2:
            read(*waiting.pop(0))
    for rows, values in waiting:
        read(rows, values)


def call_size(chunk: int, total: int) -> int:
    """Voxels a call: the chunk on every device, less where that is far too many."""
    enough = max(LEAST, 1 << (total - 1).bit_length())
    return min(chunk * sharding.count(), sharding.rounded_up(enough))
