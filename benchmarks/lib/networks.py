"""The two networks that speed is measured on, and random places to see.

`PAPER`: one SIREN of 6 x 256 for each gene, omega 30, Adam 1e-4.
`DEFAULT`: six of 3 x 64 with an output a gene, omega 5, Adam 1e-3.
Jitter is off, so that others can do the same work. Axis letters: G genes, N wells,
V voxels, F features, M networks of K genes, E members.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from inr_jax.brain.space import Box
from inr_jax.fields import model
from inr_jax.fields.architectures import make_field
from inr_jax.fields.conditioning import Conditioning, make_conditioning
from inr_jax.fields.conditioning.conditioning import rows_of_genes
from inr_jax.fields.inputs import Inputs, Places, make_places
from inr_jax.fitting import fit
from inr_jax.fitting.data import FitData, pack
from inr_jax.fitting.optimizer import make_adam
from inr_jax.samples.standardise import Standardiser

FEATURES = 5  # coordinates, grey, white
INPUTS = Inputs(Box(np.zeros(3, np.float32), np.float32(90)), True, "soft")


class Network(NamedTuple):
    """How wide, deep and shared; how it is fitted."""

    name: str
    conditioning: str
    hidden: int
    depth: int
    omega: float
    members: int
    rate: float

    def made(self, genes: int, precision: str = "float32") -> Conditioning:
        """The conditioning of G genes."""
        sizes = {"hidden": self.hidden, "depth": self.depth, "omega": self.omega}
        maker = partial(make_field, "siren", precision=precision, **sizes)
        return make_conditioning(
            self.conditioning, maker, genes=genes, features=FEATURES
        )

    def flops(self, genes: int) -> float:
        """Of products, for all genes and members at a point."""
        heads = self.conditioning == "heads"
        hidden = FEATURES * self.hidden + (self.depth - 1) * self.hidden**2
        last = self.hidden * (genes if heads else 1)
        return 2.0 * (hidden + last) * self.members * (1 if heads else genes)

    def trainer(self, genes: int, precision: str = "float32", group: int = 0):
        """Adam on all wells."""
        made, adam = self.made(genes, precision), make_adam(self.rate)
        return fit.Trainer(made, adam, 0.0, self.members, 0, group)

    def model(self, genes: int) -> model.Model:
        """With weights as they are before the first step."""
        params = fit.init(self.trainer(genes), jax.random.key(0)).params
        params = rows_of_genes(params, genes)
        one = np.ones(genes, np.float32)
        codes = np.zeros((genes, 0), np.float32)
        return model.Model(params, INPUTS, Standardiser(0 * one, one), codes)


PAPER = Network("paper", "independent", 256, 6, 30.0, 1, 1e-4)
DEFAULT = Network("default", "heads", 64, 3, 5.0, 6, 1e-3)


def small(network: Network) -> Network:
    """The same kind, for tests."""
    return network._replace(hidden=8, depth=2)


def points(count: int) -> Places:
    """Random places in a head."""
    rng = np.random.default_rng(0)
    x_mm = rng.uniform(-80, 80, (count, 3)).astype(np.float32)
    tissue = rng.uniform(0, 1, (count, 2)).astype(np.float32)
    return make_places(x_mm, tissue)


def wells_to_fit(trainer: fit.Trainer, genes: int, wells: int) -> FitData:
    """Waves and noise at random places."""
    rng, places = np.random.default_rng(0), points(wells)
    wave = np.sin(places.x_mm @ rng.normal(0, 0.03, (3, genes)))
    return pack(
        trainer.conditioning,
        INPUTS,
        places=places,
        standard=wave + rng.normal(0, 0.5, (wells, genes)),
        codes=np.zeros((genes, 0)),
        rows=wells,
    )


def features_of(places: Places) -> np.ndarray:
    """`(V, F)` what the networks see."""
    return np.asarray(jax.vmap(INPUTS.features)(places))


def layers_of(params: Any, depth: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights `(E M, n, m)` and biases `(E M, m)` of each layer."""
    names = [f"Dense_{layer}" for layer in range(depth + 1)]
    of_genes = params["genes"]["params"]
    if not params["shared"]:
        layers = [(of_genes[n]["kernel"], of_genes[n]["bias"]) for n in names]
        return [
            tuple(np.asarray(a).reshape(-1, *a.shape[2:]) for a in pair)
            for pair in layers
        ]
    trunk, last = params["shared"]["params"], of_genes[names[-1]]
    layers = [(trunk[name]["kernel"], trunk[name]["bias"]) for name in names[:-1]]
    layers.append((last["kernel"].swapaxes(1, 2), last["bias"]))
    return [(np.asarray(w), np.asarray(b)) for w, b in layers]


def one_by_one(layers: list) -> list[list]:
    """The same, a list of layers for each network."""
    return [[(w[m], b[m]) for w, b in layers] for m in range(len(layers[0][0]))]


def run_of(trainer: fit.Trainer, data: FitData, steps: int) -> Any:
    """A run of so many steps of ours from the start; gives the last mean loss."""
    start = fit.init(trainer, jax.random.key(0))

    def run() -> float:
        state = jax.tree.map(lambda leaf: leaf + 0, start)  # the fit takes it over
        _, info = fit.fit(trainer, state, data, steps=steps, chunk=steps)
        return float(info.losses[-1])

    return run
