"""A fitted model to ask, draw, differentiate and keep; what Python users hold.

Axis letters: V places, G genes. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from inr_jax.fields import model as fields_model
from inr_jax.fields.derivatives import VALUE, derived
from inr_jax.fitting import recipe
from inr_jax.fitting.checkpoint import Bundle
from inr_jax.fitting.recipe import Recipe
from inr_jax.maps.calibration import Calibrated
from inr_jax.maps.canvas import make_canvas
from inr_jax.maps.held_out_file import HeldOutPredictions
from inr_jax.maps.memberships import RegionMemberships
from inr_jax.maps.places import places_at, points
from inr_jax.run import build
from inr_jax.run import config as settings
from inr_jax.run.adapted import Adaptable
from inr_jax.run.adapted_donor import AdaptsToDonors
from inr_jax.run.asking import AskedForMaps
from inr_jax.run.drawn_model import DrawnModel
from inr_jax.run.images import Drawable, derivative_of, function_of, images_of
from inr_jax.run.keep import save_model
from inr_jax.run.regions import make_regions
from inr_jax.run.wells import without_values
from inr_jax.samples.gene_names import columns_of
from inr_jax.samples.source import Source
from inr_jax.stats.conformal import Calibration, predictive_sd


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ExpressionModel(DrawnModel, AskedForMaps, Adaptable, AdaptsToDonors):
    """A fitted model of all genes of a run; call it with places.

    `inr_jax.fit` and `inr_jax.load` make one. It can be pickled.

    Attributes:
        name: "place", or "structure" for the one that also sees structures.
        recipe: How it is fitted and evaluated.
        bundle: Parameters, preprocessing, settings.
        wells: Where the wells lie; expression may be NaN.
        calibrated: Of the ensemble's spread, where donors were held out.
        memberships: From places to memberships in structures; for "structure" alone.
        held_out: What folds predicted, where the run was evaluated.
    """

    name: str
    recipe: Recipe
    bundle: Bundle
    wells: Source
    calibrated: Calibrated | None = None
    memberships: RegionMemberships | None = None
    held_out: HeldOutPredictions | None = None

    @property
    def params(self) -> Any:
        """`{"shared": (E, ...), "genes": (E, G, ...)}`, a pytree, of E members."""
        return self.model.params

    @property
    def config(self) -> str:
        """The settings it was fitted with, as JSON."""
        return self.bundle.meta["config"]

    @property
    def steps(self) -> int:
        """Optimizer steps taken."""
        return int(self.bundle.state.step)

    @property
    def calibration(self) -> Calibration | None:
        """What makes intervals for measurements of the ensemble's spread."""
        return self.calibrated.calibration if self.calibrated else None

    @functools.cached_property
    def model(self) -> fields_model.Model:
        """Parameters, inputs, standardiser: what the researcher's layer takes."""
        return recipe.make_model(self.bundle.preprocessing, self.bundle.state)

    @property
    def drawable(self) -> Drawable:
        """What maps need of it."""
        return Drawable(
            self.genes, self.recipe, self.model, self.memberships, self.calibrated
        )

    def __repr__(self) -> str:
        """Three lines: genes, the model, its wells."""
        genes = ", ".join(self.genes[:4]) + (", ..." if len(self.genes) > 4 else "")
        wells = self.wells.samples
        calibrated = "calibrated" if self.calibrated else "not calibrated"
        members, steps = self.recipe.trainer.members, self.steps
        return (
            f"ExpressionModel of {len(self.genes)} genes ({genes})\n"
            f"  {self.name} model, {members} members, {steps} steps, {calibrated}\n"
            f"  fitted to {len(wells.well)} wells of {len(wells.donors)} donors"
        )

    def __call__(
        self, x_mm: Any, tissue: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Expression at places.

        Args:
            x_mm: `(V, 3)` MNI152 RAS, mm; an array, a list or a frame.
            tissue: `(V, 2)` probability of grey and white matter; from the ICBM152
                maps when absent.

        Returns:
            Mean and standard deviation, `(V, G)` float32 each, in the units of the
            source. With a calibration, mean +- 1.645 standard deviations is a 90 %
            interval for a new measurement; without, it is the ensemble's own spread.

        Raises:
            InputError: The places are no `(V, 3)` array of points in a head.
        """
        x_mm = points(x_mm)
        places = places_at(
            x_mm, tissue, regions=self.memberships, mirror=self.recipe.mirror
        )
        mean, spread = fields_model.render(self.recipe.renderer, self.model, places)
        if self.calibration is None:
            return mean, spread
        return mean, predictive_sd(self.calibration, x_mm, spread)

    def render(
        self,
        genes: str | Iterable[str] | None = None,
        *,
        resolution_mm: int = 2,
        mask: Any = "",
        std: bool = False,
        quantity: str = VALUE,
    ) -> Any:
        """Maps of genes as images in MNI mm.

        Args:
            genes: Symbols; None takes all.
            resolution_mm: Of the ICBM152 brain: 1, 2 or 3.
            mask: A NIfTI image, or its path, to draw in instead of that brain.
            std: Whether maps of the standard deviation are wanted, too.
            quantity: "value"; "gradient", its size, units a mm; or "laplacian", units
                a mm^2. The last two have no standard deviation.

        Returns:
            gene -> nibabel image, 0 outside the mask; with `std` a pair of such
            dicts, of means and of standard deviations.

        Raises:
            InputError: An unknown gene, another resolution, or no mask.
        """
        columns, canvas = (
            columns_of(self.genes, genes),
            make_canvas(mask, resolution_mm),
        )
        drawn = derivative_of(self.drawable, quantity, std=std)
        means, stds = images_of(drawn, columns, canvas, std=std)
        return (means, stds) if std else means

    def function(
        self,
        gene: str,
        *,
        tissue: Sequence[float] | None = None,
        membership: np.ndarray | None = None,
        quantity: str = VALUE,
    ) -> Callable[[jax.Array], jax.Array]:
        """Expression of a gene as a pure function of the place.

        `jax.grad(model.function("APOE"))(x_mm)` is its slope there, a mm. For
        functions of a place that are made by hand, `inr_jax.fields.derivatives.derived`
        gives the quantities.

        Args:
            gene: Its symbol.
            tissue: `(2,)` probability of grey and white matter, held fixed; needed by
                a model that sees tissue.
            membership: `(A,)` memberships in structures, held fixed; needed by a
                model that sees structures.
            quantity: As for `render`.

        Returns:
            x_mm `(3,)` to the ensemble's mean `()`, in the units of the source; for
            `jax.grad`, `jax.vmap` and `jax.jit`.

        Raises:
            InputError: An unknown gene, or what the model sees is missing.
        """
        function = function_of(self.drawable, gene, tissue, membership)
        return derived(function, quantity)

    def save(self, folder: str | Path) -> None:
        """Write what `inr_jax.load` reads and `inr-jax render --workdir` draws.

        Raises:
            InputError: The folder cannot be written, holds such a model, or another
                run is in it.
        """
        save_model(
            folder,
            self.name,
            self.bundle,
            self.wells,
            calibrated=self.calibrated,
            held_out=self.held_out,
        )

    def __reduce__(self) -> tuple:
        """Keep what cannot be made again from settings and wells."""
        state = jax.tree.map(np.asarray, self.bundle.state)
        bundle = self.bundle._replace(state=state)
        kept = (self.name, bundle, self.wells, self.calibrated, self.held_out)
        return make_expression_model, kept


def make_expression_model(
    name: str,
    bundle: Bundle,
    wells: Source,
    calibrated: Calibrated | None = None,
    held_out: HeldOutPredictions | None = None,
) -> ExpressionModel:
    """A model from what is kept of it; the samples' expression is dropped."""
    config = settings.from_json(bundle.meta["config"])
    plan = build.make_model_recipe(config, wells.samples, name)
    regions = make_regions(config, wells.samples) if name == "structure" else None
    kept = without_values(wells)
    return ExpressionModel(name, plan, bundle, kept, calibrated, regions, held_out)
