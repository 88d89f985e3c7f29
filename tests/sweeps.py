"""A few candidates of settings, tiny ones."""

from __future__ import annotations

from inr_jax.run import config

TINY = {"phantom.n_wells": 60, "phantom.n_genes": 3, "field.hidden": 8}
TINY |= {"field.depth": 1, "fit.members": 2, "fit.steps": 20, "fit.chunk": 10}
TINY |= {"fit.places": "wells"}
SOME = [
    {},
    {"fit.steps": 10},
    {"fit.members": 1},
    {"fit.learning_rate": 1e-2, "fit.decay": 0.5, "fit.decay_steps": 10},
    {"fit.targets": "wells", "fit.jitter_mm": 0.0},
]


def tiny(**changes):
    c = config.default()
    c.update_from_flattened_dict({**TINY, **changes})
    return c
