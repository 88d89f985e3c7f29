"""A model on its way: begun, fitted, restored; the same for the command and Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from inr_jax.errors import InputError, shortlist
from inr_jax.fitting import checkpoint, fit, fitted_data, recipe
from inr_jax.fitting.checkpoint import Bundle
from inr_jax.fitting.data import FitData
from inr_jax.fitting.recipe import Preprocessing, Recipe
from inr_jax.samples.samples import Samples
from inr_jax.samples.structures import known_structures


def begin(
    plan: Recipe, samples: Samples, *, config: str, files: dict, coordinates: str
) -> tuple[Bundle, FitData]:
    """The state before the first step, and the wells as a fit takes them.

    Programs are compiled, or read from their cache, while targets are worked out.

    Args:
        plan: How to fit.
        samples: All wells.
        config: The settings, as JSON.
        files: Name of each input file to its SHA-256.
        coordinates: Where those of the wells are from.

    Raises:
        InputError: All wells lie at one place.
    """
    meta = {
        "config": config,
        "genes": list(samples.genes),
        "mirror": plan.mirror,
        "tissue": plan.tissue,
        "inputs_sha256": files,
        "coordinates": coordinates,
    }
    preprocessing = recipe.make_preprocessing(plan, samples)
    with ThreadPoolExecutor(1) as aside:
        state = aside.submit(_first_state, plan, preprocessing, samples)
        data, steps = fitted_data.make_data_and_steps(plan, preprocessing, samples)
    return Bundle(state.result(), preprocessing, meta | {"steps": steps}), data


def _first_state(
    plan: Recipe, preprocessing: Preprocessing, samples: Samples
) -> fit.FitState:
    """The state before the first step; with the program of the first steps, if known.

    Over several devices, or of places that are kriged first, it is compiled later.
    """
    state = recipe.first_state(plan)
    if plan.places == "wells" and jax.device_count() == 1:
        outputs = plan.mixtures or len(samples.genes)
        blank = np.zeros((len(samples.well), outputs), np.float32)
        like = fitted_data.pack_wells(plan, preprocessing, samples, blank)
        steps = min(plan.chunk, plan.steps)
        fit.compile_ahead(plan.trainer, state, like, steps)
    return state


def restore(folder: Path, plan: Recipe, samples: Samples) -> Bundle:
    """The newest checkpoint in a folder, of these samples.

    Raises:
        InputError: There is none, it is broken, or of another shape.
    """
    like, genes = recipe.first_shapes(plan), len(samples.genes)
    bundle = checkpoint.restore(
        folder, like, genes, plan.conditioning.code, plan.mixtures
    )
    # The one part that settings give and no checkpoint holds.
    jitter_mm = fit.jitter_of(plan.trainer, len(bundle.state.noise))
    bundle = bundle._replace(state=bundle.state._replace(jitter_mm=jitter_mm))
    if tuple(bundle.meta["genes"]) != samples.genes:
        raise InputError(
            folder,
            expected=f"a fit of the genes of these wells ({shortlist(samples.genes)})",
            found=f"one of {shortlist(bundle.meta['genes'])}",
            fix="give the wells that it was fitted to, or take a new --workdir",
        )
    # Wells say these parts, too.
    preprocessing = bundle.preprocessing
    inputs = recipe.with_conditions(plan, preprocessing.inputs, samples)
    preprocessing = preprocessing._replace(inputs=inputs)
    if plan.sees_structures:
        structures = known_structures(samples)
        preprocessing = preprocessing._replace(structures=structures)
    return bundle._replace(preprocessing=preprocessing)


def is_whole(plan: Recipe, bundle: Bundle) -> bool:
    """Whether all steps have been taken."""
    return int(bundle.state.step) >= bundle.meta.get("steps", plan.steps)


def with_data(plan: Recipe, bundle: Bundle, samples: Samples) -> tuple[Bundle, FitData]:
    """The wells as a fit takes them; how many steps it takes stands in the meta."""
    data, steps = fitted_data.make_data_and_steps(plan, bundle.preprocessing, samples)
    return bundle._replace(meta=bundle.meta | {"steps": steps}), data


def go_on(
    plan: Recipe,
    bundle: Bundle,
    data: FitData,
    on_chunk: Callable[[Bundle, float], None],
) -> tuple[Bundle, fit.FitInfo]:
    """Take the steps that are left.

    Args:
        plan: How to fit.
        bundle: Where to start, with the steps to take; its state is given away.
        data: All wells.
        on_chunk: Called with the bundle and the loss after each chunk of steps.

    Returns:
        The fitted bundle, and losses and times.

    Raises:
        InputError: The loss is not finite.
    """

    def checked(state: fit.FitState, loss: float) -> None:
        _check_loss(loss, int(state.step), data)
        on_chunk(bundle._replace(state=state), loss)

    state, info = fit.fit(
        plan.trainer,
        bundle.state,
        data,
        steps=bundle.meta["steps"],
        chunk=plan.chunk,
        on_chunk=checked,
    )
    return bundle._replace(state=state), info


def _check_loss(loss: float, step: int, data: FitData) -> None:
    if not math.isfinite(loss):
        if not bool(jnp.isfinite(data.targets).all()):
            raise InputError(
                "fit",
                expected="values that 32-bit numbers can hold",
                found="values beyond them once they are standardised",
                fix="look for a cell that is far from all others of its gene",
            )
        raise InputError(
            "fit",
            expected="a finite loss",
            found=f"{loss} by step {step}",
            fix="lower fit.learning_rate, fit.weight_decay or field.omega",
        )
