"""A fitted model as a new donor has it, from a few of the donor's wells.

Axis letters: V places, G genes, K wells of the donor. Frame: x_mm (MNI152 RAS, mm).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from inr_jax.errors import InputError, shortlist
from inr_jax.fields.model import render
from inr_jax.fitting.checkpoint import Bundle
from inr_jax.fitting.donor_latents import adapted_to_donor
from inr_jax.fitting.recipe import Recipe, predict_at
from inr_jax.maps.held_out_file import HeldOutPredictions
from inr_jax.maps.places import places_at, points
from inr_jax.run import config as settings
from inr_jax.run.images import Drawable
from inr_jax.samples.samples import Samples
from inr_jax.samples.source import Source, source_in_python
from inr_jax.stats.new_donor import DonorLatent, donor_latent, donor_prior


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class AdaptedDonor:
    """What a model says of one donor; call it with places.

    Attributes:
        donor: Its name.
        wells: K that it was adapted from.
        penalty: Noise over a donor's deviation, chosen on the model's own donors;
            infinite where these did not gain, and the model stays as it is. The prior
            of the fit, where its networks have latents of donors.
        latent: How genes' maps are mixed (`stats.new_donor`); None where the networks
            themselves have the donor's latent.
        predict: The model.
    """

    donor: str
    wells: int
    penalty: float
    latent: DonorLatent | None
    predict: Callable[..., tuple[np.ndarray, np.ndarray]]

    def __call__(self, x_mm: Any, tissue: np.ndarray | None = None) -> np.ndarray:
        """Expression of the donor at places.

        Args:
            x_mm: `(V, 3)` MNI152 RAS, mm.
            tissue: As for a call of the model.

        Returns:
            `(V, G)` float32 in the units of the source; no standard deviation, as that
            of the model was calibrated on donors that were not adapted to.

        Raises:
            InputError: As for a call of the model.
        """
        mean, _ = self.predict(x_mm, tissue)
        return self.latent.adapted(mean).astype(np.float32) if self.latent else mean

    def __repr__(self) -> str:
        """One line."""
        return f"donor {self.donor}, from {self.wells} wells, penalty {self.penalty:g}"


class AdaptsToDonors:
    """A model in memory that a few wells of a new donor change."""

    name: str
    recipe: Recipe
    bundle: Bundle
    wells: Source
    held_out: HeldOutPredictions | None

    @property
    def drawable(self) -> Drawable:
        """What maps need of the model."""
        raise NotImplementedError

    def adapt_donor(self, samples: Samples) -> AdaptedDonor:
        """The model as a donor has it that it never saw, from K wells of it.

        How donors differ is learned from what the run's evaluation predicted of its
        own donors, each without itself. Networks with latents of donors
        (`conditioning.donor_width`) take the latent that says most of these wells.

        Args:
            samples: K wells of one donor, in the units of the model, of its genes.

        Raises:
            InputError: No donor was held out in the run, the wells are of another
                number of donors than one, or of one of the model's, a gene is missing,
                the model sees structures, or latents are each gene's own.
        """
        wells = source_in_python(samples).samples
        self._check_wells(wells)
        genes = list(self.wells.samples.genes)
        wells = wells.keep_genes(genes)
        if self.recipe.donors:
            return self._by_network(wells)
        held_out = self._predictions()
        columns = [held_out.genes.index(gene) for gene in genes]
        prior = donor_prior(
            held_out.value[:, columns],
            held_out.prediction[:, columns],
            held_out.fold,
            len(wells.well),
        )
        model = self.drawable.model
        there = predict_at(self.recipe.renderer, model, wells.sites()).mean
        latent = donor_latent(prior, wells.values, there)
        donor = wells.donors[wells.donor[0]]
        called: Any = self
        return AdaptedDonor(donor, len(wells.well), prior.penalty, latent, called)

    def _by_network(self, wells: Samples) -> AdaptedDonor:
        """By the latent in the networks."""
        plan, kept = self.recipe, self.bundle.preprocessing
        model = adapted_to_donor(plan, kept, self.bundle.state, wells)
        mirror = plan.mirror

        def predict(x_mm: Any, tissue: np.ndarray | None) -> tuple:
            places = places_at(points(x_mm), tissue, mirror=mirror)
            return render(plan.renderer, model, places)

        donor, count = wells.donors[wells.donor[0]], len(wells.well)
        prior = settings.from_json(self.bundle.meta["config"]).conditioning.donor_prior
        return AdaptedDonor(donor, count, prior, None, predict)

    def _predictions(self) -> HeldOutPredictions:
        """What folds predicted."""
        if self.held_out is None:
            expected, found = "a run whose donors were held out", "none"
            fix = "inr_jax.load a workdir after inr-jax evaluate"
            raise InputError("adapt_donor", expected=expected, found=found, fix=fix)
        return self.held_out

    def _check_wells(self, samples: Samples) -> None:
        """Refuse wells that the model cannot be adapted to."""
        donors = {samples.donors[number] for number in samples.donor}
        known = donors & set(self.wells.samples.donors)
        missing = [g for g in self.wells.samples.genes if g not in samples.genes]
        expected, found, fix = "wells of one donor", "", "adapt to donors one by one"
        if len(donors) != 1:
            found = f"{len(donors)} ({shortlist(sorted(donors))})"
        elif known:
            expected, found = "a donor that the model never saw", shortlist(known)
            fix = "give the donor another name if it is another"
        elif missing:
            expected = "the genes of the model"
            found = f"{len(missing)} missing ({shortlist(missing)})"
            fix = "give their values, or fit a model of the others"
        elif self.name != "place":
            expected, found = "a model of places", "one that sees structures"
            fix = "load the run's model 'place'"
        if found:
            raise InputError("adapt_donor", expected=expected, found=found, fix=fix)
