"""From settings to the objects they describe: samples, recipes, the grid of maps."""

from __future__ import annotations

import dataclasses

from ml_collections import ConfigDict

from inr_jax.fields import model
from inr_jax.fields.conditioning import Conditioning, StructureEmbedding
from inr_jax.files.cell_text import listed
from inr_jax.fitting import fit
from inr_jax.fitting.optimizer import make_adam
from inr_jax.fitting.recipe import Recipe
from inr_jax.fitting.smoothness import Smoothness
from inr_jax.maps import canvas
from inr_jax.maps.write import Canvas
from inr_jax.run import networks
from inr_jax.run.ahba_settings import ahba_options, data_dir
from inr_jax.run.sizes import check_networks, mixtures_of
from inr_jax.run.wells import no_source
from inr_jax.samples import phantom, sources
from inr_jax.samples.ahba.wells import COORDINATES
from inr_jax.samples.averages import averaged
from inr_jax.samples.checks import pick_genes
from inr_jax.samples.samples import Samples
from inr_jax.samples.source import Source, counts
from inr_jax.stats import hold_out

KRIGED = 4.0  # times the frequency of sines, where places are kriged
# Settings of a trainer.
TRAINED_BY = ("jitter_mm", "members", "batch", "group", "points", "pairs")


def load_source(config: ConfigDict, brain: phantom.Phantom | None = None) -> Source:
    """The samples that `config.source` names, with tissue at every well.

    Args:
        config: Settings of the run.
        brain: The phantom, where it was made already.

    Raises:
        InputError: Bad or missing data.
    """
    settings = config.source
    genes = tuple(listed(settings.genes))
    if settings.name == "phantom":
        return _phantom_source(config, genes, brain or make_phantom(config))
    if settings.name == "ahba":
        return _ahba_source(config, genes)
    if settings.name == "python":
        raise no_source()
    given = {name: settings[name] for name in sources.settings_of(settings.name)}
    return sources.read(settings.path, settings.name, genes=genes, **given)


def _ahba_source(config: ConfigDict, genes: tuple[str, ...]) -> Source:
    options = ahba_options(config)._asdict()
    given = {"skip_absent": config.ahba.skip_absent, "wells": config.source.wells}
    source = sources.read(data_dir(config), "ahba", genes=genes, **options, **given)
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


def _phantom_source(
    config: ConfigDict, genes: tuple[str, ...], brain: phantom.Phantom
) -> Source:
    settings = config.phantom
    samples = phantom.sample_phantom(
        brain,
        seed=settings.seed,
        n_wells=settings.n_wells,
        donor_sd=settings.donor_sd,
        noise_sd=settings.noise_sd,
        registration_mm=settings.registration_mm,
        named=settings.named,
    )
    samples = averaged(samples, settings.averages)
    if config.source.support == "named":
        samples = dataclasses.replace(samples, support=None)
    if genes:
        kept = pick_genes(samples.genes, genes, "config.source.genes")
        samples = samples.keep_genes(kept)
    notes = {"warnings": [], **counts(samples), "phantom": settings.to_dict()}
    return Source(samples, {}, COORDINATES, notes)


def make_models(config: ConfigDict, samples: Samples) -> dict[str, Recipe]:
    """The recipes of a run by the names of their models.

    "structure" sees the names of structures beside places; it is there where its
    protocol can be evaluated, or its maps are asked for.
    """
    scored = config.anatomy.enabled and not hold_out.why_no_structures(samples)
    names = ["place", "structure"] if scored or config.anatomy.maps else ["place"]
    return {name: make_model_recipe(config, samples, name) for name in names}


def make_model_recipe(config: ConfigDict, samples: Samples, model: str) -> Recipe:
    """The recipe of a model by its name."""
    if model == "structure":
        return make_structure_recipe(config, samples)
    # Kriging's constants are chosen by leaving donors out: a region table has one.
    supports = not (hold_out.why_no_donors(samples) or samples.points().single)
    donors = networks.donors_seen(config, samples)
    return make_recipe(config, len(samples.genes), supports=supports, donors=donors)


def make_recipe(
    config: ConfigDict, genes: int, *, supports: bool = False, donors: int = 0
) -> Recipe:
    """Networks of G genes that see places, with their trainer and renderer.

    Args:
        config: Settings of the run.
        genes: G.
        supports: Whether values are means over several points; kriging between these
            tells what single wells do not (benchmarks/README.md, supports.py).
        donors: D that the networks see.
    """
    networks.check_latents(config, donors)
    places, sides = config.fit.places, config.inputs.hemisphere
    if places == "auto":
        places = "kriged" if supports and not (donors or sides) else "wells"
    field = networks.field_settings(config)
    if places == "kriged" and config.field.name == "siren":
        field["omega"] *= KRIGED  # values without noise bear, and want, more detail
    return _recipe(
        config,
        genes,
        field=field,
        steps=config.fit.steps,
        learning_rate=config.fit.learning_rate,
        places=places,
        donors=donors,
    )


def make_structure_recipe(config: ConfigDict, samples: Samples) -> Recipe:
    """Networks that see structures, too: as in `config.anatomy`, else as the first."""
    settings, field = config.anatomy, networks.field_settings(config)
    field |= {
        key: settings[key] for key in ("hidden", "depth", "omega") if key in field
    }
    return _recipe(
        config,
        len(samples.genes),
        field=field,
        steps=settings.steps,
        learning_rate=settings.learning_rate,
        embedding=StructureEmbedding(
            parents=len(samples.parents),
            structures=len(samples.structures),
            width=settings.width,
            spread=settings.spread,
            scale=settings.scale,
            penalty=settings.penalty,
        ),
        donors=networks.donors_seen(config, samples),
    )._replace(field_steps=settings.field_steps)


def _recipe(
    config: ConfigDict,
    genes: int,
    *,
    field: dict,
    steps: int,
    learning_rate: float,
    embedding: StructureEmbedding | None = None,
    places: str = "wells",
    donors: int = 0,
) -> Recipe:
    check_networks(config, field, genes)
    count = mixtures_of(config, genes)
    trained, rendered = (
        networks.make_conditioning(
            config,
            count or genes,
            field=field,
            embedding=embedding,
            donors=donors,
            precision=precision,
        )
        for precision in (config.fit.precision, config.render.precision)
    )
    return Recipe(
        trainer=_trainer(config, trained, learning_rate, places),
        renderer=model.make_renderer(
            rendered, chunk=config.render.chunk, group=config.fit.group
        ),
        steps=steps,
        chunk=config.fit.chunk,
        seed=config.seed,
        mirror=config.inputs.mirror,
        tissue=config.inputs.tissue,
        box=config.inputs.box,
        scale=config.fit.scale,
        targets=config.fit.targets,
        codes=networks.make_gene_codes(config) if trained.code else None,
        sees_structures=embedding is not None,
        mixtures=count,
        places=places,
        hemisphere=config.inputs.hemisphere,
        donors=donors,
    )


def _trainer(
    config: ConfigDict, trained: Conditioning, learning_rate: float, places: str
) -> fit.Trainer:
    optimizer = make_adam(
        learning_rate,
        decay=config.fit.decay,
        decay_steps=config.fit.decay_steps,
        weight_decay=config.fit.weight_decay,
    )
    numbers = {name: config.fit[name] for name in TRAINED_BY}
    if places == "kriged":
        numbers["jitter_mm"] = 0.0  # kriging has said what lies around a well
    slopes = Smoothness(config.fit.gradient_penalty, config.fit.laplacian_penalty)
    return fit.Trainer(trained, optimizer, **numbers, smoothness=slopes)


def make_canvas(config: ConfigDict) -> Canvas:
    """Where maps are drawn, as the section `render` has it."""
    section, name = config.render, config.source.name
    made = canvas.make_canvas(
        section.mask, section.resolution_mm, section.space, section.outside
    )
    # Real genes' names, invented maps: a file must not be taken for the real one.
    return made._replace(source="phantom") if name == "phantom" else made
