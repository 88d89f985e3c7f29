"""`inr-jax adapt` and `model.adapt`: what they leave, and what they leave alone."""

from __future__ import annotations

import csv
import dataclasses
import hashlib

import nibabel as nib
import numpy as np
import pytest
from given import refused
from workdirs import THREE_GENES, TINY, load, maps

import inr_jax
from inr_jax import cli
from inr_jax.fields.factors import place_features
from inr_jax.fields.inputs import make_places
from inr_jax.maps.held_out_file import HeldOutPredictions
from inr_jax.run import build, config
from inr_jax.run.adapted_folder import with_gene_table
from inr_jax.samples.support import Support
from inr_jax.stats.new_donor import donor_latent, donor_prior

pytestmark = pytest.mark.usefixtures("quick_compiling")
NEW = "--config.source.genes=BIN1,CLU"


def digests(folder):
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


@pytest.mark.slow
def test_new_genes_are_scored_drawn_and_kept_and_the_old_stay_bit_for_bit(copy):
    before = digests(copy)
    assert cli.main(["adapt", f"--workdir={copy}", NEW]) == 0
    after = digests(copy)
    assert {path: after[path] for path in before} == before
    rows = list(csv.DictReader((copy / "adapted.csv").open()))
    assert {row["gene"] for row in rows} == {"BIN1", "CLU"}
    assert list(rows[0]) == ["gene", "n", "r", "r2", "kriging_r", "kriging_r2"]
    assert set(maps(copy)) == {"BIN1", "CLU"} == set(maps(copy, "std"))
    sidecar = next(copy.glob("maps/*BIN1*_feature.json"))
    assert load(sidecar)["Adapted"] and load(sidecar)["HeldOutR"] is not None
    model = inr_jax.load(copy / "adapted")
    assert set(model.genes) == {"BIN1", "CLU"} and model.calibration
    again = [f"--workdir={copy / 'adapted'}", "--genes=CLU"]
    assert cli.main(["render", *again]) == 0
    volumes = [nib.load(maps(folder)["CLU"]) for folder in (copy, copy / "adapted")]
    one, another = (volume.get_fdata() for volume in volumes)
    np.testing.assert_allclose(one, another, atol=1e-5)


def test_nothing_is_fitted_anew_where_adapted_genes_lie(fitted, tmp_path, capsys):
    model, samples = fitted
    model.adapt(samples.keep_genes(list(samples.genes[3:]))).save(tmp_path / "kept")
    before = digests(tmp_path / "kept")
    for verb in ("evaluate", "fit", "run", "adapt"):
        assert cli.main([verb, f"--workdir={tmp_path / 'kept'}"]) == 2
        assert "adapted to the trunk of another" in capsys.readouterr().err
    assert {path: digests(tmp_path / "kept")[path] for path in before} == before


def test_another_table_of_codes_under_the_same_name_is_another_input(tmp_path):
    settings = config.with_settings(
        config.default(), phantom__n_wells=60, phantom__n_genes=3
    )
    settings.conditioning.update(code="table", table=str(tmp_path / "table.csv"))
    source = build.load_source(settings)
    sums = []
    for text in ("a", "b"):
        (tmp_path / "table.csv").write_text(text)
        sums.append(with_gene_table(source, settings).files["table.csv"])
    assert sums[0] != sums[1] == hashlib.sha256(b"b").hexdigest()
    settings.conditioning.code = "pca"
    assert with_gene_table(source, settings) is source


@pytest.fixture(scope="module")
def fitted():
    settings = config.with_settings(
        config.default(), phantom__n_wells=60, phantom__n_genes=5
    )
    samples = build.load_source(settings).samples
    few = {"fit__steps": 20, "fit__members": 2, "field__hidden": 8, "field__depth": 1}
    genes = list(samples.genes)
    return inr_jax.fit(samples.keep_genes(genes[:3]), **few), samples


def test_a_model_of_python_adapts_to_samples_and_is_saved(fitted, tmp_path):
    model, samples = fitted
    new = samples.keep_genes(list(samples.genes[3:]))
    adapted = model.adapt(new)
    assert adapted.genes == samples.genes[3:] and adapted.steps == model.steps
    adapted.save(tmp_path / "kept")
    x_mm = samples.x_mm[:5]
    again = inr_jax.load(tmp_path / "kept")
    np.testing.assert_array_equal(again(x_mm)[0], adapted(x_mm)[0])
    np.testing.assert_array_equal(model(x_mm)[0], fitted[0](x_mm)[0])


def test_genes_that_were_never_measured_come_from_a_table(fitted, tmp_path, rng):
    model, samples = fitted
    genes, path = samples.genes, tmp_path / "table.csv"
    rows = [f"{gene},{rng.normal()},{rng.normal()}" for gene in genes]
    path.write_text("\n".join(["gene,a,b", *rows]))
    unseen = model.unseen(path, genes[3:])
    assert unseen.genes == genes[3:] and np.isfinite(unseen(samples.x_mm[:4])[0]).all()
    unseen.save(tmp_path / "kept")
    again = inr_jax.load(tmp_path / "kept")
    np.testing.assert_array_equal(again(samples.x_mm)[0], unseen(samples.x_mm)[0])
    with pytest.raises(inr_jax.InputError, match=r"1 of 1 missing|none of them"):
        model.unseen(path, ["TREM2"])


@pytest.fixture
def of_a_run(fitted):
    """The model with predictions of held-out donors, and wells of its genes."""
    model, samples = fitted
    wells = samples.keep_genes(list(model.genes))
    fold = np.array(wells.donors, object)[wells.donor]
    predicted = 0.5 * wells.values
    held = HeldOutPredictions(
        wells.genes, wells.well, fold, wells.values, predicted, predicted
    )
    return dataclasses.replace(model, held_out=held), wells


def test_a_model_is_adapted_to_a_new_donor_by_its_held_out_donors(of_a_run):
    model, wells = of_a_run
    new = dataclasses.replace(wells.take(wells.donor == 0), donors=("new",) * 6)
    turned = new.keep_genes(list(reversed(new.genes)))
    donor = model.adapt_donor(turned)
    prior = donor_prior(*model.held_out[3:5], model.held_out.fold, len(new.well))
    latent = donor_latent(prior, new.values, model(new.x_mm)[0])
    x_mm = wells.x_mm[-9:]
    expected = latent.adapted(model(x_mm)[0])
    np.testing.assert_allclose(donor(x_mm), expected, rtol=1e-5, atol=1e-5)
    assert donor.penalty == prior.penalty < np.inf and "donor new" in repr(donor)
    assert abs(donor(x_mm) - model(x_mm)[0]).max() > 1e-3


def test_donors_that_a_model_cannot_be_adapted_to_are_refused(of_a_run, fitted):
    model, wells = of_a_run
    of_one = dataclasses.replace(wells.take(wells.donor == 0), donors=("new",) * 6)

    def error(model, samples):
        with pytest.raises(inr_jax.InputError) as raised:
            model.adapt_donor(samples)
        return str(raised.value)

    assert "found 6 (" in error(model, wells)
    assert "never saw, found 14380" in error(model, wells.take(wells.donor == 0))
    assert "1 missing (" in error(model, of_one.keep_genes(list(of_one.genes[1:])))
    assert "inr-jax evaluate" in error(fitted[0], of_one)
    assert "Samples, found str" in error(model, "wells.csv")


def test_genes_of_the_model_and_what_is_no_samples_are_refused(fitted):
    model, samples = fitted
    with pytest.raises(inr_jax.InputError, match="not in the model, found 3"):
        model.adapt(samples)
    with pytest.raises(inr_jax.InputError, match="Samples, found str"):
        model.adapt("wells.csv")


def test_bad_calls_leave_nothing(tmp_path, capsys, copy):
    refused(capsys, "adapt", f"--workdir={tmp_path / 'none'}", *THREE_GENES)
    before = digests(copy)
    line = refused(capsys, "adapt", f"--workdir={copy}", "--config.source.genes=APOE")
    assert "in the model" in line and "APOE" in line
    line = refused(capsys, "adapt", f"--workdir={copy}", NEW, "--config.fit.steps=7")
    assert "fit.steps" in line and "source alone" in line
    assert digests(copy) == before and TINY


@pytest.mark.slow
def test_genes_with_single_wells_keep_the_networks_of_a_trunk_with_supports(
    fitted, tmp_path
):
    samples = fitted[1]
    count = len(samples.well)
    twice = Support(
        np.repeat(samples.x_mm, 2, axis=0),
        np.repeat(samples.tissue, 2, axis=0),
        np.full(count, 2, np.int32),
    )
    old = samples.keep_genes(list(samples.genes[:3]))
    tiny = {"field__hidden": 4, "fit__members": 1, "fit__steps": 2}
    trunk = inr_jax.fit(dataclasses.replace(old, support=twice), **tiny)
    assert trunk.recipe.places == "kriged"
    trunk.adapt(samples.keep_genes(list(samples.genes[3:]))).save(tmp_path)
    features = [
        place_features(model.recipe.conditioning, model.model, places_of(samples))
        for model in (trunk, inr_jax.load(tmp_path))
    ]
    np.testing.assert_array_equal(*features)


def places_of(samples):
    return make_places(samples.x_mm[:9], samples.tissue[:9])
