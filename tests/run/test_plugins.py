"""Conditionings of a user's own: one file, no fork."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
import pytest
from given import input_error

from inr_jax.fields.architectures import FIELDS
from inr_jax.fields.architectures.contract import check_field
from inr_jax.fields.conditioning import CONDITIONINGS
from inr_jax.fields.conditioning.contract import check_conditioning
from inr_jax.fields.field import Field
from inr_jax.fields.gene_codes import CODES, GeneCodes
from inr_jax.fields.gene_codes.contract import check_codes
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


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_of_this_package_keeps_to_the_protocol(name):
    check_field(FIELDS[name], name, config.default().field)


@pytest.mark.parametrize("name", CODES)
def test_every_code_of_this_package_keeps_to_the_protocol(name):
    check_codes(CODES[name], name)


class Point(NamedTuple):
    name: str
    make: object

    def load(self):
        return self.make


def ramp(*, features, outputs, precision, hidden):
    """A field of a package of its own: a linear map."""
    del precision, hidden
    init = lambda key: jax.random.normal(key, (outputs, features))  # noqa: E731
    return Field(init, lambda params, x: params @ x)


def ordinal(*, width):
    """Codes of a package of its own: the number of a gene."""

    def of(values, genes):
        return np.tile(np.float32(np.arange(len(genes))[:, None]), (1, width))

    return GeneCodes(width, of)


@pytest.fixture
def brought(monkeypatch):
    """Entry points by group, as if packages brought them."""
    points: dict = {"inr_jax.fields": [], "inr_jax.codes": []}
    monkeypatch.setattr(
        "importlib.metadata.entry_points", lambda group: points.get(group, [])
    )
    return points


def test_fields_and_codes_come_by_entry_points(brought):
    brought["inr_jax.fields"].append(Point("ramp", ramp))
    brought["inr_jax.codes"].append(Point("ordinal", ordinal))
    names = {"field__name": "ramp", "conditioning__code": "ordinal"}
    settings = config.with_settings(
        config.default(), conditioning__name="concat", conditioning__width=2, **names
    )
    plan = build.make_recipe(settings, 4)
    params = plan.conditioning.init(jax.random.key(0))
    assert params["shared"].shape == (1, 3 + 2) and plan.codes.width == 2
    with pytest.raises(ValueError, match="did you mean 'ramp'"):
        config.with_settings(config.default(), field__name="ramb")


@pytest.mark.parametrize(
    ("group", "make", "why"),
    [
        ("fields", lambda *, features, outputs, heat: 0, "no setting gives (heat)"),
        ("fields", lambda *, features, outputs, precision: 0, "a int where a Field"),
        ("codes", lambda *, width: GeneCodes(width, lambda v, g: v), "codes (7, 5)"),
    ],
)
def test_what_breaks_the_protocol_is_told_which_rule(brought, group, make, why):
    brought[f"inr_jax.{group}"].append(Point("bad", make))
    key = "field__name" if group == "fields" else "conditioning__code"
    names = {key: "bad", "conditioning__name": "concat"}
    settings = config.with_settings(config.default(), **names)
    line = str(input_error(build.make_recipe, settings, 4))
    assert why in line and f"entry point 'bad' of inr_jax.{group}" in line


def test_no_such_file_and_no_such_name_are_told(tmp_path):
    assert "no such file" in str(input_error(from_file, str(tmp_path / "none.py")))
    with pytest.raises(ValueError, match="did you mean 'film'"):
        config.with_settings(config.default(), conditioning__name="fill")
