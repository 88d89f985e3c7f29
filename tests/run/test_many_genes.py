"""A run whose genes are looked at one by one is a run of all of them at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import workdirs

import inr_jax
from inr_jax import cli
from inr_jax.fields import model as fields_model
from inr_jax.report.tables import read_scores
from inr_jax.run.stages import evaluate
from inr_jax.samples import gene_blocks

SETTINGS = [*workdirs.TINY, "--config.phantom.n_genes=6", "--config.fit.mixtures=3"]
SETTINGS += ["--config.render.store=factored", "--config.regions.enabled=true"]
SETTINGS += [
    "--config.evaluate.baselines=plain",
    "--config.anatomy.steps=20",
    "--config.anatomy.field_steps=20",
]


@pytest.mark.slow
@pytest.mark.usefixtures("quick_compiling")
def test_genes_one_by_one_make_the_same_run(tmp_path, monkeypatch):
    folders = [tmp_path / name for name in ("whole", "light")]
    assert cli.main(["run", f"--workdir={folders[0]}", *SETTINGS]) == 0
    monkeypatch.setattr(gene_blocks, "VALUES", 60)
    monkeypatch.setattr(fields_model, "CALL", 2048)
    monkeypatch.setattr(evaluate, "KEPT", 0)
    assert cli.main(["run", f"--workdir={folders[1]}", *SETTINGS]) == 0
    whole, light = (read_scores(folder / "scores.csv") for folder in folders)
    for row, other in zip(whole, light, strict=True):
        assert (row["method"], row["gene"]) == (other["method"], other["gene"])
        assert other["r"] == pytest.approx(row["r"], abs=2e-3)
    models = [inr_jax.load(folder) for folder in folders]
    x_mm = [[-30.0, -20, 10], [20, 30, 40]]
    (mean, sd), (mean_light, sd_light) = (model(x_mm) for model in models)
    np.testing.assert_allclose(mean_light, mean, rtol=1e-4)
    np.testing.assert_allclose(sd_light, sd, rtol=1e-2)
    held, held_light = (model.held_out for model in models)
    np.testing.assert_allclose(held_light.prediction, held.prediction, atol=2e-3)
    np.testing.assert_allclose(held_light.sd, held.sd, rtol=2e-2)
    assert inr_jax.load(folders[1], "structure").held_out is None  # kept of the drawn
    tables = [
        pd.read_csv(f / "regions" / "desikan_killiany_sd.csv", index_col=0)
        for f in folders
    ]
    np.testing.assert_allclose(tables[1], tables[0], rtol=2e-2)
    assert not (folders[1] / "evaluating").exists()
