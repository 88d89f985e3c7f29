"""Use a finished run from Python: load a workdir, ask for values at places."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from inr_jax.brain import template
from inr_jax.brain.space import outside_head
from inr_jax.errors import InputError, first_line
from inr_jax.fields import model as render
from inr_jax.fields.inputs import make_places
from inr_jax.fitting import checkpoint, recipe
from inr_jax.run import build, config
from inr_jax.run.consistency import calibration_in
from inr_jax.run.workdir import Workdir
from inr_jax.stats.conformal import Calibration, predictive_sd


class Field(NamedTuple):
    """A fitted model of all genes of a run; call it with places.

    Attributes:
        genes: G symbols, in the order of the columns.
        model: Parameters, inputs, standardiser.
        renderer: The compiled program.
        config: The settings it was fitted with, as JSON.
        calibration: Of the ensemble's spread, where the run was evaluated.
    """

    genes: tuple[str, ...]
    model: render.Model
    renderer: render.Renderer
    config: str
    calibration: Calibration | None = None

    def __call__(
        self, x_mm: np.ndarray, tissue: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Expression at places.

        Args:
            x_mm: `(V, 3)` MNI152 RAS, mm.
            tissue: `(V, 2)` probability of grey and white matter; from the ICBM152
                maps when absent.

        Returns:
            Mean and standard deviation, `(V, G)` float32 each, in the units of the
            source. With a calibration, mean +- 1.645 standard deviations is a 90 %
            interval for a new measurement; without, it is the ensemble's own spread.

        Raises:
            InputError: The places are no `(V, 3)` array of points in a head.
        """
        x_mm = np.asarray(x_mm, np.float32)
        good = x_mm.ndim == 2 and x_mm.shape[1] == 3
        if not good or outside_head(x_mm).any():
            found = "points outside the head" if good else f"shape {x_mm.shape}"
            fix = "give one row of x, y, z a place"
            raise InputError("x_mm", expected="(V, 3) MNI mm", found=found, fix=fix)
        tissue = template.tissue_at(x_mm) if tissue is None else np.asarray(tissue)
        mean, spread = render.render(
            self.renderer, self.model, make_places(x_mm, tissue)
        )
        if self.calibration is None:
            return mean, spread
        return mean, predictive_sd(self.calibration, x_mm, spread)


def load(workdir: str | Path) -> Field:
    """The newest model in a workdir of `inr-jax run` or `inr-jax fit`.

    Raises:
        InputError: There is no checkpoint, it is broken, or the calibration beside it
            is of another fit.
    """
    files = Workdir(Path(workdir))
    folder = files.checkpoints
    meta = checkpoint.read_meta(folder)
    settings, genes = _settings(folder, meta), tuple(meta["genes"])
    plan = build.make_recipe(settings, len(genes))
    bundle = checkpoint.restore(
        folder, recipe.first_state(plan), len(genes), build.code_width(settings)
    )
    model = recipe.make_model(bundle.preprocessing, bundle.state)
    calibration = None
    if files.calibration.exists() and int(bundle.state.step) >= plan.steps:
        made_from = {"genes": genes, "files": meta.get("inputs_sha256", {})}
        calibration = calibration_in(files, settings, **made_from).calibration
    return Field(genes, model, plan.renderer, meta["config"], calibration)


def _settings(folder: Path, meta: dict):
    try:
        return config.from_json(meta["config"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            folder,
            expected="settings that this version of inr_jax can read",
            found=first_line(error),
            fix="load it with the version in provenance.json, or fit again",
        ) from error
