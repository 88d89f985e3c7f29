"""Shards of the genes, merged, are one run of all of them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import workdirs
from given import input_error, random_samples, refused

import inr_jax
from inr_jax import cli
from inr_jax.report.tables import read_scores
from inr_jax.run import build, config, merge, shards
from inr_jax.run.stages import evaluate
from inr_jax.run.workdir import Workdir
from inr_jax.samples import gene_blocks
from inr_jax.samples.source import Source


def cut(rng, text, **changes):
    source = Source(random_samples(rng, 30, 7), {}, "", {})
    changes = {"source.genes_shard": text, **changes}
    return source, shards.cut(source, config.changed(config.default(), changes))


def test_shards_hold_every_gene_once_and_go_back_in_order(rng):
    parts = []
    for part in (1, 2, 3):
        source, shard = cut(rng, f"{part}/3")
        parts.append(list(shard.samples.genes))
        assert shard.samples.context is None
    assert parts[1] == ["G1", "G4"]
    assert shards.in_order(parts) == list(source.samples.genes)


def test_a_shard_of_mixtures_knows_the_values_of_all_genes(rng):
    source, shard = cut(rng, "2/3", **{"fit.mixtures": 2})
    np.testing.assert_array_equal(shard.samples.context, source.samples.values)
    few = shard.samples.take(np.arange(5))
    np.testing.assert_array_equal(few.context, source.samples.values[:5])


def test_parts_beyond_their_number_or_the_genes_are_refused(rng):
    assert "1 to 3" in str(input_error(cut, rng, "4/3"))
    assert "at most, 7" in str(input_error(cut, rng, "1/8"))
    key = {"source.genes_shard": "3-16"}
    wrong = config.changed(config.default(), key)
    assert "as 3/16" in str(input_error(config.validate, wrong))


@pytest.fixture
def folders(tmp_path):
    """Two folders that look like finished shards, of no store's contents."""
    for part in (1, 2):
        folder = tmp_path / f"out-{part}"
        (folder / "store").mkdir(parents=True)
        made = config.changed(
            config.default(), {"source.genes_shard": f"{part}/2", "fit.steps": 7}
        )
        (folder / "config.json").write_text(config.to_json(made))
        (folder / "store" / "store.json").write_text("{}")
        for name in ("summary", "provenance"):
            (folder / f"{name}.json").write_text("{}")
    return [str(tmp_path / f"out-{part}") for part in (1, 2)]


def test_a_missing_double_or_foreign_shard_is_named(folders, tmp_path, capsys):
    out = f"--workdir={tmp_path / 'all'}"
    assert "none for 2/2" in refused(capsys, "merge", folders[0], out)
    assert "out-1" in refused(capsys, "merge", folders[0], *folders, out)
    changed = config.read(tmp_path / "out-2" / "config.json")
    changed.fit.steps = 8
    (tmp_path / "out-2" / "config.json").write_text(config.to_json(changed))
    line = refused(capsys, "merge", *folders, out)
    assert "out-2" in line and "fit.steps: 7 -> 8" in line
    (tmp_path / "out-2" / "config.json").write_text(config.to_json(config.default()))
    assert "a run of all genes" in refused(capsys, "merge", *folders, out)
    assert not (tmp_path / "all").exists()


def test_no_run_is_written_over(folders, tmp_path, capsys):
    before = (tmp_path / "out-2" / "config.json").read_bytes()
    for name in ("out-1", "out-2"):
        line = refused(capsys, "merge", *folders, f"--workdir={tmp_path / name}")
        assert f"{name}: expected a new folder, or what an earlier merge left" in line
    assert (tmp_path / "out-2" / "config.json").read_bytes() == before
    target = Workdir(tmp_path / "out-1")
    target.summary.write_text('{"shards": ["a", "b"]}')
    merge.check_target(target)


def test_shards_of_other_inputs_are_refused(folders, tmp_path):
    path = tmp_path / "out-2" / "provenance.json"
    path.write_text(json.dumps({"inputs_sha256": {"a.csv": "0"}}))
    parts = [merge.read_shard(tmp_path / f"out-{part}") for part in (1, 2)]
    assert "inputs that differs" in str(input_error(merge.check_alike, parts))


@pytest.mark.slow
def test_so_many_values_that_memory_is_short_are_scored_and_not_kept(rng, monkeypatch):
    samples = random_samples(rng, 30, 3, donors=("a", "b"))
    tiny = {"fit.steps": 2, "fit.members": 2, "field.hidden": 4, "field.depth": 1}
    made = config.changed(config.default(), tiny)
    models = build.make_models(made, samples)
    whole = evaluate.evaluate(made, samples, models)
    monkeypatch.setattr(gene_blocks, "VALUES", 30)  # a gene at a time
    light = evaluate.evaluate(made, samples, models)
    for row, other in zip(light.rows, whole.rows, strict=True):
        assert row["gene"] == other["gene"]
        assert row["r"] == pytest.approx(other["r"], abs=1e-3)
    residual = light.held_out["place"].residual
    np.testing.assert_allclose(residual, whole.held_out["place"].residual, rtol=1e-5)
    assert residual.dtype == np.float32


@pytest.mark.slow
def test_merged_shards_are_one_run_of_all_genes(tmp_path, capsys):
    settings = [*workdirs.TINY, "--config.phantom.n_genes=8", "--config.fit.mixtures=3"]
    settings += ["--config.render.store=factored", "--config.anatomy.enabled=false"]
    settings += ["--config.evaluate.baselines=plain"]
    settings += ["--config.phantom.n_wells=700"]  # a shard's intervals need many
    names = ["whole", "a", "b"]
    for name, shard in zip(names, ("", "1/2", "2/2"), strict=True):
        call = [f"--workdir={tmp_path / name}", f"--config.source.genes_shard={shard}"]
        assert cli.main(["run", *call, *settings]) == 0
    parts = [str(tmp_path / name) for name in ("b", "a")]
    assert cli.main(["merge", *parts, f"--workdir={tmp_path / 'all'}"]) == 0
    one, merged = (inr_jax.open_store(tmp_path / name) for name in ("whole", "all"))
    assert one.genes == merged.genes
    for gene in one.genes:
        image, other = (s.gene(gene).get_fdata() for s in (one, merged))
        np.testing.assert_allclose(other, image, atol=1e-5 * np.ptp(image))
    x_mm = one.canvas.grid.points_mm(one.canvas.mask)[100]
    np.testing.assert_allclose(
        merged.voxel(x_mm)["mean"], one.voxel(x_mm)["mean"], rtol=1e-5
    )
    rows, joined = (
        read_scores(tmp_path / name / "scores.csv") for name in ("whole", "all")
    )
    assert [r["gene"] for r in rows] == [r["gene"] for r in joined]
    for row, other in zip(rows, joined, strict=True):
        assert row["method"] == other["method"]
        assert other["r"] == pytest.approx(row["r"], abs=1e-4)
    features = [
        tmp_path / "all/store/shards" / k / "features/0000.npy" for k in ("001", "002")
    ]
    assert features[0].stat().st_ino == features[1].stat().st_ino  # on disk once
    assert cli.main(["export", f"--workdir={tmp_path / 'all'}", "--genes=APOE"]) == 0
    model, whole = (inr_jax.load(tmp_path / name) for name in ("all", "whole"))
    assert model.genes == whole.genes
    mean, mean_of_whole = model([x_mm])[0], whole([x_mm])[0]
    np.testing.assert_allclose(mean, mean_of_whole, rtol=1e-5)
    np.testing.assert_allclose(model([x_mm])[1], whole([x_mm])[1], rtol=0.1)
    np.testing.assert_allclose(
        model.held_out.prediction, whole.held_out.prediction, atol=1e-3
    )
    np.testing.assert_array_equal(model.held_out.value, whole.held_out.value)
    again = [f"--workdir={tmp_path / 'all'}", "--genes=APOE"]
    assert cli.main(["render", *again]) == 0
