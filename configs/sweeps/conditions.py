"""What a network sees beside the place: tissue, the side of the brain, the donor.

inr-jax sweep --config=allen_export --config.source.path=DIR_OR_ZIP \
    --config.source.wells=DIR --sweep=conditions --workdir=out
"""

from inr_jax.run.sweep.candidates import grid

# Cleaned targets and kriged places are the same for all donors and both sides.
WELLS = {"fit.targets": ["wells"], "fit.places": ["wells"], "fit.members": [1]}


def get_sweep():
    """The place alone, and each of the others beside it."""
    return [
        candidate
        for more in (
            {},
            {"inputs.tissue": ["soft"]},
            {"inputs.hemisphere": [True]},
            {"conditioning.donor_width": [4]},
        )
        for candidate in grid(WELLS | more)
    ]
