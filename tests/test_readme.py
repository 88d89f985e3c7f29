"""What the README and docs/ say can be typed, and what they link to is there."""

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
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
if not (ROOT / "configs").is_dir():
    pytest.skip("not in a clone", allow_module_level=True)


def commands() -> list[list[str]]:
    """Every `inr-jax ...` of a page, as words."""
    texts = []
    for page in PAGES:
        # A line that ends with a backslash goes on in the next.
        text = re.sub(r"\\\n\s*", " ", page.read_text())
        text = re.sub(r"\$\{?[A-Z_]+\}?", "3", text)  # a shell's number of a job
        texts += re.findall(r"inr-jax (?:[a-z]+) [^`\n]*--[^`\n]+", text)
    return [
        shlex.split(text.replace("...", "PATH"))[1:] for text in dict.fromkeys(texts)
    ]


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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_that_is_named_exists(page):
    known = config.flat(config.default())
    for key in re.findall(r"--config\.([a-z_.]+[a-z_])=", page.read_text()):
        assert key in known, key


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_linked_or_named_exists(page):
    text = page.read_text()
    for path in re.findall(r"\]\((?!http)([^)#]+)(?:#[^)]*)?\)", text):
        assert (page.parent / path).exists(), path
    named = re.findall(r"--config=(configs/\w+\.py)", text)
    for path in named + re.findall(r"python (benchmarks/\w+\.py)", text):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_extra_that_is_named_exists(page):
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for name in re.findall(r"\.\[(\w+)\]", page.read_text()):
        assert name in extras["optional-dependencies"]


@pytest.mark.slow
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
