"""Candidates as settings: read from a file, checked, grouped by what they share."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ml_collections import ConfigDict

from inr_jax.errors import InputError
from inr_jax.run import config as settings
from inr_jax.run.settings_table import ALONG, NUMBER, SWEPT, marked
from inr_jax.run.shipped_configs import SWEEPS, find
from inr_jax.run.sweep.candidates import DEFAULT, Overrides, label
from inr_jax.run.user_file import EXAMPLES, returned
from inr_jax.stats import hold_out

# Settings of the place model -> what the structure model has in their stead.
OF_STRUCTURES = {
    f"{section}.{name}": f"anatomy.{name}"
    for section, names in (
        ("field", ("hidden", "depth", "omega")),
        ("fit", ("steps", "learning_rate")),
    )
    for name in names
}
SIDE_BY_SIDE = 8  # fits of a group at most; bounds the memory and what a stop loses


class Candidate(NamedTuple):
    """One candidate.

    Attributes:
        name: In one line.
        overrides: Dotted keys and values.
        config: The whole settings.
    """

    name: str
    overrides: Overrides
    config: ConfigDict


class Sweep(NamedTuple):
    """What a sweep is to do.

    Attributes:
        candidates: What to try.
        protocol: What is known of a held-out well.
        donors: Names of the donors to choose for, comma separated; "" for all.
        seeds: S, that each candidate is fitted with; they stand together.
    """

    candidates: list[Candidate]
    protocol: str
    donors: str
    seeds: int = 1


def with_seeds(candidates: list[Candidate], seeds: int) -> list[Candidate]:
    """Each candidate so many times, with its seed and those after it."""
    made = []
    for candidate in candidates:
        for number in range(seeds):
            config = candidate.config.copy_and_resolve_references()
            config.seed += number
            overrides = candidate.overrides | {"seed": config.seed}
            made.append(Candidate(candidate.name, overrides, config))
    return made if seeds > 1 else candidates


def load_candidates(
    path: str | None, config: ConfigDict, protocol: str
) -> list[Candidate]:
    """The candidates of a sweep file, or the default ones, each different.

    Raises:
        InputError: No such file, no `get_sweep()`, it fails or returns no list of
            dicts; an unknown key, a bad value, a key that the protocol does not use.
    """
    file = find("--sweep", path, SWEEPS) if path else None
    sweep: list[Overrides] = _get_sweep(file) if file else DEFAULT[protocol]
    candidates: dict[str, Candidate] = {}
    for number, overrides in enumerate(sweep):
        where = f"{path or 'sweep'}, candidate {number + 1}"
        changed = _applied(config, overrides, where, protocol)
        candidate = Candidate(label(overrides), overrides, changed)
        candidates.setdefault(settings.to_json(changed), candidate)
    return list(candidates.values())


def _get_sweep(path: Path) -> list[Overrides]:
    expected = "a file with get_sweep(), a list of dicts"
    sweep = returned(path, "get_sweep", expected)
    found = ""
    if not isinstance(sweep, list) or not all(isinstance(row, dict) for row in sweep):
        found = f"one that returns {type(sweep).__name__} of something else"
    elif not sweep:
        found = "an empty list"
    if found:
        raise InputError(path, expected=expected, found=found, fix=EXAMPLES)
    return sweep


def _applied(
    config: ConfigDict, overrides: Overrides, where: str, protocol: str
) -> ConfigDict:
    """The settings with these overrides, checked."""
    changed = settings.changed(config, overrides, where)
    for key in overrides:
        _check_used(key, where, protocol, changed)
    try:
        settings.validate(changed)
    except InputError as error:
        told = {"expected": error.expected, "found": error.found, "fix": error.fix}
        raise InputError(f"{where}, {error.where}", **told) from error
    return changed


def _check_used(key: str, where: str, protocol: str, changed: ConfigDict) -> None:
    """Refuse what changes nothing; it would look as if it did not matter."""
    place, fix = protocol == hold_out.DONOR, ""
    if key.split(".")[0] not in SWEPT:
        fix = f"candidates may change {', '.join(SWEPT)}"
    elif not place and key in OF_STRUCTURES:
        fix = f"write {OF_STRUCTURES[key]}"
    elif place and key.startswith("anatomy."):
        fix = f"add --protocol={hold_out.DONOR_STRUCTURE}"
    elif place and key == "fit.jitter_mm" and changed.fit.places == "kriged":
        fix = "add fit.places=wells: around wells kriging says what to fit"
    if fix:
        expected = f"settings that protocol {protocol} depends on"
        raise InputError(where, expected=expected, found=key, fix=fix)


def groups_of(candidates: list[Candidate], protocol: str) -> list[list[int]]:
    """Numbers of the candidates to fit together: of one program, and of one length.

    Variants of one fit, which differ in steps and members alone, stay in one group:
    they are read along the longest of them.
    """
    variants: dict[tuple, list[int]] = {}
    for row, candidate in enumerate(candidates):
        variants.setdefault(fit_of(candidate), []).append(row)
    steps = "fit.steps" if protocol == hold_out.DONOR else "anatomy.steps"
    fits: dict[tuple, list[list[int]]] = {}
    for rows in variants.values():
        flats = [settings.flat(candidates[row].config) for row in rows]
        longest = max(flat[steps] for flat in flats)
        most = max(flat["fit.members"] for flat in flats)
        program = (_without(flats[0], marked(NUMBER) + marked(ALONG)), longest, most)
        fits.setdefault(program, []).append(rows)
    return [
        [row for rows in alike[first : first + SIDE_BY_SIDE] for row in rows]
        for alike in fits.values()
        for first in range(0, len(alike), SIDE_BY_SIDE)
    ]


def fit_of(candidate: Candidate) -> tuple:
    """Equal for candidates that are variants of one fit."""
    return _without(settings.flat(candidate.config), marked(ALONG))


def _without(flat: dict, keys: tuple[str, ...]) -> tuple:
    return tuple((key, value) for key, value in flat.items() if key not in keys)
