"""What the README says can be typed, and what it links to is there."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from inr_jax import cli
from inr_jax.run import ahba_verbs, config
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
    # A path among the flags; what lies there says of which kind the samples are.
    path = "--config.source.path="
    flags = [flag if flag.startswith("-") else path + flag for flag in flags]
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


@pytest.mark.usefixtures("quick_compiling")
def test_the_python_example_runs(tmp_path, monkeypatch):
    tiny = {"fit__steps": 10, "fit__members": 2, "field__hidden": 4, "seed": 1}
    tiny |= {"anatomy__steps": 5, "anatomy__field_steps": 0, "anatomy__hidden": 4}
    settings = config.with_settings(config.default(), **tiny)
    monkeypatch.setattr(config, "default", lambda: settings)
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        rng.uniform([-40, -60, 0], [40, 20, 50], (40, 3)), columns=["x", "y", "z"]
    )
    frame = frame.assign(donor=frame.index % 2, structure="s", parent="p")
    frame[["APOE", "MAPT"]] = rng.normal(size=(40, 2))
    frame.to_csv("wells.csv", index=False)
    x_mm = np.array([[-24.0, 8.0, -6.0], [30.0, -60.0, 20.0]])
    names: dict = {"frame": frame, "x_mm": x_mm}
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(code.replace("resolution_mm=1", "resolution_mm=3"), names)
    assert names["images"].keys() == {"APOE"}
    assert {"inr", "kriging"} <= set(names["scores"].method)
    mean, sd = names["model"](x_mm)  # as it was loaded again
    np.testing.assert_array_equal(mean, names["mean"])
    np.testing.assert_array_equal(sd, names["sd"])
    value = names["expression"](x_mm[0])
    np.testing.assert_allclose(value, mean[0, 0], atol=1e-5)
