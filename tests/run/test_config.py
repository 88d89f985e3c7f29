"""Settings: one default, files that are diffs of it, values that no run can use."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from inr_jax.errors import InputError
from inr_jax.run import config, flags
from inr_jax.run.config_checks import block_sides

FILES = sorted((Path(__file__).resolve().parents[2] / "configs").glob("*.py"))
DEFAULT = config.flat(config.default())
# The fit that sees anatomy is fitted anew for each evaluation.
NOT_FITTED = ("devices", "checkpoint", "render", "evaluate", "compare", "anatomy")


def other(value):
    """A value of the same type that is not it."""
    if isinstance(value, bool):
        return not value
    return value + "x" if isinstance(value, str) else value + 1


def with_value(key, value):
    changed = config.default()
    section, _, name = key.rpartition(".")
    place = changed
    for part in section.split(".") if section else []:
        place = place[part]
    place[name] = value
    return changed


def test_the_default_can_be_used_and_is_what_a_file_would_give():
    config.validate(config.default())
    assert config.get_config() == config.default()


def test_a_mistyped_key_is_an_error_not_a_new_setting():
    settings = config.default()
    with pytest.raises(AttributeError, match="steps"):
        settings.fit.stepz = 3
    with pytest.raises(AttributeError):
        settings.ft = 3


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_in_configs_is_a_usable_diff_of_the_default(path):
    settings = flags.load_config(path)
    config.validate(settings)
    flat = config.flat(settings)
    assert flat.keys() == DEFAULT.keys() and flat != DEFAULT


def test_json_gives_back_every_setting():
    settings = config.default()
    for key, value in DEFAULT.items():
        settings = config.from_json(config.to_json(with_value(key, value)))
        assert config.flat(settings) == DEFAULT
    changed = with_value("fit.learning_rate", 1 / 3)
    changed.source.path = "Größe/wells, “mine”.csv"
    assert config.from_json(config.to_json(changed)) == changed


def test_json_of_an_older_version_gets_the_defaults_of_keys_it_lacks():
    assert config.from_json('{"seed": 5}') == with_value("seed", 5)


@pytest.mark.parametrize("key", DEFAULT)
def test_what_a_fit_depends_on_differs_and_what_it_does_not_may_change(key):
    changed = with_value(key, other(DEFAULT[key]))
    named = config.differing_fit_keys(config.default(), changed)
    if key.split(".")[0] in NOT_FITTED:
        assert named == []
    else:
        assert named == [f"{key}: {DEFAULT[key]!r} -> {other(DEFAULT[key])!r}"]
    assert config.differing_fit_keys(changed, changed) == []


@pytest.mark.parametrize("key", config.CHOICES)
def test_a_choice_that_is_not_one_is_answered_with_the_nearest(key):
    first = config.CHOICES[key][0]
    with pytest.raises(InputError, match=f"config.{key}: .*mean {first!r}"):
        config.validate(with_value(key, first + "x"))


@pytest.mark.parametrize("key", config.CHOICES)
def test_the_default_names_every_choice(key):
    assert DEFAULT[key] in config.CHOICES[key]


@pytest.mark.parametrize(("key", "low", "high"), config.RANGES)
def test_a_number_out_of_its_range_is_refused_and_its_ends_are_not(key, low, high):
    kind, below = type(DEFAULT[key]), low - 1 if low else -1
    bad = [below, math.nan, math.inf] if kind is float else [below]
    good = [low]
    if math.isfinite(high):
        bad, good = [*bad, high + 1], [*good, high]
    for value in bad:
        with pytest.raises(InputError, match=f"config.{key}: expected "):
            config.validate(with_value(key, kind(value)))
    for value in good:
        config.validate(with_value(key, kind(value)))


def test_every_number_has_a_range():
    numbers = {key for key, value in DEFAULT.items() if type(value) in (int, float)}
    ranged = {key for key, *_ in config.RANGES}
    # A resolution is one of three; abagen's own settings are abagen's to check.
    free = {key for key in numbers - ranged if not key.startswith("ahba.")}
    assert free == {"render.resolution_mm"}


@pytest.mark.parametrize("mm", [0, 4, -1])
def test_a_resolution_the_template_has_not_is_refused(mm):
    with pytest.raises(InputError, match="expected 1, 2 or 3"):
        config.validate(with_value("render.resolution_mm", mm))


def test_sides_of_blocks_are_numbers_in_a_list_of_text():
    assert block_sides("") == block_sides(" ") == ()
    assert block_sides("20, 12.5") == (20.0, 12.5)
    assert block_sides("1,100") == (1.0, 100.0)


@pytest.mark.parametrize(
    "text", ["a", "20,", "20 40", "0", "101", "inf", "nan", "20,20.0", "20,20.0000001"]
)
def test_sides_of_blocks_that_are_none_are_refused(text):
    c = config.default()
    c.evaluate.blocks_mm = text
    with pytest.raises(InputError, match="blocks_mm: expected"):
        config.validate(c)
