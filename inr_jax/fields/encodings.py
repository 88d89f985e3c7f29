"""Sinusoidal features of a scalar."""

from __future__ import annotations

import jax.numpy as jnp


def fourier(position: jnp.ndarray, frequencies: int) -> jnp.ndarray:
    """sin and cos of 2^k pi s for k = 0 .. frequencies - 1.

    Args:
        position: `()` a scalar s, usually in [0, 1].
        frequencies: Number of pairs; the paper takes 11, 2^0 to 2^10.

    Returns:
        `(2 * frequencies,)`: the sines, then the cosines. Mildenhall et al. 2020
        (arXiv 2003.08934), equation 4.
    """
    angle = jnp.pi * 2.0 ** jnp.arange(frequencies, dtype=jnp.float32) * position
    return jnp.concatenate([jnp.sin(angle), jnp.cos(angle)])
