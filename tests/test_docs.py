"""The pages of docs/: their Python runs, what is public is shown, the site builds."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
from pathlib import Path

import pytest

import inr_jax
from inr_jax.maps.lookup import Store
from inr_jax.run.association.api import Associations
from inr_jax.run.expression_model import ExpressionModel

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
if not (DOCS / "api.md").is_file():
    pytest.skip("not in a clone", allow_module_level=True)


def python_of(page):
    return re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)


API = "\n".join(python_of(DOCS / "api.md"))


def public(kind):
    """What can be called or asked for; attributes that only hold are not."""
    asked = (property, functools.cached_property)
    return [
        name
        for name in dir(kind)
        if not name.startswith("_")
        and (callable(getattr(kind, name)) or isinstance(vars_of(kind)[name], asked))
    ]


def vars_of(kind):
    return {
        name: value for base in kind.__mro__[::-1] for name, value in vars(base).items()
    }


@pytest.mark.parametrize("name", inr_jax.__all__)
def test_what_the_package_names_has_an_example(name):
    assert re.search(rf"\binr_jax\.{name}\b", API), name


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (kind, name)
        for kind in (ExpressionModel, inr_jax.Samples, Store, Associations)
        for name in public(kind)
    ],
    ids=lambda part: part if isinstance(part, str) else part.__name__,
)
def test_what_a_model_samples_and_a_store_can_do_has_an_example(kind, name):
    assert re.search(rf"\w\.{name}\b", API), f"{kind.__name__}.{name}"


@pytest.mark.slow
@pytest.mark.usefixtures("quick_compiling", "command_on_path")
def test_the_examples_of_the_api_run_one_after_the_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(API, "docs/api.md", "exec"), {"__name__": "api"})
    assert (tmp_path / "page.html").stat().st_size > 1e6
    assert (tmp_path / "associate" / "associations.csv").exists()


@pytest.mark.slow
def test_the_site_builds_and_warns_of_nothing(tmp_path):
    pytest.importorskip("mkdocs", reason="no MkDocs (pip install '.[docs]')")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(tmp_path)]
    built = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    pages = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*.html")}
    assert {"index.html", "look", "trust", "api", "notebooks"} <= pages
    text = (tmp_path / "index.html").read_text()
    assert not re.findall(r'(?:src|href)="https?://(?!github)[^"]*\.(?:js|css)', text)
