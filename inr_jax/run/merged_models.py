"""Models, calibrations and held-out predictions of all shards as those of one run.

Where heads are of mixtures, all shards have the same networks and a gene is a column of
the mix: a model of all genes is that of the first shard with all columns. Where each
shard has networks of its own there is no such model, and models stay in the parts.

A calibration holds a local scale, one for all genes, which each shard has made of its
own: the joined one takes their mean over genes. So intervals of a joined model differ a
little from those of the store, where each gene keeps what its shard had.

Axis letters: G genes.
"""

from __future__ import annotations

import logging
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import jax
import numpy as np

from inr_jax.fitting import checkpoint
from inr_jax.fitting.checkpoint import Bundle
from inr_jax.maps.calibration import Calibrated, write_calibration
from inr_jax.maps.held_out_file import HeldOutPredictions, write_held_out
from inr_jax.maps.merged import woven
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.run.held_out import held_out_of
from inr_jax.run.load import load
from inr_jax.run.wells import write_wells
from inr_jax.run.workdir import SUFFIXES, Workdir
from inr_jax.samples.samples import Samples
from inr_jax.samples.standardise import Standardiser

log = logging.getLogger("inr_jax")
SAME = 1e-3  # of the largest weight: what machines may differ by in one trunk


def merge_models(target: Workdir, parts: list[Workdir], config: str) -> list[Path]:
    """Write the models of all shards as one run's, where they share their networks.

    Args:
        target: Where to; models that it has are replaced.
        parts: Shards in their order.
        config: Settings of the whole, as JSON.

    Returns:
        Files of calibrations that were written.

    Raises:
        InputError: A checkpoint or a calibration is damaged, or a file cannot be
            written.
    """
    written = []
    for name in SUFFIXES:
        if any(checkpoint.last_step(p.checkpoints_of(name)) is None for p in parts):
            continue
        models = [load(part.root, name) for part in parts]
        bundle = joined_bundle([model.bundle for model in models], config)
        if bundle is None:
            log.info("merge: shards have %s networks of their own, which stay", name)
            continue
        write_wells(target.wells, models[0].wells._replace(samples=_wells_of(models)))
        shutil.rmtree(target.checkpoints_of(name), ignore_errors=True)
        checkpoint.save(target.checkpoints_of(name), bundle, keep=1)
        calibrations = [model.calibrated for model in models]
        known = [each for each in calibrations if each is not None]
        if len(known) == len(models):
            path = target.calibration_of(name)
            write_calibration(path, joined_calibration(known, config))
            written.append(path)
    return written


def joined_bundle(bundles: list[Bundle], config: str) -> Bundle | None:
    """A fit of all genes; None where shards do not share their networks."""
    first, *others = bundles
    mixes = [bundle.preprocessing.mix for bundle in bundles]
    if any(mix is None for mix in mixes) or not all(
        _alike(first.state.params, bundle.state.params) for bundle in others
    ):
        return None
    each = [bundle.preprocessing for bundle in bundles]
    units = zip(*(part.standardiser for part in each), strict=True)
    genes = woven([np.array(bundle.meta["genes"], object) for bundle in bundles])
    preprocessing = each[0]._replace(
        standardiser=Standardiser(*(woven(list(part)) for part in units)),
        codes=woven([np.asarray(part.codes) for part in each]),
        mix=woven([np.asarray(mix).T for mix in mixes]).T,
    )
    meta = first.meta | {"config": config, "genes": genes.tolist()}
    return Bundle(first.state, preprocessing, meta)


def joined_calibration(parts: list[Calibrated], config: str) -> Calibrated:
    """A calibration of all genes: sigma and q of each, and of h the mean over genes."""
    each = [part.calibration for part in parts]
    share = np.array([len(part.genes) for part in parts], float)
    share /= share.sum()

    def mean(values: list) -> Any:
        return sum(s * np.asarray(v) for s, v in zip(share, values, strict=True))

    widths = Counter(float(shard.width_mm) for shard in each)
    calibration = each[0]._replace(
        residual_sd=woven([shard.residual_sd for shard in each]),
        quantile=woven([shard.quantile for shard in each]),
        squared_residual=mean([shard.squared_residual for shard in each]),
        matter_factor=mean([shard.matter_factor for shard in each]),
        width_mm=min(widths, key=lambda width: (-widths[width], width)),
    )
    return parts[0]._replace(
        calibration=calibration,
        genes=tuple(woven([np.array(part.genes, object) for part in parts])),
        coverage={
            name: row | {"coverage": _share(parts, "coverage", name, mean)}
            for name, row in parts[0].coverage.items()
        },
        matters={
            name: row | {"coverage": _share(parts, "matters", name, mean)}
            for name, row in parts[0].matters.items()
        },
        config=config,
    )


def _share(parts: list[Calibrated], table: str, name: str, mean: Any) -> float | None:
    """What intervals of all genes covered, of a part of the brain or a matter."""
    shares = [getattr(part, table)[name]["coverage"] for part in parts]
    return None if None in shares else round(float(mean(shares)), 4)


def merge_held_out(target: Path, parts: list[Workdir], protocols: list[str]) -> bool:
    """Write held-out predictions of all genes, of protocols that all shards kept.

    Raises:
        InputError: They are not those that an evaluation noted, or damaged.
    """
    whole = {}
    for protocol in protocols:
        each = [held_out_of(part, protocol) for part in parts]
        known = [wells for wells in each if wells is not None]
        if len(known) == len(parts):
            whole[protocol] = joined_held_out(known)
    if whole:
        write_held_out(target, whole)
    return bool(whole)


def joined_held_out(parts: list[HeldOutPredictions]) -> HeldOutPredictions:
    """Predictions of all genes from those of shards."""
    names = ("value", "prediction", "sd")
    tables = {name: woven([getattr(p, name).T for p in parts]).T for name in names}
    genes = tuple(woven([np.array(part.genes, object) for part in parts]))
    return parts[0]._replace(genes=genes, **tables)


def _wells_of(models: list[ExpressionModel]) -> Samples:
    """The wells with the genes of all shards; without expression."""
    samples = models[0].wells.samples
    genes = tuple(woven([np.array(m.genes, object) for m in models]))
    unknown = np.broadcast_to(np.float32(np.nan), (len(samples.well), len(genes)))
    arrays = {field: getattr(samples, field) for field in samples.__dataclass_fields__}
    return Samples(**arrays | {"values": unknown, "genes": genes})


def _alike(params: Any, others: Any) -> bool:
    """Whether two trees of parameters are of the same networks."""
    pairs = zip(jax.tree.leaves(params), jax.tree.leaves(others), strict=True)
    return all(
        np.shape(leaf) == np.shape(twin)
        and float(abs(np.asarray(leaf) - twin).max()) <= SAME * float(abs(leaf).max())
        for leaf, twin in pairs
    )
