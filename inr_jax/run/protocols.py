"""What an evaluation holds out, and the methods that it compares there."""

from __future__ import annotations

from typing import NamedTuple

from inr_jax.stats.folds import Folds
from inr_jax.stats.predictor import Predictor


class Protocol(NamedTuple):
    """What is held out together, and by which methods it is predicted.

    Attributes:
        folds: Who is held out.
        methods: Predictors by name.
        named: Whether structures are known at what is held out.
    """

    folds: Folds
    methods: dict[str, Predictor]
    named: bool = False

    def plain(self) -> Protocol:
        """Without the baselines that clean the values of every gene first."""
        kept = {n: m for n, m in self.methods.items() if not n.endswith("_targets")}
        return self._replace(methods=kept)
