"""Learning rate, width, depth, encoding and omega, one changed at a time.

inr-jax sweep --config=allen_export --config.source.path=DIR_OR_ZIP \
    --sweep=from_default --workdir=out
"""

from inr_jax.run.sweep.candidates import grid, one_at_a_time


def get_sweep():
    """From the default, or whatever --config says."""
    one = one_at_a_time(
        {
            "fit.learning_rate": [1e-4, 3e-4, 5e-4, 1e-3, 3e-3, 5e-3],
            "field.hidden": [32, 64, 128, 256],
            "field.depth": [2, 3, 4, 6],
            "field.omega": [2.5, 5.0, 10.0, 20.0, 30.0],
        }
    )
    encodings = {"field.name": ["relu"], "field.frequencies": [1, 2, 3, 4, 5]}
    return one + grid(encodings)
