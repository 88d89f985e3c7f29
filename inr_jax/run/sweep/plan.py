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
from inr_jax.run.user_file import returned

# The second fit has its own of these (`build.make_anatomy_recipe`).
OWN = {
    f"{section}.{name}": f"anatomy.{name}"
    for section, names in (
        ("field", ("hidden", "depth", "omega")),
        ("fit", ("steps", "learning_rate")),
    )
    for name in names
}
SIDE_BY_SIDE = 8  # settings fitted together at most; bounds memory and what is lost


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
    """

    candidates: list[Candidate]
    protocol: str
    donors: str


def load_candidates(
    path: str | None, config: ConfigDict, protocol: str
) -> list[Candidate]:
    """The candidates of a sweep file, or the default ones, each different.

    Raises:
        InputError: No such file, no `get_sweep()`, it fails or returns no list of
            dicts; an unknown key, a bad value, a key that the protocol does not use.
    """
    some = _get_sweep(find("--sweep", path, SWEEPS)) if path else DEFAULT[protocol]
    found: dict[str, Candidate] = {}
    for number, overrides in enumerate(some):
        where = f"{path or 'sweep'}, candidate {number + 1}"
        one = _applied(config, overrides, where, protocol)
        found.setdefault(
            settings.to_json(one), Candidate(label(overrides), overrides, one)
        )
    return list(found.values())


def _get_sweep(path: Path) -> list[Overrides]:
    expected, fix = (
        "a file with get_sweep(), a list of dicts",
        "`inr-jax configs` has some",
    )
    sweep = returned(path, "get_sweep", expected)
    if not isinstance(sweep, list) or not all(isinstance(row, dict) for row in sweep):
        found = f"one that returns {type(sweep).__name__} of something else"
        raise InputError(path, expected=expected, found=found, fix=fix)
    if not sweep:
        raise InputError(path, expected=expected, found="an empty list", fix=fix)
    return sweep


def _applied(
    config: ConfigDict, overrides: Overrides, where: str, protocol: str
) -> ConfigDict:
    """The settings with these overrides, checked."""
    changed = settings.changed(config, overrides, where)
    for key in overrides:
        _check_used(key, where, protocol)
    try:
        settings.validate(changed)
    except InputError as error:
        told = {"expected": error.expected, "found": error.found, "fix": error.fix}
        raise InputError(f"{where}, {error.where}", **told) from error
    return changed


def _check_used(key: str, where: str, protocol: str) -> None:
    """Refuse what changes nothing; it would look as if it did not matter."""
    anatomy, fix = protocol != "donor", ""
    if key.split(".")[0] not in SWEPT:
        fix = f"candidates may change {', '.join(SWEPT)}"
    elif anatomy and key in OWN:
        fix = f"write {OWN[key]}"
    elif not anatomy and key.startswith("anatomy."):
        fix = "add --protocol=donor+anatomy"
    if fix:
        wanted = f"settings that protocol {protocol} depends on"
        raise InputError(where, expected=wanted, found=key, fix=fix)


def groups_of(candidates: list[Candidate], protocol: str) -> list[list[int]]:
    """Candidates to fit together: of one program, and of one length.

    Those that differ in steps and members alone stay in one group, to be read along
    one fit; their longest decides.
    """
    families: dict[tuple, list[int]] = {}
    for row, one in enumerate(candidates):
        families.setdefault(family_of(one), []).append(row)
    steps = "fit.steps" if protocol == "donor" else "anatomy.steps"
    groups: dict[tuple, list[list[int]]] = {}
    for rows in families.values():
        flats = [settings.flat(candidates[row].config) for row in rows]
        longest = max(flat[steps] for flat in flats)
        most = max(flat["fit.members"] for flat in flats)
        kind = (_without(flats[0], marked(NUMBER) + marked(ALONG)), longest, most)
        groups.setdefault(kind, []).append(rows)
    return [
        [row for rows in some[first : first + SIDE_BY_SIDE] for row in rows]
        for some in groups.values()
        for first in range(0, len(some), SIDE_BY_SIDE)
    ]


def family_of(candidate: Candidate) -> tuple:
    """Equal for candidates that can be read along one fit."""
    return _without(settings.flat(candidate.config), marked(ALONG))


def _without(flat: dict, keys: tuple[str, ...]) -> tuple:
    return tuple((key, value) for key, value in flat.items() if key not in keys)
