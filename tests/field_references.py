"""Slow NumPy versions of the fields, one point and one unit at a time, float64.

Each takes the parameters of a linen module, `params["params"]`, a place `(F,)` and the
field's settings, and gives the values `(K,)`. Complex weights are complex numbers here.
"""

from __future__ import annotations

import itertools
import math

import numpy as np


def dense(layer, x: np.ndarray) -> np.ndarray:
    """W x + b."""
    kernel, bias = np.float64(layer["kernel"]), np.float64(layer["bias"])
    return np.array([kernel[:, j] @ x + bias[j] for j in range(len(bias))])


def complex_dense(layer, z: np.ndarray) -> np.ndarray:
    """W z + b of complex numbers."""
    real, imaginary = np.float64(layer["kernel"])
    kernel = real + 1j * imaginary
    bias = np.float64(layer["bias"]).reshape(2, -1)
    bias = bias[0] + 1j * bias[1]
    return np.array([kernel[:, j] @ z + bias[j] for j in range(len(bias))])


def last_complex(layer, z: np.ndarray) -> np.ndarray:
    """Re(W z + b): W = P - i Q where the layer keeps P above Q."""
    upper, lower = np.split(np.float64(layer["kernel"]), 2)
    kernel = upper - 1j * lower
    return (kernel.T @ z + np.float64(layer["bias"])).real


def siren(p, x, *, hidden, depth, omega):
    for layer in range(depth):
        x = np.sin(omega * dense(p[f"Dense_{layer}"], x))
    return dense(p[f"Dense_{depth}"], x)


def wire(p, x, *, hidden, depth, omega, scale):
    z = dense(p["Dense_0"], x)
    for layer in range(depth):
        if layer:
            z = complex_dense(p[f"ComplexLinear_{layer - 1}"], z)
        z = np.exp(1j * omega * z - abs(scale * z) ** 2)
    return last_complex(p["Dense_1"], z)


def wire2d(p, x, *, hidden, depth, omega, scale):
    z, z1, z2 = None, dense(p["Dense_0"], x), dense(p["Dense_1"], x)
    for layer in range(depth):
        if layer:
            z1 = complex_dense(p[f"ComplexLinear_{2 * layer - 2}"], z)
            z2 = complex_dense(p[f"ComplexLinear_{2 * layer - 1}"], z)
        window = np.exp(-(scale**2) * (abs(z1) ** 2 + abs(z2) ** 2))
        z = np.exp(1j * omega * z1) * window
    return last_complex(p["Dense_2"], z)


def gauss(p, x, *, hidden, depth, sigma):
    for layer in range(depth):
        x = np.exp(-(dense(p[f"Dense_{layer}"], x) ** 2) / (2 * sigma**2))
    return dense(p[f"Dense_{depth}"], x)


def mfn(p, x, *, hidden, depth, **_):
    def filters(g):
        gamma, phi = np.float64(g["gamma"]), np.float64(g["phi"])
        mu, omega = np.float64(g["mu"]), np.float64(g["omega"])
        return np.array(
            [
                math.exp(-gamma[j] / 2 * sum((x - mu[:, j]) ** 2))
                * math.sin(omega[:, j] @ x + phi[j])
                for j in range(hidden)
            ]
        )

    def of_layer(layer):
        mine = slice(layer * hidden, (layer + 1) * hidden)
        return {key: value[..., mine] for key, value in p["Filters_0"].items()}

    z = filters(of_layer(0))
    for layer in range(1, depth):
        z = dense(p[f"Dense_{layer - 1}"], z) * filters(of_layer(layer))
    return dense(p[f"Dense_{depth - 1}"], z)


def relu(p, x, *, hidden, depth, frequencies):
    encoded = list(x)
    for u in x[:3]:
        encoded += [math.sin(2**k * math.pi * u) for k in range(frequencies)]
        encoded += [math.cos(2**k * math.pi * u) for k in range(frequencies)]
    x = np.array(encoded)
    for layer in range(depth):
        x = np.maximum(0, dense(p[f"Dense_{layer}"], x))
    return dense(p[f"Dense_{depth}"], x)


def oinr_grid(p, *, depth, grid, frequencies):
    """v `(g, g, g, C)` by explicit sums over neighbours."""
    axis = np.linspace(-1, 1, grid)
    voxels = list(itertools.product(range(grid), repeat=3))
    v = {}
    for voxel in voxels:
        angles = [2**k * math.pi * axis[i] for k in range(frequencies) for i in voxel]
        v[voxel] = np.r_[np.sin(angles), np.cos(angles)]
    for layer in range(depth):
        bias = np.float64(p[f"Dense_{layer}"]["bias"])
        kernel = np.float64(p[f"Dense_{layer}"]["kernel"]).reshape(
            3, 3, 3, -1, len(bias)
        )
        new = {}
        for voxel in voxels:
            total = bias.copy()
            for step in itertools.product((-1, 0, 1), repeat=3):
                other = tuple(np.add(voxel, step))
                if other in v:
                    total += v[other] @ kernel[tuple(np.add(step, 1))]
            new[voxel] = np.sin(total)
        v = new
    return v


def oinr(p, x, *, hidden, depth, grid, channels, frequencies):
    v = oinr_grid(p, depth=depth, grid=grid, frequencies=frequencies)
    place = (np.clip(x[:3], -1, 1) + 1) / 2 * (grid - 1)
    read = sum(
        np.prod([max(0.0, 1 - abs(i - s)) for i, s in zip(voxel, place, strict=True)])
        * value
        for voxel, value in v.items()
    )
    if len(x) > 3:
        read = np.sin(dense(p[f"Dense_{depth}"], np.r_[read, x[3:]]))
        depth += 1
    return dense(p[f"Dense_{depth}"], read)
