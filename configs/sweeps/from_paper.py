"""The sweeps of arXiv 2506.11158, one changed at a time from its joint recipe.

Made for a GPU; a day or more on a CPU. Fewer genes (--config.source.genes=...), fewer
donors to choose for (--donors=...) and fewer steps make it shorter.

inr-jax sweep --config=paper_joint --config.source.name=allen_export \
    --config.source.path=DIR_OR_ZIP --sweep=from_paper --workdir=out
"""

from inr_jax.run.sweep.candidates import one_at_a_time


def get_sweep():
    """The paper's own ranges, scored on held-out donors."""
    return one_at_a_time(
        {
            "fit.learning_rate": [1e-3, 3e-3, 5e-3, 1e-4, 3e-4, 5e-4],
            "field.hidden": [128, 256, 512],
            "field.depth": [6, 8, 10, 12],
            "conditioning.frequencies": [6, 7, 8, 9, 10, 11],
            "field.omega": [10.0, 20.0, 30.0, 40.0],
        }
    )
