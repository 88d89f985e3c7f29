"""Blocks of genes against the whole, and files against both."""

from __future__ import annotations

import errno
import gzip
import weakref
from functools import partial

import jax
import nibabel as nib
import numpy as np
import pytest

from inr_jax import progress
from inr_jax.brain.space import Box, Grid
from inr_jax.errors import InputError
from inr_jax.fields import architectures, conditioning
from inr_jax.fields import model as render
from inr_jax.fields.conditioning import (
    CONDITIONINGS,
    StructureEmbedding,
    make_conditioning,
    with_structures,
)
from inr_jax.fields.conditioning.conditioning import rows_of_genes
from inr_jax.fields.inputs import Inputs, make_places
from inr_jax.files import writing as files
from inr_jax.maps import gene_batches, write
from inr_jax.samples.standardise import Standardiser

pytestmark = pytest.mark.usefixtures("quick_compiling")

SD = {"Description": "sd"}

G, E, C, V, A = 5, 2, 3, 53, 3
SMALL = {"hidden": 4, "depth": 2, "grid": 4, "channels": 3, "frequencies": 2}


def field_of(name, **sizes):
    """A small field of that name; what it takes else, from the defaults."""
    rest = {"omega": 5.0, "scale": 2.5, "sigma": 0.25}
    rest |= {"input_scale": 5.0, "alpha": 6.0, "beta": 1.0} | SMALL
    settings = {key: rest[key] for key in architectures.settings_of(name)}
    return architectures.make_field(name, **settings, **sizes)


def model_of(rng, name, field="siren", *, named=False):
    embedding = StructureEmbedding(1, 2, width=3, spread=0.6, scale=0.5, penalty=0.1)
    sizes = {"code": C, "rank": 8}
    taken = {key: sizes[key] for key in conditioning.settings_of(name)}
    made = make_conditioning(
        name, partial(field_of, field), genes=G, features=3 + 3 * named, **taken
    )
    made = with_structures(made, embedding, 3) if named else made
    keys = jax.random.split(jax.random.key(0), E * made.networks)
    shapes = jax.eval_shape(jax.vmap(made.init), keys)
    # Any numbers do, but zeros would not tell one gene from another.
    params = jax.tree.map(
        lambda leaf: rng.uniform(-0.5, 0.5, leaf.shape).astype(np.float32), shapes
    )
    scale = rng.uniform(1, 2, G).astype(np.float32)
    standardiser = Standardiser(rng.normal(size=G).astype(np.float32), scale)
    codes = rng.normal(size=(G, C)).astype(np.float32)
    inputs = Inputs(Box(np.zeros(3, np.float32), np.float32(80)))
    params = rows_of_genes(params, G)
    model = render.Model(params, inputs, standardiser, codes)
    return render.make_renderer(made, chunk=32, group=2), model


def places(rng, named=False):
    x_mm, seen = rng.uniform(-70, 70, (V, 3)), rng.uniform(0, 1, (V, A * named))
    return make_places(x_mm, np.zeros((V, 2)), seen)


def joined(some, name="mean"):
    return np.concatenate([getattr(block, name) for block in some], axis=1)


@pytest.mark.slow
@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("name", CONDITIONINGS)
def test_blocks_are_the_whole_whatever_their_size(rng, name, named):
    renderer, model = model_of(rng, name, named=named)
    where = places(rng, named)
    whole = render.render(renderer, model, where)
    halves = [slice(0, 20), slice(20, V)]

    def slabs():
        return [where.take(rows) for rows in halves]

    for size in (2, G):
        some = list(gene_batches.rendered(renderer, model, slabs, voxels=V, size=size))
        assert [block.genes.start for block in some] == list(range(0, G, size))
        assert some[-1].genes.stop == G
        np.testing.assert_allclose(joined(some), whole[0], atol=1e-5)
        np.testing.assert_allclose(joined(some, "spread"), whole[1], atol=1e-5)


@pytest.mark.parametrize("field", architectures.FIELDS)
def test_one_output_of_any_field_is_found_without_the_others(rng, field):
    renderer, model = model_of(rng, "heads", field)
    made, x = renderer.conditioning, rng.uniform(-1, 1, 3).astype(np.float32)
    apply = jax.jit(jax.vmap(made.apply, (0, None, None)))
    whole = apply(model.params, model.codes, x)
    for gene in (0, 3):
        alone = render.keep_genes(model, [gene])
        value = apply(alone.params, alone.codes, x)
        np.testing.assert_allclose(value, whole[:, [gene]], atol=1e-5, rtol=1e-5)


def test_all_blocks_share_one_program(rng):
    renderer, model = model_of(rng, "heads")
    slabs = partial(list, [places(rng)])
    assert (
        len(list(gene_batches.rendered(renderer, model, slabs, voxels=V, size=2))) == 3
    )
    assert renderer.program._cache_size() == 1


def test_a_huge_chunk_is_no_huge_call():
    assert render.call_size(2**30, 53) == render.LEAST
    assert render.call_size(2**30, 5000) == 8192
    assert render.call_size(16, 53) == 16


def test_a_block_fits_its_budget():
    for voxels in (235_375, 1_880_000, 10**9):
        size = gene_batches.block_size(voxels, 15_633)
        assert size == 1 or 8 * voxels * size <= gene_batches.BUDGET < 8 * voxels * (
            size + 1
        )
    assert (
        gene_batches.block_size(100, 61) == 61
        and gene_batches.block_size(100, 61, 7) == 7
    )


def canvas():
    mask = np.zeros((7, 8, 9), bool)
    mask[1:6, 2:7, 3:5] = True
    return write.Canvas(mask, Grid(mask.shape, np.diag([2.0, 2, 2, 1])), "Mine", "zero")


def blocks_of(rng, size, genes=7):
    values = rng.normal(size=(2, 50, genes)).astype(np.float32)
    for first in range(0, genes, size):
        rows = slice(first, min(first + size, genes))
        yield gene_batches.Block(rows, *values[..., rows])


def names(genes=7):
    return [{"Desc": f"G{gene}"} for gene in range(genes)]


def test_files_do_not_depend_on_blocks_or_threads(tmp_path, monkeypatch):
    written = []
    for size, threads in ((7, 4), (3, 4), (1, 1)):
        folder = tmp_path / f"{size}"
        folder.mkdir()
        monkeypatch.setattr(write, "WRITERS", threads)
        some = blocks_of(np.random.default_rng(3), size)
        write.write_blocks(folder, canvas(), names(), some, std_sidecar=SD)
        written.append({p.name: p.read_bytes() for p in sorted(folder.iterdir())})
    assert len(written[0]) == 28 and written[0] == written[1] == written[2]
    values = np.random.default_rng(3).normal(size=(2, 50, 7)).astype(np.float32)
    for kind, suffix in enumerate(("feature", "std")):
        (path,) = (tmp_path / "3").glob(f"*-G4_*_{suffix}.nii.gz")
        found = np.asarray(nib.load(path).dataobj)
        np.testing.assert_array_equal(found[canvas().mask], values[kind, :, 4])
        assert gzip.decompress(path.read_bytes())[:4] == b"\x5c\x01\0\0"  # 348


def test_at_most_two_blocks_are_in_memory(tmp_path):
    alive = []

    def made():
        for first in range(6):
            mean = np.zeros((50, 1), np.float32)
            alive.append(weakref.ref(mean))
            assert sum(one() is not None for one in alive) <= 2
            yield gene_batches.Block(slice(first, first + 1), mean, mean)
            del mean

    write.write_blocks(tmp_path, canvas(), names(6), made(), std_sidecar=None)
    assert len(list(tmp_path.glob("*.nii.gz"))) == 6


def test_a_disk_that_fills_up_is_told_in_one_line_and_leaves_whole_files(
    tmp_path, monkeypatch
):
    count = iter(range(100))
    replace = files.os.replace

    def full(*paths):
        if next(count) >= 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(*paths)

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(InputError, match=r"MB of space .* No space left .* free some"):
        some = blocks_of(np.random.default_rng(3), 2)
        write.write_blocks(tmp_path, canvas(), names(), some, std_sidecar=SD)
    assert len(list(tmp_path.iterdir())) == 5
    assert not list(tmp_path.glob(".*.tmp"))


def test_a_wish_to_stop_is_heard_between_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "_noted", [2])
    with pytest.raises(KeyboardInterrupt):
        some = blocks_of(np.random.default_rng(3), 1)
        write.write_blocks(tmp_path, canvas(), names(), some, std_sidecar=None)
    for path in tmp_path.glob("*.nii.gz"):
        assert np.isfinite(np.asarray(nib.load(path).dataobj)).all()
    assert len(list(tmp_path.glob("*.nii.gz"))) < 7
