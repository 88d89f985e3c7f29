"""Where values are means over wells: at which places to fit.

inr-jax sweep --config=allen_export --config.source.path=DIR_OR_ZIP \
    --config.source.wells=DIR --sweep=from_supports --workdir=out
"""

from inr_jax.run.sweep.candidates import grid, one_at_a_time


def get_sweep():
    """At places kriged from the wells, as configured, or at the wells with jitter."""
    kriged = one_at_a_time({"fit.steps": [300], "fit.members": [1]})
    return kriged + grid({"fit.places": ["wells"], "fit.jitter_mm": [3.0]})
