"""One orbax bundle a step, enough to go on bit for bit and to render without data.

It holds parameters, optimizer, keys, step, box, standardiser, codes, genes, config.
Orbax writes under a temporary name and renames, so a checkpoint is whole or absent.
"""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import numpy as np

from inr_jax.brain.space import Box
from inr_jax.errors import InputError, first_line
from inr_jax.fields.inputs import Inputs
from inr_jax.files.stored import conform, contents, parsed
from inr_jax.fitting import binding, processes
from inr_jax.fitting.fit import FitState
from inr_jax.fitting.recipe import Preprocessing
from inr_jax.samples.standardise import Standardiser

if TYPE_CHECKING:
    import orbax.checkpoint as ocp

ROOM = 1.2  # bytes on disk a byte in memory, at most
FORMAT = 2  # of the bundle; raised when an old one can no longer be read
META = {
    "config": str,
    "genes": [str],
    "mirror": bool,
    "tissue": str,
    "inputs_sha256?": {str: str},
    "coordinates?": str,
    "steps?": int,
    "sha256": str,
    "generator?": str,
    "arrays?": {str: str},
    "trunk?": str,
}


class Bundle(NamedTuple):
    """What a checkpoint holds.

    Attributes:
        state: Parameters, optimizer, keys and step.
        preprocessing: Inputs with their box, standardiser, gene codes.
        meta: JSON: "config" (text), "genes", "mirror", "tissue", "format".
    """

    state: FitState
    preprocessing: Preprocessing
    meta: dict


def _manager(folder: Path, keep: int | None = None) -> ocp.CheckpointManager:
    import orbax.checkpoint as ocp  # takes a third of a second

    options = ocp.CheckpointManagerOptions(**processes.manager_options(folder, keep))
    return ocp.CheckpointManager(folder.resolve(), options=options)


def last_step(folder: Path) -> int | None:
    """The step of the newest whole checkpoint, or None."""
    if not folder.is_dir():
        return None
    names = [path.name for path in folder.iterdir() if path.is_dir()]
    steps = [int(name) for name in names if name.isascii() and name.isdigit()]
    return max(steps, default=None)


def read_meta(folder: Path) -> dict:
    """The JSON of the newest checkpoint, without its arrays.

    Raises:
        InputError: There is none, it is broken, or another version wrote it.
    """
    step = last_step(folder)
    if step is None:
        raise InputError(
            folder, expected="a checkpoint", found="none", fix="run `inr-jax fit` first"
        )
    try:
        text = contents(folder / str(step) / "meta" / "metadata")
        meta = parsed(text, {"format": int})
        version = meta["format"]
        if version == FORMAT:
            conform(meta, META)
    except (OSError, ValueError) as error:
        raise _broken(folder / str(step), error) from error
    if version != FORMAT:
        raise InputError(
            folder,
            expected=f"format {FORMAT}",
            found=f"format {version}",
            fix="fit again in a new workdir, or render it with the version that fitted "
            "it (inr_jax 0.1.0 for format 1)",
        )
    return meta


def save(folder: Path, bundle: Bundle, *, keep: int) -> None:
    """Write a checkpoint and drop all but the last `keep`.

    Raises:
        InputError: The disk is full or the folder cannot be written.
    """
    if processes.is_first():
        _save(folder, bundle, keep)
    processes.meet("a checkpoint is saved")


def _save(folder: Path, bundle: Bundle, keep: int) -> None:
    import orbax.checkpoint as ocp

    step = int(bundle.state.step)
    if last_step(folder) == step:
        return
    _sweep(folder)  # of a run that was killed
    arrays = processes.of_this_one(_arrays(bundle))
    meta = {**bundle.meta, "format": FORMAT}
    meta |= {"generator": binding.generator(), "arrays": binding.kinds(arrays)}
    meta["sha256"] = binding.digest(arrays, meta)
    _check_room(folder, sum(leaf.nbytes for leaf in jax.tree.leaves(arrays)))
    items = {name: ocp.args.StandardSave(tree) for name, tree in arrays.items()}
    try:
        with _manager(folder, keep) as manager:
            items["meta"] = ocp.args.JsonSave(meta)
            manager.save(step, args=ocp.args.Composite(**items), force=True)
    except Exception as error:  # tensorstore tells a full disk by its message alone
        _sweep(folder)
        if "No space left" in str(error):
            raise _no_room(folder, first_line(error)[:200]) from error
        if isinstance(error, OSError):
            raise _cannot_write(folder, error) from error
        raise


def restore(
    folder: Path, like: FitState, genes: int, code: int, mixtures: int = 0
) -> Bundle:
    """Read the newest checkpoint onto the devices of `like`, or the first of all.

    Args:
        folder: Where checkpoints lie.
        like: A state of the same shapes, or the shapes alone.
        genes: G.
        code: C.
        mixtures: K, of genes that heads are of; 0 where there are none.

    Raises:
        InputError: There is none, it is broken, or its shapes are others.
    """
    import orbax.checkpoint as ocp

    meta = read_meta(folder)
    step = last_step(folder)
    bundle = Bundle(like, _blank_preprocessing(genes, code, mixtures), meta)
    template = processes.to_read(_arrays(bundle))
    binding.check_kinds(folder / str(step), meta, template)
    items = {name: ocp.args.StandardRestore(tree) for name, tree in template.items()}
    try:
        with _manager(folder) as manager:
            parts = manager.restore(step, args=ocp.args.Composite(**items))
    except Exception as error:  # a damaged store fails in many ways
        raise _broken(folder / str(step), error) from error
    if binding.digest(parts, meta) != meta["sha256"]:
        raise _broken(folder / str(step), ValueError("parts that do not fit together"))
    if int(parts["training"]["step"]) != step:
        found = f"one of step {int(parts['training']['step'])}"
        raise _broken(folder / str(step), ValueError(found))
    preprocessing = jax.tree.map(np.asarray, parts["preprocessing"])
    box = Box(preprocessing["centre_mm"], preprocessing["half_mm"])
    inputs = Inputs(box, meta["mirror"], meta["tissue"])
    standardiser = Standardiser(preprocessing["offset"], preprocessing["scale"])
    state = like._replace(params=parts["params"], **parts["training"])
    codes = preprocessing.get("codes", np.zeros((genes, 0), np.float32))
    parts_of_fit = inputs, standardiser, codes, None, preprocessing.get("mix")
    return Bundle(state, Preprocessing(*parts_of_fit), meta)


def _arrays(bundle: Bundle) -> dict[str, Any]:
    state, preprocessing = bundle.state, bundle.preprocessing
    # Orbax refuses arrays without elements; a network that takes no code has one.
    codes = np.asarray(preprocessing.codes)
    return {
        "params": state.params,
        "training": {
            "optimizer": state.optimizer,
            "noise": state.noise,
            "step": state.step,
        },
        "preprocessing": {
            "centre_mm": preprocessing.inputs.box.centre_mm,
            "half_mm": np.asarray(preprocessing.inputs.box.half_mm),
            "offset": preprocessing.standardiser.offset,
            "scale": preprocessing.standardiser.scale,
            **({"codes": codes} if codes.size else {}),
            **({} if preprocessing.mix is None else {"mix": preprocessing.mix}),
        },
    }


def _blank_preprocessing(genes: int, code: int, mixtures: int) -> Preprocessing:
    box = Box(np.zeros(3, np.float32), np.ones((), np.float32))
    blank, codes = np.zeros(genes, np.float32), np.zeros((genes, code), np.float32)
    mix = np.zeros((mixtures, genes), np.float32) if mixtures else None
    return Preprocessing(Inputs(box), Standardiser(blank, blank), codes, mix=mix)


def _check_room(folder: Path, size: int) -> None:
    """Ask before orbax does, whose threads tell of a full disk at great length."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    needed = ROOM * size + 2**20
    if (free := shutil.disk_usage(there.resolve()).free) < needed:
        raise _no_room(folder, f"{free / 2**20:.1f} of {needed / 2**20:.1f} MiB free")


def _no_room(folder: Path, found: str) -> InputError:
    return InputError(
        folder,
        expected="room for a checkpoint",
        found=found,
        fix="free some disk and run again; earlier checkpoints stay",
    )


def _cannot_write(folder: Path, error: OSError) -> InputError:
    expected, fix = (
        "a folder to write checkpoints to",
        "check that it is one and is yours",
    )
    found = error.strerror or first_line(error)[:200]
    return InputError(folder, expected=expected, found=found, fix=fix)


def _sweep(folder: Path) -> None:
    for path in folder.glob("*.orbax-checkpoint-tmp*"):
        with contextlib.suppress(OSError):
            shutil.rmtree(path)


def _broken(path: Path, error: Exception) -> InputError:
    expected = "a whole checkpoint of this configuration"
    found, fix = first_line(error)[:200], "delete this folder to go on from an earlier"
    return InputError(path, expected=expected, found=found, fix=f"{fix} one")
