"""O-INR: convolutions over a voxel grid, read off at a place.

Pal et al. 2024, Implicit Representations via Operator Learning (ICML, PMLR 235):
an operator maps one function of space, the encoded coordinates, to another, the
signal, by convolutions. On a grid of g^3 voxels over the unit cube:

    v_0 = (sin(2^k pi u_d), cos(2^k pi u_d)),   v <- sin(w * v + b),
    f(u) = W v(u) + b,

with w 3 x 3 x 3 and zeros around the cube, and v(u) trilinear between voxel centres,
which lie from -1 to 1; outside, the nearest place in the cube. The last convolution is
1 x 1 x 1, so that it may follow the reading. Weights start as in the authors' code, by
PyTorch's default: U(-1/sqrt(27 C), 1/sqrt(27 C)) for C channels, biases too.

The AHBA paper's code (arXiv 2506.11158) convolves along the order of the samples: its
value at a well depends on which wells stand beside it in the table, so it is no
function of space. Here it is one.

What a place has besides coordinates, tissue or a code t, enters after the reading,
point by point: f = W sin(A (v(u), t) + b) + c, of `hidden` sines.

The grid depends on parameters alone. Under vmap over points it is computed once, as
JAX batches nothing that has no batched input. Frequencies above those that the grid
can hold, 2^k < (g - 1) / 2, only alias.
"""

from __future__ import annotations

import itertools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from inr_jax.fields.architectures.layers import linear
from inr_jax.fields.field import COORDINATES, Field, from_module
from inr_jax.fields.numerics.precision import EXACT
from inr_jax.fields.numerics.sine import sine


class Oinr(nn.Module):
    """`depth` convolutions to `channels`, reading, then a pointwise map."""

    outputs: int
    hidden: int
    depth: int
    grid: int
    channels: int
    frequencies: int
    precision: str = EXACT

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Features `(F,)` to values `(outputs,)`."""
        v = jnp.asarray(encoded_grid(self.grid, self.frequencies))
        for layer in range(self.depth):
            # A product, not lax.conv: mapped over networks, that would be a grouped
            # convolution, which takes a CPU two to three times as long.
            v = neighbours(v)
            precision = self.precision if layer else EXACT
            v = sine(linear(self.channels, v.shape[-1], precision=precision)(v))
        read, rest = read_off(v, x[:COORDINATES]), x[COORDINATES:]
        if rest.size:
            read = jnp.concatenate([read, rest])
            read = sine(linear(self.hidden, read.shape[-1])(read))
        return linear(self.outputs, read.shape[-1], precision=self.precision)(read)


def encoded_grid(grid: int, frequencies: int) -> np.ndarray:
    """v_0 `(g, g, g, 6 frequencies)`: sines of the three axes, then cosines."""
    axis = np.linspace(-1, 1, grid)
    u = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    angle = (u[..., None, :] * np.pi * 2.0 ** np.arange(frequencies)[:, None]).reshape(
        grid, grid, grid, 3 * frequencies
    )
    return np.concatenate([np.sin(angle), np.cos(angle)], -1).astype(np.float32)


def neighbours(v: jax.Array) -> jax.Array:
    """`(g, g, g, C)` to `(g, g, g, 27 C)`: a voxel's cube of 3^3, zero outside."""
    g = v.shape[0]
    padded = jnp.pad(v, [(1, 1)] * 3 + [(0, 0)])
    cube = [
        padded[i : i + g, j : j + g, k : k + g]
        for i, j, k in itertools.product(range(3), repeat=3)
    ]
    return jnp.concatenate(cube, axis=-1)


def read_off(v: jax.Array, u: jax.Array) -> jax.Array:
    """v `(g, g, g, C)` at a place `(3,)` of the unit cube, trilinear, `(C,)`."""
    g, channels = v.shape[0], v.shape[-1]
    place = (jnp.clip(u, -1.0, 1.0) + 1) / 2 * (g - 1)
    low = jnp.clip(jnp.floor(place), 0, g - 2)
    start = (*low.astype(jnp.int32), 0)
    cell = jax.lax.dynamic_slice(v, start, (2, 2, 2, channels))
    for share in place - low:
        cell = (1 - share) * cell[0] + share * cell[1]
    return cell


def make(
    *,
    features: int,
    outputs: int,
    hidden: int,
    depth: int,
    grid: int,
    channels: int,
    frequencies: int,
    precision: str = EXACT,
) -> Field:
    """An O-INR as a `Field`; the authors' volumes: 64 to 128 channels, depth 4."""
    module = Oinr(outputs, hidden, depth, grid, channels, frequencies, precision)
    return from_module(module, features)
