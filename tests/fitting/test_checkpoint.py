"""Checkpoints: what goes in comes out bit for bit, and damage is told in one line."""

from __future__ import annotations

import json
import shutil
from collections import namedtuple
from pathlib import Path

import jax
import numpy as np
import orbax.checkpoint as ocp
import pytest

from inr_jax.errors import InputError
from inr_jax.fitting import checkpoint, fit, fitted_data, recipe
from inr_jax.run import build, config
from inr_jax.samples.standardise import Standardiser

pytestmark = pytest.mark.usefixtures("quick_compiling")

GENES, CHUNK = 3, 5


def plan_of(conditioning):
    settings = config.default()
    settings.conditioning.name = conditioning
    settings.field.hidden, settings.field.depth = 8, 1
    settings.fit.members = 2
    settings.fit.chunk = CHUNK
    plan = build.make_recipe(settings, GENES)
    return plan, plan.conditioning.code


@pytest.fixture(scope="module")
def samples():
    settings = config.default()
    settings.phantom.n_wells = 60
    settings.phantom.n_genes = GENES
    return build.load_source(settings).samples


def bundle_at(plan, samples, step, state=None):
    preprocessing = recipe.make_preprocessing(plan, samples)
    data = fitted_data.make_data(plan, preprocessing, samples)
    state = recipe.first_state(plan) if state is None else state
    state, _ = fit.fit(plan.trainer, state, data, steps=step, chunk=CHUNK)
    meta = {"config": "{}", "genes": ["A", "B", "C"], "mirror": True, "tissue": "none"}
    return checkpoint.Bundle(state, preprocessing, meta)


@pytest.fixture(scope="module")
def plan():
    return plan_of("heads")[0]


@pytest.fixture(scope="module")
def two(tmp_path_factory, plan, samples):
    """A folder with the checkpoints of steps 5 and 10."""
    folder = tmp_path_factory.mktemp("two") / "checkpoints"
    for step in (5, 10):
        checkpoint.save(folder, bundle_at(plan, samples, step), keep=2)
    return folder


@pytest.fixture
def folder(two, tmp_path):
    """A copy to damage."""
    return Path(shutil.copytree(two, tmp_path / "checkpoints"))


def restored(folder, plan, code=0):
    return checkpoint.restore(folder, recipe.first_state(plan), GENES, code)


def assert_same(one, two):
    leaves, others = jax.tree.leaves(one), jax.tree.leaves(two)
    assert jax.tree.structure(one) == jax.tree.structure(two)
    for leaf, twin in zip(leaves, others, strict=True):
        leaf, twin = np.asarray(leaf), np.asarray(twin)
        assert (leaf.dtype, leaf.shape) == (twin.dtype, twin.shape)
        assert leaf.tobytes() == twin.tobytes()


@pytest.mark.parametrize("conditioning", ["heads", "concat"])
def test_what_is_restored_is_what_was_saved_bit_for_bit(
    conditioning, samples, tmp_path
):
    plan, code = plan_of(conditioning)
    saved = bundle_at(plan, samples, CHUNK)
    checkpoint.save(tmp_path / "c", saved, keep=1)
    back = restored(tmp_path / "c", plan, code)
    assert_same(back.state, saved.state)
    assert_same(back.preprocessing, saved.preprocessing)
    assert back.meta.pop("sha256") and back.meta.pop("arrays")
    assert back.meta.pop("generator") == "threefry2x32"
    assert back.meta == {**saved.meta, "format": checkpoint.FORMAT}


def test_shapes_alone_tell_what_is_to_be_restored(plan, two):
    """No program is compiled for a state whose numbers nobody needs."""
    like, first = recipe.first_shapes(plan), recipe.first_state(plan)
    assert jax.tree.structure(like) == jax.tree.structure(first)
    for shape, leaf in zip(jax.tree.leaves(like), jax.tree.leaves(first), strict=True):
        assert (shape.shape, shape.dtype) == (leaf.shape, leaf.dtype)
    back, whole = checkpoint.restore(two, like, GENES, 0), restored(two, plan)
    assert_same(back.preprocessing, whole.preprocessing)
    for part in ("params", "optimizer", "noise", "step"):
        leaves, others = getattr(back.state, part), getattr(whole.state, part)
        assert_same(leaves, others)
        for leaf, twin in zip(*map(jax.tree.leaves, (leaves, others)), strict=True):
            assert leaf.devices() == twin.devices()


def test_a_fit_cut_in_two_is_the_fit_in_one_bit_for_bit(plan, samples, folder):
    shutil.rmtree(folder / "10")
    half = restored(folder, plan)
    assert int(half.state.step) == 5
    assert_same(
        bundle_at(plan, samples, 10, half.state).state,
        bundle_at(plan, samples, 10).state,
    )


def test_the_last_k_stay(plan, samples, tmp_path):
    for step in (5, 10, 15):
        checkpoint.save(tmp_path / "c", bundle_at(plan, samples, step), keep=2)
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == ["10", "15"]
    assert checkpoint.last_step(tmp_path / "c") == 15


def test_what_a_killed_writer_left_is_no_checkpoint_and_goes(plan, samples, folder):
    left = folder / "99.orbax-checkpoint-tmp-12"
    shutil.copytree(folder / "10", left)
    (folder / "notes.txt").write_text("mine")
    assert checkpoint.last_step(folder) == 10
    checkpoint.save(folder, bundle_at(plan, samples, 15), keep=3)
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["10", "15", "5", "notes.txt"]


def test_no_checkpoint_is_told_with_the_verb_that_makes_one(tmp_path):
    assert checkpoint.last_step(tmp_path / "none") is None
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match="found none; run `inr-jax fit` first"):
            checkpoint.read_meta(folder)


@pytest.mark.parametrize("number", [1, 99])
def test_another_format_is_refused_with_what_to_do(number, folder):
    path = folder / "10" / "meta" / "metadata"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": number}))
    message = f"expected format 2, found format {number}; fit again in a new workdir"
    with pytest.raises(InputError, match=message) as caught:
        checkpoint.read_meta(folder)
    assert "inr_jax 0.1.0" in str(caught.value) and "\n" not in str(caught.value)


def test_a_checkpoint_that_0_1_0_wrote_is_refused_with_what_to_do(plan):
    folder = Path(__file__).parent / "data" / "checkpoint_of_0.1.0"
    for read in (checkpoint.read_meta, lambda folder: restored(folder, plan)):
        with pytest.raises(InputError, match="render it with the version") as caught:
            read(folder)
        line = (
            f"{folder}: expected format 2, found format 1; fit again in a new workdir"
        )
        assert str(caught.value).startswith(line) and "\n" not in str(caught.value)


def test_a_file_or_folder_of_another_name_is_no_checkpoint(folder):
    (folder / "30").write_text("")
    (folder / "²").mkdir()
    assert checkpoint.last_step(folder) == 10


def test_a_checkpoint_under_the_name_of_another_step_is_refused(plan, folder):
    (folder / "10").rename(folder / "20")
    with pytest.raises(InputError, match="found one of step 10"):
        restored(folder, plan)


def test_another_generator_is_told_and_nothing_is_to_be_deleted(plan, folder):
    with jax.default_prng_impl("rbg"), pytest.raises(InputError) as caught:
        restored(folder, plan)
    line = str(caught.value)
    assert "keys of threefry2x32 where JAX has rbg" in line
    assert "JAX_DEFAULT_PRNG_IMPL" in line and "delete" not in line


BAD_META = {
    "genes": {"genes": "ABC"},
    "mirror": {"mirror": None},
    "steps": {"steps": 1.5},
    "config": {"config": {}},
    "inputs": {"inputs_sha256": []},
}


@pytest.mark.parametrize("changed", BAD_META.values(), ids=BAD_META)
def test_meta_of_another_shape_is_told_by_its_key(changed, folder):
    path = folder / "10" / "meta" / "metadata"
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    (key,) = changed
    with pytest.raises(InputError, match=f"found {key} that is not"):
        checkpoint.read_meta(folder)


@pytest.mark.parametrize("part", ["params", "training", "preprocessing", "meta"])
def test_a_part_of_another_checkpoint_is_refused(part, plan, samples, folder, tmp_path):
    other = tmp_path / "other"
    bundle = bundle_at(plan, samples, 10)
    shifted = bundle.preprocessing._replace(
        standardiser=Standardiser(*(2 * a for a in bundle.preprocessing.standardiser))
    )
    state = bundle.state._replace(
        params=jax.tree.map(lambda leaf: leaf + 1, bundle.state.params),
        noise=bundle.state.noise + 1,
    )
    meta = bundle.meta | {"genes": ["A", "C", "B"]}
    checkpoint.save(other, checkpoint.Bundle(state, shifted, meta), keep=1)
    shutil.rmtree(folder / "10" / part)
    shutil.copytree(other / "10" / part, folder / "10" / part)
    with pytest.raises(InputError, match="parts that do not fit together"):
        restored(folder, plan)


def cut(path: Path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


# Orbax's readers go on in threads after the first has failed.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("damage", [cut, Path.unlink])
@pytest.mark.parametrize("part", ["meta", "params", "training", "preprocessing"])
def test_damage_is_told_in_one_line_and_the_one_before_is_still_good(
    part, damage, plan, samples, folder
):
    for path in (folder / "10" / part).rglob("*"):
        # Most of orbax's files only hold what another holds too.
        if path.name == "metadata" or path.parent == folder / "10" / part / "d":
            damage(path)
    with pytest.raises(InputError, match="delete this folder") as caught:
        restored(folder, plan)
    assert str(caught.value).startswith(f"{folder / '10'}: expected a whole checkpoint")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500
    shutil.rmtree(folder / "10")
    assert_same(restored(folder, plan).state, bundle_at(plan, samples, 5).state)


def test_a_checkpoint_of_other_networks_is_refused(plan, folder):
    like = recipe.first_state(plan)
    fewer = like._replace(params=jax.tree.map(lambda leaf: leaf[:1], like.params))
    with pytest.raises(InputError, match=r"params.*\(1, .*take the settings"):
        checkpoint.restore(folder, fewer, GENES, 0)


def test_a_disk_without_room_is_told_before_anything_is_written(
    plan, samples, folder, monkeypatch
):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(9, 9, 2**19))
    with pytest.raises(InputError, match=r"room for a .*, found 0\.5 of 1\.0 MiB"):
        checkpoint.save(folder, bundle_at(plan, samples, 15), keep=2)
    assert sorted(path.name for path in folder.iterdir()) == ["10", "5"]


def test_a_disk_that_fills_while_writing_leaves_nothing_half_written(
    plan, samples, folder, monkeypatch
):
    def full(self, step, **rest):
        (folder / f"{step}.orbax-checkpoint-tmp").mkdir()
        raise ValueError("RESOURCE_EXHAUSTED: No space left on device")

    monkeypatch.setattr(ocp.CheckpointManager, "save", full)
    with pytest.raises(InputError, match="free some disk and run again"):
        checkpoint.save(folder, bundle_at(plan, samples, 15), keep=2)
    assert sorted(path.name for path in folder.iterdir()) == ["10", "5"]
