"""Candidates of a sweep: settings that differ from those of the run, by dotted key.

A sweep file has a `get_sweep()` that returns a list of such dicts; {} is the run as it
is configured. `grid` and `one_at_a_time` help to write it. `DEFAULT` has the candidates
of each protocol where no file is given.
"""

from __future__ import annotations

import itertools

Overrides = dict[str, object]


def grid(choices: dict[str, list]) -> list[Overrides]:
    """Every combination of the values of each key."""
    return [
        dict(zip(choices, values, strict=True))
        for values in itertools.product(*choices.values())
    ]


def one_at_a_time(choices: dict[str, list]) -> list[Overrides]:
    """The run as configured, then each value of each key alone."""
    return [{}] + [{key: value} for key, values in choices.items() for value in values]


def label(overrides: Overrides) -> str:
    """A candidate in one line."""
    pairs = ", ".join(f"{key}={value}" for key, value in overrides.items())
    return pairs or "as configured"


AT_WELLS: dict[str, list] = {"fit.places": ["wells"]}  # jittered, supports or not
PLACE: list[Overrides] = [
    *one_at_a_time(
        {
            "fit.steps": [150, 300, 1000],
            "fit.members": [1],
            "fit.learning_rate": [3e-4, 3e-3],
            "fit.weight_decay": [0.01, 0.1],
            "field.omega": [3.0, 10.0],
            "field.hidden": [32, 128],
            "field.depth": [2],
            "conditioning.name": ["low_rank"],
            "inputs.tissue": ["soft"],
        }
    ),
    {"fit.learning_rate": 3e-3, "fit.decay": 0.5, "fit.decay_steps": 150},
    {"conditioning.name": "low_rank", "conditioning.rank": 16},
    {"field.name": "relu", "field.hidden": 64, "field.frequencies": 3},
    *grid({**AT_WELLS, "fit.jitter_mm": [2.0, 3.0, 4.0, 6.0]}),
    *grid({**AT_WELLS, "fit.targets": ["wells"], "fit.jitter_mm": [0.0, 3.0, 6.0]}),
]
STRUCTURES: list[Overrides] = one_at_a_time(
    {
        "anatomy.steps": [50, 150, 200],
        "anatomy.learning_rate": [1e-3, 1e-2],
        "anatomy.omega": [2.5, 4.0],
        "anatomy.hidden": [64],
        "anatomy.penalty": [0.005, 0.1],
        "fit.members": [1],
        "fit.jitter_mm": [1.0, 6.0],
        "fit.weight_decay": [0.1],
        "fit.targets": ["wells"],
    }
)
DEFAULT: dict[str, list[Overrides]] = {"donor": PLACE, "donor+anatomy": STRUCTURES}
