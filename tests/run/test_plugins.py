"""Conditionings of a user's own: one file, no fork."""

from __future__ import annotations

from pathlib import Path

import pytest
from given import input_error

from inr_jax.fields.conditioning import CONDITIONINGS
from inr_jax.fields.conditioning.contract import check_conditioning
from inr_jax.run import build, config
from inr_jax.run.plugins import from_file

pytestmark = pytest.mark.usefixtures("quick_compiling")
GATE = (Path(__file__).parents[2] / "docs" / "gate.py").read_text()
BROKEN = {
    "syntax": ("def make(:", "SyntaxError"),
    "nothing": ("x = 1", "no function `make`"),
    "argument": (
        "def make(make_field, *, genes, features, heat): pass",
        "an argument that no setting gives (heat)",
    ),
    "kind": ("def make(f, *, genes, features): return 3", "a int where a Conditioning"),
    "rows": (
        GATE.replace("return modulated", "made = modulated")
        + "    return made._replace(init=lambda key: {'shared': {}})",
        "parameters that are not",
    ),
    "fails": ("def make(f, *, genes, features): return 1 / 0", "ZeroDivisionError"),
}


@pytest.mark.parametrize("name", CONDITIONINGS)
def test_every_conditioning_of_this_package_keeps_to_the_protocol(name):
    check_conditioning(CONDITIONINGS[name], name)


def test_a_file_is_a_conditioning(tmp_path):
    path = tmp_path / "gate.py"
    path.write_text(GATE)
    settings = config.with_settings(
        config.default(),
        conditioning__module=str(path),
        conditioning__code="pca",
        conditioning__width=3,
    )
    plan = build.make_recipe(settings, 4)
    assert plan.conditioning.code == 3 and plan.codes.width == 3
    again = build.make_recipe(settings, 4)
    assert from_file(str(path)) is from_file(str(path)) and again.steps == plan.steps


@pytest.mark.parametrize(("text", "why"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_breaks_the_protocol_is_told_which_rule(tmp_path, text, why):
    path = tmp_path / "mine.py"
    path.write_text(text)
    line = str(input_error(from_file, str(path)))
    assert why in line and "mine.py" in line


def test_no_such_file_and_no_such_name_are_told(tmp_path):
    assert "no such file" in str(input_error(from_file, str(tmp_path / "none.py")))
    with pytest.raises(ValueError, match="did you mean 'film'"):
        config.with_settings(config.default(), conditioning__name="fill")
