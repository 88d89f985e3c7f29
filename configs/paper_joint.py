"""The joint recipe of arXiv 2506.11158, as it is; hours on a CPU, made for a GPU.

One SIREN of 12 x 512 for all genes, omega 30, Adam 1e-4 falling by .9 every 1,000
steps, 10,000 steps on all wells and genes; 27 inputs: x, y, z, tissue class, the
gene's spectral position and 11 sin/cos pairs of it.
"""

from inr_jax.run import config


def get_config():
    """The paper's joint recipe; choose a source on the command line."""
    c = config.default()
    c.inputs.mirror = False
    c.inputs.tissue = "class"
    c.inputs.box = "joint"
    c.field.hidden = 512
    c.field.depth = 12
    c.field.omega = 30.0
    c.conditioning.name = "concat"
    c.conditioning.order = "spectral"
    c.conditioning.frequencies = 11
    c.fit.steps = 10_000
    c.fit.learning_rate = 1e-4
    c.fit.decay = 0.9
    c.fit.decay_steps = 1000
    c.fit.places = "wells"
    c.fit.jitter_mm = 0.0
    c.fit.targets = "wells"
    c.fit.members = 1
    c.fit.scale = "minmax"
    c.anatomy.enabled = False
    c.render.chunk = 512  # times G genes through 12 x 512
    return c
