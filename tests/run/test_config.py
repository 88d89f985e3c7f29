"""Settings: one default, files that are diffs of it, values that no run can use."""

from __future__ import annotations

import functools
import json
import math
from pathlib import Path

import pytest

from inr_jax.errors import InputError
from inr_jax.run import build, config, flags
from inr_jax.run.setting_checks import Names, Range, block_sides
from inr_jax.run.settings_table import (
    CONSTANTS,
    FITTED,
    SECTIONS,
    SWEPT,
    TABLE,
    Was,
    marked,
)

FILES = sorted((Path(__file__).resolve().parents[2] / "configs").glob("*.py"))
DEFAULT = config.flat(config.default())
# The model that sees structures is fitted anew for each evaluation.
NOT_FITTED = ("devices", "checkpoint", "render", "evaluate", "compare", "anatomy")
NOT_FITTED += ("regions", "report", "associate")
CHOICES = [key for key, row in TABLE.items() if isinstance(row.check, Names)]
RANGES = [key for key, row in TABLE.items() if isinstance(row.check, Range)]


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


def test_the_default_can_be_used():
    config.validate(config.default())


def test_the_table_says_of_every_setting_what_it_is():
    assert {key: row.default for key, row in TABLE.items()} == DEFAULT
    assert {key.split(".")[0] for key in TABLE} == {"seed", *SECTIONS}
    assert all(row.meaning for row in TABLE.values())
    assert {*SWEPT, *FITTED} <= {"seed", *SECTIONS}
    marks = {m for row in TABLE.values() for m in row.marks}
    assert {mark for mark in marks if isinstance(mark, str)} == {
        "path",
        "paths",
        "number",
        "along",
        "maps",
    }
    assert marked("along") == ("fit.steps", "fit.members", "anatomy.steps")


def test_a_mistyped_key_is_an_error_not_a_new_setting():
    settings = config.default()
    with pytest.raises(AttributeError, match="steps"):
        settings.fit.stepz = 3
    with pytest.raises(AttributeError):
        settings.ft = 3
    with pytest.raises(InputError, match=r"expected a section.*, as fit\.steps"):
        config.from_json('{"fit": 3}')


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


def without(key):
    """The default settings as an older version stored them, without a key."""
    section, name = key.split(".")
    stored = config.default().to_dict()
    del stored[section][name]
    return json.dumps(stored)


def test_json_of_an_older_version_gets_the_defaults_of_keys_it_lacks(caplog):
    older = config.changed(config.default(), {"seed": 5, "fit.places": "wells"})
    assert config.from_json('{"seed": 5}') == older
    caplog.clear()
    assert config.from_json(without("fit.jitter_mm")) == config.default()
    assert "lack fit.jitter_mm (3.0): taken as today's default" in caplog.text
    caplog.clear()
    assert config.from_json(without("render.chunk")) == config.default()
    assert not caplog.text


def test_a_setting_that_says_how_older_runs_were_is_as_it_was_then(monkeypatch, caplog):
    setting = TABLE["fit.jitter_mm"]
    marks = (*setting.marks, Was(0.0))
    monkeypatch.setitem(TABLE, "fit.jitter_mm", setting._replace(marks=marks))
    before = config.from_json(without("fit.jitter_mm"))
    assert before == with_value("fit.jitter_mm", 0.0) and not caplog.text
    (line,) = config.differing_fit_keys(before, config.default())
    assert line == "fit.jitter_mm: 0.0 -> 3.0"


TOO_LARGE = {
    "steps": {"fit__steps": 10**20},
    "width": {"field__hidden": 10**10},
    "depth": {"field__depth": 5000},
    "members": {"fit__members": 10**6},
    "chunk": {"fit__chunk": 10**12},
}


@pytest.mark.parametrize("settings", TOO_LARGE.values(), ids=TOO_LARGE)
def test_what_no_machine_can_hold_is_refused_at_once(settings):
    with pytest.raises(InputError, match=r"config\.\w+\.\w+: expected 1 to"):
        config.with_settings(config.default(), **settings)


def test_networks_that_this_machine_cannot_hold_are_refused_before_they_are_made():
    large = {"field__hidden": 16384, "field__depth": 256, "fit__members": 1000}
    settings = config.with_settings(config.default(), **large)
    with pytest.raises(InputError, match=r"field: expected .* GB of memory, found"):
        build.make_recipe(settings, genes=2)


@pytest.mark.parametrize("key", DEFAULT)
def test_what_a_fit_depends_on_differs_and_what_it_does_not_may_change(key):
    changed = with_value(key, other(DEFAULT[key]))
    named = config.differing_fit_keys(config.default(), changed)
    if key.split(".")[0] in NOT_FITTED:
        assert named == []
    else:
        assert named == [f"{key}: {DEFAULT[key]!r} -> {other(DEFAULT[key])!r}"]
    assert config.differing_fit_keys(changed, changed) == []


@pytest.mark.parametrize("key", CHOICES)
def test_a_choice_that_is_not_one_is_answered_with_the_nearest(key):
    name = max(TABLE[key].check.known, key=len)
    with pytest.raises(InputError, match=f"config.{key}: .*mean {name!r}"):
        config.validate(with_value(key, name + "x"))


@pytest.mark.parametrize("key", CHOICES)
def test_the_default_and_every_choice_can_be_used(key):
    assert DEFAULT[key] in TABLE[key].check.known
    for name in TABLE[key].check.known:
        config.validate(with_value(key, name))


@pytest.mark.parametrize("key", RANGES)
def test_a_number_out_of_its_range_is_refused_and_its_ends_are_not(key):
    low, high = TABLE[key].check
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
    # A resolution is one of three; abagen's own settings are abagen's to check.
    free = {key for key in numbers - {*RANGES} if not key.startswith("ahba.")}
    assert free == {"render.resolution_mm"}


def test_settings_by_keyword_are_checked_and_leave_the_config_as_it_is():
    start = config.default()
    found = config.with_settings(start, fit__steps=100, seed=3, source__path=Path("a"))
    steps, seed, path = found.fit.steps, found.seed, found.source.path
    assert (steps, seed, path) == (100, 3, "a") and start == config.default()
    with pytest.raises(
        InputError, match=r"found 'fit.stepz'; did you mean 'fit.steps'"
    ):
        config.with_settings(start, fit__stepz=100)
    with pytest.raises(InputError, match=r"fit.steps: expected int, found 'many'"):
        config.with_settings(start, fit__steps="many")
    with pytest.raises(InputError, match=r"config.fit.steps: expected 1 to 1000000000"):
        config.with_settings(start, fit__steps=0)


@pytest.mark.parametrize(("key", "value"), CONSTANTS.items())
def test_what_is_a_constant_now_is_told_but_read_from_an_old_run(key, value, tmp_path):
    told = f"found {key}; leave it out, it is a constant now: {value}"
    name = key.split(".")[1]
    with pytest.raises(InputError, match=told):
        config.with_settings(config.default(), **{key.replace(".", "__"): value})
    with pytest.raises(InputError, match=told):
        flags.parse([f"--config.{key}={value}", f"--workdir={tmp_path}"])
    path = tmp_path / "old.py"
    head = (
        "from inr_jax.run import config\ndef get_config():\n    c = config.default()\n"
    )
    path.write_text(f"{head}    c.{key} = {value}\n    return c")
    with pytest.raises(InputError, match=f"old.py: .*{told}"):
        flags.load_config(path)
    older = with_value("fit.places", "wells")
    assert config.from_json(f'{{"fit": {{"{name}": {value}}}}}') == older
    with pytest.raises(InputError, match=told):
        config.from_json(f'{{"fit": {{"{name}": {value + 1}}}}}')


@pytest.mark.parametrize("mm", [0, 4, -1])
def test_a_resolution_the_template_has_not_is_refused(mm):
    with pytest.raises(InputError, match="expected 1, 2 or 3"):
        config.validate(with_value("render.resolution_mm", mm))


def test_sides_of_blocks_are_numbers_in_a_list_of_text():
    sides = functools.partial(block_sides, "here")
    assert sides("") == sides(" ") == ()
    assert sides("20, 12.5") == (20.0, 12.5)
    assert sides("1,100") == (1.0, 100.0)


@pytest.mark.parametrize(
    "text", ["a", "20,", "20 40", "0", "101", "inf", "nan", "20,20.0", "20,20.0000001"]
)
def test_sides_of_blocks_that_are_none_are_refused(text):
    c = config.default()
    c.evaluate.blocks_mm = text
    with pytest.raises(InputError, match="blocks_mm: expected"):
        config.validate(c)


def test_a_config_file_of_the_first_version_is_still_read(tmp_path):
    path = tmp_path / "old.py"
    lines = ("from inr_jax import config", "def get_config():")
    body = ("c = config.default()", "c.fit.steps = 7", "return c")
    path.write_text("\n".join((*lines, *(f"    {line}" for line in body))))
    assert flags.load_config(path) == with_value("fit.steps", 7)
