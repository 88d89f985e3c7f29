"""What the README says can be typed, and what it links to is there."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import numpy as np
import pytest

from inr_jax import cli
from inr_jax.errors import InputError
from inr_jax.fields import model as render
from inr_jax.fields.inputs import make_places
from inr_jax.fitting import checkpoint, recipe
from inr_jax.run import ahba_verbs, build, config, load
from inr_jax.run import flags as command

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
if not (ROOT / "configs").is_dir():
    pytest.skip("not in a clone", allow_module_level=True)


def commands() -> list[list[str]]:
    """Every `inr-jax ...` of the README, as words."""
    found = re.findall(r"inr-jax (?:[a-z]+) [^`\n]*--[^`\n]+", README)
    return [shlex.split(text.replace("...", "PATH"))[1:] for text in found]


def test_the_two_lines_are_the_issue_s():
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    assert blocks[0].strip() == "pip install . && inr-jax run --workdir=demo"
    assert blocks[1].strip() == "pip install '.[test]' && pytest"


def test_ci_runs_the_readmes_test_line():
    assert "pip install --quiet '.[test]' && pytest" in (ROOT / ".ci/run").read_text()


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_has_a_known_verb_and_known_flags(words, monkeypatch):
    monkeypatch.chdir(ROOT)
    verb, *flags = words
    assert verb in cli.VERBS
    if "--help" in flags:
        return
    own = (
        ahba_verbs.FLAGS if verb in cli.WITHOUT_WORKDIR else cli.OWN_FLAGS.get(verb, ())
    )
    config.validate(command.parse([*flags, "--workdir=out"], own=own).config)


def test_every_setting_that_is_named_exists():
    known = config.flat(config.default())
    for key in re.findall(r"--config\.([a-z_.]+[a-z_])=", README):
        assert key in known, key


def test_every_file_that_is_linked_or_named_exists():
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    links += re.findall(r"--config=(configs/\w+\.py)", README)
    links += re.findall(r"python (benchmarks/\w+\.py)", README)
    for path in links:
        assert (ROOT / path).exists(), path


def test_every_extra_that_is_named_exists():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for name in re.findall(r"\.\[(\w+)\]", README):
        assert name in extras["optional-dependencies"]


def test_the_python_example_runs_on_a_fitted_workdir(tmp_path, monkeypatch):
    c = config.default()
    c.phantom.n_wells, c.phantom.n_genes = 40, 8  # APOE is the eighth
    c.field.hidden, c.fit.members = 4, 2
    samples = build.load_source(c).samples
    plan = build.make_recipe(c, 8)
    preprocessing, state = (
        recipe.make_preprocessing(plan, samples),
        recipe.first_state(plan),
    )
    meta = {"config": config.to_json(c), "genes": list(samples.genes)}
    meta |= {"mirror": plan.mirror, "tissue": plan.tissue}
    folder = tmp_path / "out" / "checkpoints"
    checkpoint.save(folder, checkpoint.Bundle(state, preprocessing, meta), keep=1)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(code, names)
    model = recipe.make_model(preprocessing, state)
    places = make_places(names["x_mm"], np.zeros((2, 2)))
    mean, std = render.render(plan.renderer, model, places)
    np.testing.assert_allclose(names["mean"], mean, atol=1e-5)
    np.testing.assert_allclose(names["std"], std, atol=1e-5)
    np.testing.assert_array_equal(names["mean_apoe"], names["mean"][:, 7])


@pytest.mark.parametrize("x_mm", [[1.0, 2.0, 3.0], [[1.0, 2.0]], [[500.0, 0.0, 0.0]]])
def test_places_that_are_none_are_refused(x_mm):
    field = load.Field(("A",), None, None, "")
    with pytest.raises(InputError, match="MNI mm"):
        field(np.array(x_mm))
