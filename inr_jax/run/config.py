"""Every setting of a run, annotated once; an experiment is a short diff of this.

A file in configs/ has a `get_config()` that calls `default()` and changes keys.
On the command line: --config=FILE --config.fit.steps=100.
"""

from __future__ import annotations

import json

from ml_collections import ConfigDict

from inr_jax.run import config_atlas, config_parts
from inr_jax.run.config_checks import CHOICES, RANGES, validate

# What a checkpoint depends on: a change in these sections refuses to resume.
FIT_SECTIONS = (
    "seed",
    "source",
    "phantom",
    "ahba",
    "inputs",
    "field",
    "conditioning",
    "fit",
)


def default() -> ConfigDict:
    """The default run: the built-in phantom, the fit that scores best held out."""
    c = ConfigDict()
    c.seed = 0  # of the networks, the jitter and the batches

    c.source = ConfigDict()
    c.source.name = "phantom"  # phantom | ahba | allen_export | table
    c.source.path = ""  # a folder, zip or table; the phantom needs none
    c.source.probes = "mean"  # allen_export: mean of a gene's probes | first
    c.source.x = "x"  # table: names of the coordinate columns, MNI mm
    c.source.y = "y"
    c.source.z = "z"
    c.source.well = "well"  # table: optional columns; one that is absent is
    c.source.donor = "donor"  # taken as unknown
    c.source.structure = "structure"
    c.source.parent = "parent"  # top-level structure
    c.source.grey = "grey"  # table: probabilities of tissue, 0 to 1
    c.source.white = "white"
    c.source.genes = ""  # comma separated symbols to keep; "" keeps all

    c.ahba, c.compare = config_atlas.sections()

    c.phantom = config_parts.phantom()

    c.inputs = ConfigDict()
    c.inputs.mirror = True  # left and right are one, by abs(x); baselines too
    c.inputs.tissue = "none"  # none | soft (GM, WM probability) | class (+1, -1)
    c.inputs.box = "cube"  # cube | joint (the paper's single min-max)

    c.field = ConfigDict()
    c.field.name = "siren"  # siren | wire | wire2d | gauss | mfn | relu | oinr
    c.field.hidden = 64  # width
    c.field.depth = 3  # hidden layers; mfn: filters; oinr: convolutions
    c.field.omega = 5.0  # siren, wire, wire2d: frequency, first layer and the others
    c.field.scale = 2.5  # wire, wire2d: inverse width of the window; near omega / 2
    c.field.sigma = 0.25  # gauss: width of the bells
    c.field.input_scale = 5.0  # mfn: frequency of the filters
    c.field.alpha = 6.0  # mfn: shape and rate of the Gamma distribution that the
    c.field.beta = 1.0  # windows' inverse squared widths start from
    c.field.frequencies = 3  # relu, oinr: sin/cos pairs of a coordinate, from 2^0
    c.field.grid = 16  # oinr: voxels an axis
    c.field.channels = 16  # oinr: channels of a convolution

    c.conditioning = ConfigDict()
    c.conditioning.name = "heads"  # heads: one trunk, an output a gene |
    # independent: a network a gene | concat: one network, the gene as input |
    # low_rank: one trunk, a few patterns, each gene a mix of them
    c.conditioning.rank = 8  # low_rank: patterns
    c.conditioning.order = "spectral"  # concat: position of a gene | pc1
    c.conditioning.frequencies = 11  # concat: sin/cos pairs of it, 2^0 to 2^10

    c.fit = ConfigDict()
    c.fit.steps = 600
    c.fit.learning_rate = 1e-3
    c.fit.decay = 1.0  # learning rate times this, every decay_steps
    c.fit.decay_steps = 1000
    c.fit.batch = 0  # wells a step, drawn anew; 0 takes all of them
    c.fit.weight_decay = 0.0  # decoupled, as in AdamW
    c.fit.jitter_mm = 3.0  # sd of noise on coordinates at every step, an axis
    c.fit.targets = "effects"  # wells | effects: what the wells of one structure have
    # in common (inr_jax/effects.py); a well without a structure is fitted as it is
    c.fit.effects_df = 50.0  # effects: degrees of freedom of the wells' Student t,
    c.fit.effects_shrinkage = 0.05  # of covariances of genes towards none,
    c.fit.effects_rounds = 20  # of their estimation by EM
    c.fit.members = 6  # networks from other seeds, averaged
    c.fit.scale = "zscore"  # zscore | minmax, a gene
    c.fit.precision = "float32"  # of products behind the first layer | bfloat16 |
    # bfloat16_3x, three products of halves (inr_jax/products.py)
    c.fit.group = 0  # networks trained side by side; 0: chosen for the backend
    c.fit.chunk = 100  # steps a jitted call

    c.anatomy = config_parts.anatomy()

    c.checkpoint = ConfigDict()
    c.checkpoint.every = 500  # steps between checkpoints, rounded up to chunks
    c.checkpoint.keep = 2  # the last so many stay

    c.render = ConfigDict()
    c.render.resolution_mm = 2  # of the ICBM152 brain mask: 1, 2 or 3
    c.render.mask = ""  # a NIfTI mask of your own instead, on its own grid
    c.render.space = ""  # name of its space in file names; "" is MNI152
    c.render.precision = "float32"  # | bfloat16 | bfloat16_3x, whatever the fit had
    c.render.chunk = 8192  # voxels a call on each device; bounds the memory
    c.render.genes = 0  # of a block, written while the next one is computed; 0: as
    # many as fit 256 MB
    c.render.outside = "zero"  # outside the mask: zero | nan
    c.render.std = True  # write a map of the ensemble's spread for each gene

    c.devices = config_parts.devices()

    c.evaluate = ConfigDict()
    c.evaluate.enabled = True  # leave one donor out; one donor: blocks of space
    c.evaluate.blocks_mm = ""  # sides of cubes to hold out beside donors, as 20,40;
    # "" holds out none where there are two donors, 20,40 where there is one
    return c.lock()  # a mistyped key is an error, not a new setting


def get_config() -> ConfigDict:
    """The default, for `--config` without a file."""
    return default()


def to_json(config: ConfigDict) -> str:
    """The config as indented JSON, keys in the order of the alphabet."""
    return json.dumps(config.to_dict(), indent=2)


def from_json(text: str) -> ConfigDict:
    """The inverse of `to_json`; keys that a newer default added get its values."""
    config = default()
    config.update(json.loads(text))
    return config


def flat(config: ConfigDict) -> dict[str, object]:
    """Dotted key -> value, in the order of the alphabet."""
    return _flat(config.to_dict())


def differing_fit_keys(one: ConfigDict, other: ConfigDict) -> list[str]:
    """Keys a fit depends on whose values differ, as "key: one -> other"."""
    flat_one, flat_other = flat(one), flat(other)
    return [
        f"{key}: {flat_one.get(key)!r} -> {flat_other.get(key)!r}"
        for key in sorted(flat_one.keys() | flat_other.keys())
        if key.split(".")[0] in FIT_SECTIONS
        and flat_one.get(key) != flat_other.get(key)
    ]


def _flat(tree: dict, prefix: str = "") -> dict:
    leaves = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        nested = isinstance(value, dict)
        leaves |= _flat(value, f"{name}.") if nested else {name: value}
    return leaves


__all__ = [
    "CHOICES",
    "RANGES",
    "default",
    "differing_fit_keys",
    "flat",
    "from_json",
    "get_config",
    "to_json",
    "validate",
]
