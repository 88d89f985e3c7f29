"""What the folds of a run's evaluation predicted, as far as it can be trusted."""

from __future__ import annotations

from inr_jax.errors import InputError
from inr_jax.maps.held_out_file import HeldOutPredictions, read_held_out
from inr_jax.run.consistency import evaluated_files, is_noted
from inr_jax.run.workdir import Workdir
from inr_jax.stats.hold_out import DONOR, DONOR_STRUCTURE

PROTOCOLS = {"place": DONOR, "structure": DONOR_STRUCTURE}  # of models


def held_out_of(workdir: Workdir, protocol: str) -> HeldOutPredictions | None:
    """What an evaluation's folds predicted; None where it had no such protocol.

    Raises:
        InputError: It is not what the evaluation noted, or is damaged.
    """
    path, files = workdir.held_out, evaluated_files(workdir)
    if not path.exists() and path.name not in files:
        return None
    if not is_noted(path, files):
        raise InputError(
            path,
            expected=f"the predictions that {workdir.summary.name} tells of",
            found="others, none, or those of an evaluation that was stopped",
            fix="run inr-jax evaluate again",
        )
    return read_held_out(path, protocol)
