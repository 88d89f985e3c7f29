"""The per-gene recipe of arXiv 2506.11158, as it is: it memorises noise.

One SIREN of 5 x 256 for each gene, omega 30, Adam 1e-4, 1,000 steps on all wells,
values min-max scaled; no jitter, no decay, one seed.
"""

from inr_jax.run import config


def get_config():
    """The paper's per-gene recipe; choose a source on the command line."""
    c = config.default()
    c.inputs.mirror = False
    c.inputs.tissue = "class"
    c.inputs.box = "joint"
    c.field.hidden = 256
    c.field.depth = 5
    c.field.omega = 30.0
    c.conditioning.name = "independent"
    c.fit.steps = 1000
    c.fit.learning_rate = 1e-4
    c.fit.places = "wells"
    c.fit.jitter_mm = 0.0
    c.fit.targets = "wells"
    c.fit.members = 1
    c.fit.scale = "minmax"
    c.anatomy.enabled = False
    return c
