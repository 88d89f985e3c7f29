"""The two networks that are measured, at wells of random places.

`paper`: one SIREN of 6 x 256 for each gene, omega 30, Adam 1e-4.
`default`: six of 3 x 64 with an output a gene, omega 5, Adam 1e-3.
Jitter is off, so that others can do the same work. Axis letters: G genes, N wells,
M networks of K outputs, E members.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from inr_jax import fit, fitdata
from inr_jax.batching import default_group
from inr_jax.conditioning import make_conditioning
from inr_jax.fields import make_field
from inr_jax.inputs import Inputs
from inr_jax.space import box_around

NETWORKS = {
    "paper": ({"hidden": 256, "depth": 6, "omega": 30.0}, "independent", 1, 1e-4),
    "default": ({"hidden": 64, "depth": 3, "omega": 5.0}, "heads", 6, 1e-3),
}
FEATURES = 5  # coordinates, grey, white


class Problem(NamedTuple):
    """One network type at one number of genes.

    Attributes:
        trainer: Ours.
        state: Before the first step.
        data: Wells and targets.
        omega: Frequency of the sines.
        rate: Learning rate.
        depth: Hidden layers.
    """

    trainer: fit.Trainer
    state: fit.FitState
    data: fitdata.FitData
    omega: float
    rate: float
    depth: int

    @property
    def layers(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Weights `(E M, n, m)` and biases `(E M, m)` of each layer."""
        tree = self.state.params["params"]
        dense = [tree[f"Dense_{layer}"] for layer in range(self.depth + 1)]
        return [(np.asarray(d["kernel"]), np.asarray(d["bias"])) for d in dense]

    @property
    def networks(self) -> list[list[tuple[np.ndarray, np.ndarray]]]:
        """The same, a list for each network."""
        count = len(self.state.noise)
        return [[(w[m], b[m]) for w, b in self.layers] for m in range(count)]

    @property
    def features(self) -> np.ndarray:
        """`(N, F)` what the networks see."""
        see = jax.vmap(self.data.inputs.features)
        return np.asarray(see(self.data.x_mm, self.data.tissue))

    @property
    def targets(self) -> np.ndarray:
        """`(E M, N, K)`."""
        return np.tile(np.asarray(self.data.targets), (self.trainer.members, 1, 1))


def make(network: str, genes: int, wells: int, precision: str = "float32") -> Problem:
    """Waves and noise at `wells` places, to be fitted by a network of `NETWORKS`."""
    settings, name, members, rate = NETWORKS[network]
    rng = np.random.default_rng(0)
    x_mm = rng.normal(0, 30, (wells, 3)).astype(np.float32)
    wave = np.sin(x_mm @ rng.normal(0, 0.03, (3, genes)))
    maker = partial(make_field, "siren", precision=precision, **settings)
    made = make_conditioning(name, maker, genes=genes, features=FEATURES, code=0)
    group = default_group(members * made.networks, wells, settings["hidden"])
    optimizer = fit.make_optimizer(rate, decay=1, decay_steps=1, weight_decay=0)
    trainer = fit.Trainer(made, optimizer, 0.0, members, 0, group, programs={})
    data = fitdata.pack(
        made,
        Inputs(box_around(x_mm, "cube"), mirror=False, tissue="soft"),
        x_mm=x_mm,
        tissue=rng.uniform(0, 1, (wells, 2)),
        standard=wave + rng.normal(0, 0.5, (wells, genes)),
        codes=np.zeros((genes, 0)),
        rows=wells,
    )
    state = fit.init(trainer, jax.random.key(0))
    return Problem(trainer, state, data, settings["omega"], rate, settings["depth"])


def run_of(problem: Problem, steps: int) -> Any:
    """A run of `steps` steps of ours from the start; gives the last mean loss."""

    def run() -> float:
        state = jax.tree.map(lambda leaf: leaf + 0, problem.state)  # fit takes it over
        _, info = fit.fit(
            problem.trainer, state, problem.data, steps=steps, chunk=steps
        )
        return float(info.losses[-1])

    return run
