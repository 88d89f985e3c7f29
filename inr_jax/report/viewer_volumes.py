"""Maps of many genes as few volumes and few numbers a gene, small enough for a page.

Maps that are linear in features, F(x) . W(g), are nearly linear in far fewer: the
singular vectors of all maps together. With B the k volumes that hold most of the maps,

    map_g(x) ~ mean_g + scale_g  B(x) . w_g

of which B is kept in whole steps. Maps of any other kind are their own features.

Axis letters: V voxels, R features, G genes, k volumes, n voxels of a check.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# A step is the finest of these shares of a map's scale, or so coarse that rounding adds
# up to a third of what the volumes leave out.
FINEST, THIRD = 0.004, 1 / 3
BOUNDS, NUMBERS = (32, 96), 950_000  # volumes; weights of all genes together
MOST = 32767  # steps that two bytes hold
ROWS = 8192  # voxels at a time
ENOUGH = 20_000  # voxels for a covariance of some hundred features
NOTHING = 1e-10  # of the largest variance


class Volumes(NamedTuple):
    """Maps of G genes as k volumes.

    Attributes:
        levels: `(k, V)` int16; a volume's value is its level times the step.
        step: Share of a map's scale.
        weights: `(G, k)` float32.
        mean: `(G,)` float64, units of the maps.
        scale: `(G,)` float64, units of the maps.
    """

    levels: np.ndarray
    step: float
    weights: np.ndarray
    mean: np.ndarray
    scale: np.ndarray

    def at(self, rows: np.ndarray | slice) -> np.ndarray:
        """What the page shows at some voxels, `(n, G)`, units of the maps."""
        values = self.step * self.levels[:, rows].T
        return self.mean + self.scale * (values @ self.weights.T.astype(np.float64))


def most_volumes(genes: int) -> int:
    """How many volumes a page has room for: less where each has many weights."""
    return int(np.clip(NUMBERS // max(genes, 1), *BOUNDS))


def make_volumes(
    features: np.ndarray,
    weights: np.ndarray,
    *,
    error: float,
    most: int,
    by_mean: bool = False,
) -> Volumes:
    """The fewest volumes that show most genes' maps to an error.

    Args:
        features: `(V, R)`.
        weights: `(G, R)`; maps are `features @ weights.T`.
        error: Root mean square over voxels that half of the genes stay below and 19 of
            20 below its double, as a share of a map's scale.
        most: Bound of k.
        by_mean: Whether a map's scale is its mean, not its standard deviation over
            voxels.
    """
    centre, covariance = _moments(features)
    weights = np.asarray(weights, np.float64)
    mean = weights @ centre
    sd = np.sqrt(np.maximum(((weights @ covariance) * weights).sum(1), 0))
    # What is left of a map without structure is rounding.
    sd[sd <= 1e-6 * np.abs(mean)] = 0
    scale = np.abs(mean) if by_mean else sd
    unit = (
        weights
        * np.divide(sd > 0, scale, out=np.zeros_like(sd), where=scale > 0)[:, None]
    )
    variance, axes = np.linalg.eigh(covariance)
    kept = variance > NOTHING * max(variance.max(initial=0), 1e-300)
    root, axes = np.sqrt(variance[kept]), axes[:, kept]
    parts = root[:, None] * (axes.T @ unit.T)  # (rank, G), orthonormal over voxels
    _, turn = np.linalg.eigh(parts @ parts.T)
    turn = turn[:, ::-1]
    parts = turn.T @ parts
    count = _fewest(parts, error, most)
    rms = np.sqrt((parts[:count] ** 2).mean(1)) if parts.size else np.zeros(count)
    rms = np.maximum(rms, 1e-12)
    to_volumes = (axes / root) @ turn[:, :count] * rms
    step = _step(parts, count)
    levels = _in_steps(features, centre, to_volumes / step)
    kept_weights = (parts[:count] / rms[:, None]).T.astype(np.float32)
    return Volumes(levels, step, kept_weights, mean, scale)


def weights_of_examples(examples: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Weights `(G, R)` that make maps of examples.

    Args:
        examples: `(n, R)` values of R genes' maps at some voxels.
        values: `(n, G)` those of all genes there.
    """
    from scipy.linalg import lstsq

    ones = np.ones((len(examples), 1))
    solution, *_ = lstsq(np.hstack([examples, ones]), values, cond=1e-6)
    return np.asarray(solution, np.float64).T


def agreement(shown: np.ndarray, true: np.ndarray) -> np.ndarray:
    """r `(G,)` between columns of `(n, G)`; 1 where a map is constant."""
    largest = np.abs(true).max(0, initial=0)
    shown, true = shown - shown.mean(0), true - true.mean(0)
    size = np.sqrt((shown**2).sum(0) * (true**2).sum(0))
    flat = np.abs(true).max(0, initial=0) <= 3e-6 * largest
    r = np.divide((shown * true).sum(0), size, out=np.zeros(len(size)), where=size > 0)
    return np.where(flat | (size == 0), 1.0, r)


def _moments(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean `(R,)` and covariance `(R, R)` over voxels, the latter over some of them."""
    centre = features.mean(0, dtype=np.float64)
    sample = features[:: max(1, len(features) // ENOUGH)]
    total = np.zeros((len(centre), len(centre)))
    for first in range(0, len(sample), ROWS):
        part = sample[first : first + ROWS] - centre.astype(np.float32)
        total += part.T @ part
    return centre, total / max(len(sample), 1)


def _fewest(parts: np.ndarray, error: float, most: int) -> int:
    """How many rows of `(rank, G)` leave errors small enough in the others."""
    left = np.sqrt(np.maximum((parts**2).sum(0) - np.cumsum(parts**2, 0), 0))
    most = min(most, len(parts))
    for count in range(1, most):
        errors = left[count - 1]
        if np.median(errors) <= error and np.quantile(errors, 0.95) <= 2 * error:
            return count
    return most


def _step(parts: np.ndarray, count: int) -> float:
    """The step of `count` volumes that leave out the other rows of `(rank, G)`."""
    left = np.sqrt((parts[count:] ** 2).sum(0))
    typical = float(np.median(left)) if left.size else 0.0
    return max(FINEST, THIRD * typical * float(np.sqrt(12 / max(count, 1))))


def _in_steps(
    features: np.ndarray, centre: np.ndarray, to_levels: np.ndarray
) -> np.ndarray:
    """Levels `(k, V)`, `(features - centre) @ to_levels` rounded."""
    levels = np.empty((to_levels.shape[1], len(features)), np.int16)
    turn = to_levels.astype(np.float32)
    for first in range(0, len(features), ROWS):
        rows = slice(first, first + ROWS)
        values = np.rint(((features[rows] - centre.astype(np.float32)) @ turn).T)
        levels[:, rows] = np.clip(values, -MOST, MOST)
    return levels
