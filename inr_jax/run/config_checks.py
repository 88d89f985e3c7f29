"""What values the settings may have; a part of `config`."""

from __future__ import annotations

import math

from ml_collections import ConfigDict

from inr_jax.errors import InputError, unknown_name

CHOICES = {
    "source.name": ("phantom", "ahba", "allen_export", "table"),
    "source.probes": ("mean", "first"),
    "inputs.tissue": ("none", "soft", "class"),
    "inputs.box": ("cube", "joint"),
    "field.name": ("siren", "wire", "wire2d", "gauss", "mfn", "relu", "oinr"),
    "conditioning.order": ("spectral", "pc1"),
    "fit.scale": ("zscore", "minmax"),
    "fit.targets": ("wells", "effects"),
    "fit.precision": ("float32", "bfloat16", "bfloat16_3x"),
    "render.precision": ("float32", "bfloat16", "bfloat16_3x"),
    "conditioning.name": ("heads", "independent", "concat", "low_rank"),
    "render.outside": ("zero", "nan"),
}
RANGES = (
    ("seed", 0, 2**32 - 1),
    ("phantom.seed", 0, 2**32 - 1),
    ("field.hidden", 1, float("inf")),
    ("field.depth", 1, float("inf")),
    ("field.omega", 1e-6, float("inf")),
    ("field.scale", 1e-6, float("inf")),
    ("field.sigma", 1e-6, float("inf")),
    ("field.input_scale", 1e-6, float("inf")),
    ("field.alpha", 1e-6, float("inf")),
    ("field.beta", 1e-6, float("inf")),
    ("field.frequencies", 1, 20),
    ("field.grid", 2, 128),
    ("field.channels", 1, float("inf")),
    ("fit.steps", 1, float("inf")),
    ("fit.learning_rate", 1e-12, 1.0),
    ("fit.decay", 1e-12, 1.0),
    ("fit.decay_steps", 1, float("inf")),
    ("fit.batch", 0, float("inf")),
    ("fit.weight_decay", 0.0, float("inf")),
    ("fit.jitter_mm", 0.0, 50.0),
    ("fit.effects_df", 1e-3, float("inf")),
    ("fit.effects_shrinkage", 0.0, 1.0),
    ("fit.effects_rounds", 1, 10_000),
    ("fit.members", 1, 1000),
    ("fit.group", 0, float("inf")),
    ("fit.chunk", 1, float("inf")),
    ("anatomy.width", 1, float("inf")),
    ("anatomy.blur_mm", 0.0, 20.0),
    ("anatomy.spread", 0.0, float("inf")),
    ("anatomy.penalty", 0.0, float("inf")),
    ("anatomy.scale", 0.0, float("inf")),
    ("anatomy.hidden", 1, float("inf")),
    ("anatomy.depth", 1, float("inf")),
    ("anatomy.omega", 1e-6, float("inf")),
    ("anatomy.steps", 1, float("inf")),
    ("anatomy.field_steps", 0, float("inf")),
    ("anatomy.learning_rate", 1e-12, 1.0),
    ("conditioning.frequencies", 0, 20),
    ("conditioning.rank", 1, float("inf")),
    ("checkpoint.every", 1, float("inf")),
    ("checkpoint.keep", 1, float("inf")),
    ("render.chunk", 1, float("inf")),
    ("render.genes", 0, float("inf")),
    ("phantom.n_genes", 2, 100),
    ("phantom.n_wells", 20, 3702),
    ("phantom.rank", 1, 100),
    ("phantom.gradient_mm", 1.0, 1e4),
    ("phantom.gradient_sd", 0.0, float("inf")),
    ("phantom.tissue_sd", 0.0, float("inf")),
    ("phantom.structure_sd", 0.0, float("inf")),
    ("phantom.donor_sd", 0.0, float("inf")),
    ("phantom.noise_sd", 0.0, float("inf")),
    ("phantom.registration_mm", 0.0, 50.0),
)
BLOCKS_MM = (1.0, 100.0)  # least and largest side of a cube to hold out


def block_sides(text: str) -> tuple[float, ...]:
    """Sides in mm from "20,40"; none from "".

    Raises:
        InputError: A side is no number, is out of range, or stands there twice.
    """
    low, high = BLOCKS_MM
    cells = [cell.strip() for cell in text.split(",")] if text.strip() else []
    try:
        sides = tuple(float(cell) for cell in cells)
    except ValueError:
        sides = (math.nan,)
    names = {f"{side:g}" for side in sides}
    if all(low <= side <= high for side in sides) and len(names) == len(sides):
        return sides
    raise InputError(
        "config.evaluate.blocks_mm",
        expected=f"different numbers from {low:g} to {high:g}, comma separated",
        found=repr(text),
        fix="write it as 20,40",
    )


def validate(config: ConfigDict) -> None:
    """Refuse what no run can use.

    Raises:
        InputError: An unknown choice, or a number out of range; names the key.
    """
    for key, choices in CHOICES.items():
        value = _lookup(config, key)
        if value not in choices:
            raise unknown_name(f"config.{key}", value, choices)
    for key, low, high in RANGES:
        value = _lookup(config, key)
        if not low <= value <= high or math.isinf(value):
            wanted = f"{low} to {high}" if high < float("inf") else f"at least {low}"
            raise InputError(
                f"config.{key}", expected=wanted, found=str(value), fix="change it"
            )
    block_sides(config.evaluate.blocks_mm)
    space = config.render.space
    if space and not (space.isascii() and space.isalnum()):
        names = {"expected": "letters and digits", "found": repr(space)}
        raise InputError("config.render.space", **names, fix="as MNI152NLin6Asym")
    if config.render.resolution_mm not in (1, 2, 3):
        found = str(config.render.resolution_mm)
        fix = "or give a mask of your own with --config.render.mask"
        raise InputError(
            "config.render.resolution_mm", expected="1, 2 or 3", found=found, fix=fix
        )


def _lookup(config: ConfigDict, key: str) -> object:
    for part in key.split("."):
        config = config[part]
    return config
