"""The two networks that speed is measured on: the paper's and the default's."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import numpy as np

from inr_jax import fit, render
from inr_jax.conditioning import make_conditioning
from inr_jax.fields import make_field
from inr_jax.inputs import Inputs
from inr_jax.space import Box
from inr_jax.standardise import Standardiser


class Network(NamedTuple):
    """How wide, deep and shared, and what comes in."""

    name: str
    conditioning: str
    hidden: int
    depth: int
    omega: float
    tissue: str
    members: int

    def made(self, genes: int):
        """The conditioning of G genes."""
        sizes = {"hidden": self.hidden, "depth": self.depth, "omega": self.omega}
        maker = partial(make_field, "siren", **sizes)
        return make_conditioning(
            self.conditioning, maker, genes=genes, features=self.features, code=0
        )

    @property
    def features(self) -> int:
        """F."""
        return 5 if self.tissue == "soft" else 3

    def flops(self, genes: int) -> float:
        """Of products, for all genes and members at a point."""
        heads = self.conditioning == "heads"
        hidden = self.features * self.hidden + (self.depth - 1) * self.hidden**2
        last = self.hidden * (genes if heads else 1)
        return 2.0 * (hidden + last) * self.members * (1 if heads else genes)

    def model(self, genes: int) -> render.Model:
        """With weights as they are before the first step."""
        made = self.made(genes)
        keys = jax.random.split(jax.random.key(0), self.members * made.networks)
        params = jax.jit(jax.vmap(made.init))(keys)
        inputs = Inputs(Box(np.zeros(3, np.float32), np.float32(90)), True, self.tissue)
        one = np.ones(genes, np.float32)
        codes = np.zeros((genes, 0), np.float32)
        return render.Model(params, codes, inputs, Standardiser(0 * one, one))

    def trainer(self, genes: int, group: int) -> fit.Trainer:
        """Adam on all wells, with the default's jitter where several members are."""
        adam = fit.make_optimizer(1e-4, decay=1, decay_steps=1, weight_decay=0)
        jitter = 3.0 if self.members > 1 else 0.0
        return fit.Trainer(self.made(genes), adam, jitter, self.members, 0, group, {})


PAPER = Network("paper", "independent", 256, 6, 30.0, "soft", 1)
DEFAULT = Network("default", "heads", 64, 3, 5.0, "none", 6)


def small(network: Network) -> Network:
    """The same kind, for tests."""
    return network._replace(hidden=8, depth=2)


def points(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x_mm, tissue and no memberships of random places in a head."""
    rng = np.random.default_rng(0)
    x_mm = rng.uniform(-80, 80, (count, 3)).astype(np.float32)
    tissue = rng.uniform(0, 1, (count, 2)).astype(np.float32)
    return x_mm, tissue, np.zeros((count, 0), np.float32)
