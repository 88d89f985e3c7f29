"""From a config to the objects it describes: samples, recipe, grid.

The only place, with `pipeline`, that reads a config; what it makes has none.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from ml_collections import ConfigDict

from inr_jax.brain import template as template_module
from inr_jax.brain.space import Grid
from inr_jax.brain.volumes import read_mask
from inr_jax.fields import model
from inr_jax.fields.architectures import make_field, settings_of
from inr_jax.fields.conditioning import (
    Conditioning,
    StructureEmbedding,
    make_conditioning,
    with_structures,
)
from inr_jax.fields.inputs import feature_count
from inr_jax.fitting import fit
from inr_jax.fitting.optimizer import make_adam
from inr_jax.fitting.recipe import Recipe
from inr_jax.samples import phantom, sources
from inr_jax.samples.ahba.options import AbagenOptions, abagen_options
from inr_jax.samples.ahba.wells import COORDINATES
from inr_jax.samples.checks import pick_genes
from inr_jax.samples.samples import Samples
from inr_jax.samples.source import Source, counts


def load_source(config: ConfigDict) -> Source:
    """The samples that `config.source` names, with tissue at every well."""
    settings = config.source
    genes = tuple(name.strip() for name in settings.genes.split(",") if name.strip())
    if settings.name == "phantom":
        source = _phantom_source(config, genes)
    elif settings.name == "ahba":
        source = _ahba_source(config, genes)
    else:
        given = {name: settings[name] for name in sources.settings_of(settings.name)}
        source = sources.read(settings.path, settings.name, genes=genes, **given)
    return source


def ahba_options(config: ConfigDict) -> AbagenOptions:
    """abagen's options, as the section `ahba` has them."""
    return abagen_options(**{name: config.ahba[name] for name in AbagenOptions._fields})


def data_dir(config: ConfigDict) -> str:
    """Where the atlas lies; "" for where abagen keeps it."""
    return config.ahba.data_dir or config.source.path


def _ahba_source(config: ConfigDict, genes: tuple[str, ...]) -> Source:
    given = {name: config.ahba[name] for name in sources.settings_of("ahba")}
    source = sources.read(data_dir(config), "ahba", genes=genes, **given)
    if not config.inputs.mirror:
        return source
    # Left and right are one: a copy would lie on its well and count it twice.
    return source._replace(samples=source.samples.originals())


def make_phantom(config: ConfigDict) -> phantom.Phantom:
    """The phantom whose truth the samples of this config come from."""
    settings = config.phantom
    return phantom.make_phantom(
        seed=settings.seed,
        n_genes=settings.n_genes,
        rank=settings.rank,
        gradient_mm=settings.gradient_mm,
        gradient_sd=settings.gradient_sd,
        tissue_sd=settings.tissue_sd,
        structure_sd=settings.structure_sd,
    )


def _phantom_source(config: ConfigDict, genes: tuple[str, ...]) -> Source:
    settings = config.phantom
    samples = phantom.sample_phantom(
        make_phantom(config),
        seed=settings.seed,
        n_wells=settings.n_wells,
        donor_sd=settings.donor_sd,
        noise_sd=settings.noise_sd,
        registration_mm=settings.registration_mm,
        named=settings.named,
    )
    if genes:
        kept = pick_genes(samples.genes, genes, "config.source.genes")
        samples = samples.keep_genes(kept)
    notes = {"warnings": [], **counts(samples), "phantom": settings.to_dict()}
    return Source(samples, {}, COORDINATES, notes)


def make_anatomy_recipe(config: ConfigDict, samples: Samples) -> Recipe:
    """The recipe whose networks also see the structures of these samples."""
    seen, first = config.anatomy, ConfigDict(config.to_dict())
    first.field.update({key: seen[key] for key in ("hidden", "depth", "omega")})
    first.fit.update({key: seen[key] for key in ("steps", "learning_rate")})
    embedding = StructureEmbedding(
        parents=len(samples.parents),
        structures=len(samples.structures),
        **{key: seen[key] for key in ("width", "spread", "scale", "penalty")},
    )
    plan = make_recipe(first, len(samples.genes), embedding)
    return plan._replace(field_steps=seen.field_steps)


def _make_conditioning(
    config: ConfigDict, genes: int, embedding: StructureEmbedding | None, precision: str
) -> Conditioning:
    features = feature_count(config.inputs.tissue)
    inner = make_conditioning(
        config.conditioning.name,
        partial(
            make_field,
            config.field.name,
            precision=precision,
            **_field_settings(config),
        ),
        genes=genes,
        features=features + (embedding.width if embedding else 0),
        code=code_width(config),
        rank=config.conditioning.rank,
    )
    return with_structures(inner, embedding, features) if embedding else inner


def make_recipe(
    config: ConfigDict, genes: int, embedding: StructureEmbedding | None = None
) -> Recipe:
    """Networks, trainer, renderer for G genes; by an embedding they see structures."""
    conditioning, rendered = (
        _make_conditioning(config, genes, embedding, precision)
        for precision in (config.fit.precision, config.render.precision)
    )
    optimizer = make_adam(
        config.fit.learning_rate,
        decay=config.fit.decay,
        decay_steps=config.fit.decay_steps,
        weight_decay=config.fit.weight_decay,
    )
    return Recipe(
        trainer=fit.Trainer(
            conditioning,
            optimizer,
            config.fit.jitter_mm,
            config.fit.members,
            config.fit.batch,
            config.fit.group,
        ),
        renderer=model.make_renderer(
            rendered, chunk=config.render.chunk, group=config.fit.group
        ),
        steps=config.fit.steps,
        chunk=config.fit.chunk,
        seed=config.seed,
        mirror=config.inputs.mirror,
        tissue=config.inputs.tissue,
        box=config.inputs.box,
        scale=config.fit.scale,
        targets=config.fit.targets,
        order=config.conditioning.order if code_width(config) else "",
        frequencies=config.conditioning.frequencies,
        sees_structures=embedding is not None,
    )


def code_width(config: ConfigDict) -> int:
    """C: a gene's position and its Fourier features, where a field takes a code."""
    if config.conditioning.name != "concat":
        return 0
    return 1 + 2 * config.conditioning.frequencies


def _field_settings(config: ConfigDict) -> dict:
    """What the chosen field takes of `config.field`, which serves all of them."""
    return {key: config.field[key] for key in settings_of(config.field.name)}


def make_grid(config: ConfigDict) -> tuple[np.ndarray, Grid, str]:
    """Mask, grid and name of the space that maps are rendered in."""
    if config.render.mask:
        mask, grid = read_mask(config.render.mask)
        return mask, grid, config.render.space or "MNI152"
    mask, grid = template_module.brain_mask(config.render.resolution_mm)
    return mask, grid, config.render.space or template_module.SPACE
