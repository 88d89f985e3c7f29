"""What an evaluation holds out, and the methods that it compares there."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

from ml_collections import ConfigDict

from inr_jax import progress
from inr_jax.fitting.held_out_fit import make_predictor
from inr_jax.fitting.recipe import Recipe
from inr_jax.run.setting_checks import block_sides
from inr_jax.samples.samples import Samples
from inr_jax.samples.structures import in_one_donor
from inr_jax.stats import hold_out
from inr_jax.stats.baselines import (
    ON_TARGETS,
    abagen_baselines,
    baselines,
    structure_baselines,
)
from inr_jax.stats.folds import (
    BLOCKS_MM,
    Folds,
    block_folds,
    block_protocol,
    donor_folds,
    why_no_blocks,
)
from inr_jax.stats.predictor import Predictor

log = logging.getLogger("inr_jax")


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
        kept = {n: m for n, m in self.methods.items() if n not in ON_TARGETS}
        return self._replace(methods=kept)


def protocols_of(
    config: ConfigDict, samples: Samples, models: dict[str, Recipe]
) -> tuple[dict[str, Protocol], dict[str, str]]:
    """The protocols that can be done, by name; why others can not, for the summary."""
    sides_mm = block_sides("config.evaluate.blocks_mm", config.evaluate.blocks_mm)
    place = models["place"]
    compared = config.compare.enabled
    reason = hold_out.why_no_donors(samples)
    if not reason:
        structure = models.get("structure") if config.anatomy.enabled else None
        protocols = _of_donors(place, structure, samples, compared)
        return protocols | _of_blocks(place, samples, sides_mm, compared), {}
    protocols = _of_blocks(place, samples, sides_mm or BLOCKS_MM, compared)
    if protocols:
        instead = ", ".join(protocols)
        log.warning("evaluate: no donor is held out, %s: %s instead", reason, instead)
        return protocols, {"no_donor_held_out": reason}
    log.warning("evaluate: skipped, %s: maps come without an error", reason)
    return {}, {"evaluation_skipped": reason}


def _of_donors(
    place: Recipe, structure: Recipe | None, samples: Samples, compared: bool
) -> dict[str, Protocol]:
    folds = donor_folds(samples)
    rows = folds.largest_training()
    protocols = {hold_out.DONOR: Protocol(folds, _methods(place, rows, compared))}
    reason = hold_out.why_no_structures(samples)
    if structure is None or reason:
        reason = reason or "config.anatomy.enabled is False"
        log.info("evaluate: no protocol %s, %s", hold_out.DONOR_STRUCTURE, reason)
        return protocols
    single = int(in_one_donor(samples).sum())
    if single:
        log.info(
            "evaluate: %d of %d wells have a structure of their donor alone; held out, "
            "it was never seen and they are known by its parent",
            single,
            len(samples.well),
        )
    methods = {"inr": make_predictor(structure, rows, on_chunk=_stop_if_asked)}
    methods |= structure_baselines(structure.mirror)
    return {**protocols, hold_out.DONOR_STRUCTURE: Protocol(folds, methods, named=True)}


def _of_blocks(
    place: Recipe, samples: Samples, sides_mm: Sequence[float], compared: bool
) -> dict[str, Protocol]:
    parted = {}
    for side_mm in sides_mm:
        name = block_protocol(side_mm)
        folds = block_folds(samples, side_mm, mirror=place.mirror)
        reason = why_no_blocks(folds)
        if reason:
            log.warning("evaluate: no protocol %s, %s", name, reason)
        else:
            parted[name] = folds
    if not parted:
        return {}
    rows = max(folds.largest_training() for folds in parted.values())
    methods = _methods(place, rows, compared)  # one program for all sides
    return {name: Protocol(folds, methods) for name, folds in parted.items()}


def _methods(place: Recipe, rows: int, compared: bool) -> dict[str, Predictor]:
    """The INR and the baselines, where coordinates alone are known.

    Args:
        place: The INR's recipe.
        rows: Wells to pad every fold to.
        compared: Whether abagen's interpolations are among the baselines.
    """
    methods = {"inr": make_predictor(place, rows, on_chunk=_stop_if_asked)}
    methods |= baselines(place.mirror)
    return methods | (abagen_baselines() if compared else {})


def _stop_if_asked(*_: object) -> None:
    """Ctrl-C is heard between chunks of a fold's fit, too."""
    progress.safe_point()
