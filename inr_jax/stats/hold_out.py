"""Protocols: who is held out, and what is then scored.

Leave one donor out: each donor in turn is predicted from all the others; the folds
are pooled and each gene is scored once, over all wells. A predictor is given the
training samples and the bare sites of the held-out wells (`Sites` has no
expression), so no statistic of a held-out donor can reach training. In the protocol
`donor` the sites have coordinates and tissue alone, in `donor+anatomy` the names of
their structures too. `block20` and the like hold out cubes of space instead of donors,
for samples of one donor (folds.py).

Nouns:
    row: one line of scores.csv, a dict with the keys `COLUMNS`.
Axis letters: N wells, G genes.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable

import numpy as np

from inr_jax.errors import InputError, shortlist
from inr_jax.samples.gene_blocks import is_large
from inr_jax.samples.samples import Samples
from inr_jax.stats.folds import Folds, donor_folds
from inr_jax.stats.predictor import Prediction, Predictor
from inr_jax.stats.scores import Scores, score

DONOR, DONOR_STRUCTURE = "donor", "donor+anatomy"  # protocols
COLUMNS = ("method", "protocol", "gene", "n", "r", "r2", "mse")


def why_no_donors(samples: Samples) -> str | None:
    """Why leave-one-donor-out cannot be done, or None where it can."""
    donors, counts = np.unique(samples.donor, return_counts=True)
    if len(donors) > 1:
        left = len(samples.donor) - counts.max()
        if left > 1:
            return None
        name = samples.donors[donors[counts.argmax()]]
        return f"{left} well is left to learn from without donor {name}"
    name = samples.donors[donors[0]]
    return f"all {len(samples.well)} wells are of one donor ({name})"


def why_no_structures(samples: Samples) -> str | None:
    """Why structures cannot be given to a prediction, or None where they can."""
    named = np.unique(samples.donor[samples.structure >= 0])
    if len(named) > 1:
        return None
    if len(named) == 0:
        return "no well has a structure"
    return f"only wells of donor {samples.donors[named[0]]} have structures"


def leave_one_donor_out(
    predict: Predictor,
    samples: Samples,
    *,
    named: bool = False,
    on_fold: Callable[[str], None] | None = None,
) -> Prediction:
    """Predict every well from the other donors' wells.

    Args:
        predict: The method.
        samples: All N wells.
        named: Whether the sites keep the names of their structures.
        on_fold: Called with a donor's name before it is predicted.

    Returns:
        Held-out predictions `(N, G)` float64 in the units of the samples, in the
        order of the samples; no spread where the method has none.

    Raises:
        InputError: There is one donor only, two donors share a well id, or a
            prediction is not finite.
        ValueError: A prediction has another shape.
    """
    reason = why_no_donors(samples)
    if reason:
        fix = "give samples of two donors or switch evaluation off"
        raise InputError("evaluate", expected="two donors", found=reason, fix=fix)
    return hold_out(
        predict, samples, donor_folds(samples), named=named, on_fold=on_fold
    )


def hold_out(
    predict: Predictor,
    samples: Samples,
    folds: Folds,
    *,
    named: bool = False,
    spread: bool = True,
    on_fold: Callable[[str], None] | None = None,
) -> Prediction:
    """Predict the wells of every fold from all others.

    Args:
        predict: The method.
        samples: All N wells.
        folds: What is held out together.
        named: Whether the sites keep the names of their structures.
        spread: Whether the spread of a method that has one is wanted.
        on_fold: Called with a fold's name before it is predicted.

    Returns:
        As `leave_one_donor_out`, in float32 where genes take several blocks; NaN for
        wells that only train.

    Raises:
        InputError: A well of a fold is also in training, or a prediction is not finite.
        ValueError: A prediction has another shape.
    """
    kind = np.float32 if is_large(*samples.values.shape) else np.float64
    mean = np.full(samples.values.shape, np.nan, kind)
    spreads = np.full_like(mean, np.nan) if spread else None
    for number in folds.numbers():
        name, held = folds.names[number], folds.of == number
        where = f"{folds.kind} {name}"
        _check_apart(samples.well[held], samples.well[~held], where)
        if on_fold:
            on_fold(name)
        sites = samples.take(held).sites()
        if not named:
            sites = sites.unnamed()
        prediction = predict(samples.take(~held), sites)
        shape = (int(held.sum()), len(samples.genes))
        mean[held] = _checked(prediction.mean, shape, where)
        if prediction.spread is None:
            spreads = None
        elif spreads is not None:
            spreads[held] = _checked(prediction.spread, shape, where)
    return Prediction(mean, spreads)


def held_out_scores(
    samples: Samples, predictions: np.ndarray, method: str, protocol: str = DONOR
) -> list[dict]:
    """Score pooled held-out predictions `(N, G)`; one row a gene.

    Mirrored copies are predicted with their wells but not scored: they would count
    the same measurement twice.

    Raises:
        ValueError: `predictions` has another shape than the samples' values.
    """
    originals = ~samples.mirrored
    if predictions.shape != samples.values.shape:
        raise ValueError(
            f"expected predictions of shape {samples.values.shape}, "
            f"found {predictions.shape}"
        )
    values = samples.values
    if not originals.all():
        values, predictions = values[originals], predictions[originals]
    scores = score(values, predictions)
    return score_rows(samples.genes, scores, int(originals.sum()), method, protocol)


def score_rows(
    genes: tuple[str, ...], scores: Scores, n: int, method: str, protocol: str
) -> list[dict]:
    """Scores `(G,)` over `n` wells as rows, one a gene."""
    return [
        {
            "method": method,
            "protocol": protocol,
            "gene": gene,
            "n": n,
            "r": float(r),
            "r2": float(r2),
            "mse": float(mse),
        }
        for gene, r, r2, mse in zip(genes, *scores, strict=True)
    ]


def summarise(rows: list[dict]) -> dict[str, dict[str, dict[str, float]]]:
    """Rows to `{protocol: {method: {r_mean, r2_mean, r_median, r2_median}}}`.

    Protocols and methods stand in the order in which they first appear.
    """
    groups: dict[str, dict[str, list[dict]]] = {}
    for row in rows:
        methods = groups.setdefault(row["protocol"], {})
        methods.setdefault(row["method"], []).append(row)
    return {
        protocol: {method: _means(lines) for method, lines in methods.items()}
        for protocol, methods in groups.items()
    }


def _means(rows: list[dict]) -> dict[str, float]:
    return {
        f"{name}_{how}": function([row[name] for row in rows])
        for how, function in (("mean", statistics.fmean), ("median", statistics.median))
        for name in ("r", "r2")
    }


def _check_apart(held: np.ndarray, training: np.ndarray, where: str) -> None:
    both = np.intersect1d(held, training)
    if len(both):
        raise InputError(
            f"evaluate, {where}",
            expected="well ids of its own",
            found=f"{len(both)} also in training ({shortlist(both)})",
            fix="keep one of each well, or its score would not be held out",
        )


def _checked(predicted: np.ndarray, shape: tuple[int, int], where: str) -> np.ndarray:
    predicted = np.asarray(predicted)
    if predicted.shape != shape:
        raise ValueError(
            f"{where}: expected predictions of shape {shape}, found {predicted.shape}"
        )
    bad = (~np.isfinite(predicted)).sum()
    if bad:
        raise InputError(
            where,
            expected="finite predictions",
            found=f"{bad} of {predicted.size} that are not",
            fix="lower fit.learning_rate, fit.weight_decay or field.omega",
        )
    return predicted
