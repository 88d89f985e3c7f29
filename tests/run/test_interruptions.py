"""Signals and full disks: files stay whole, and the same command goes on."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import jax
import nibabel as nib
import numpy as np
import pytest
from given import refused
from workdirs import THREE_GENES, started, wait_for

from inr_jax import cli
from inr_jax.fitting import checkpoint, recipe
from inr_jax.run import build, config

pytestmark = pytest.mark.usefixtures("quick_compiling")

FIT = [*THREE_GENES, "--config.fit.chunk=20", "--noconfig.evaluate.enabled"]
SHORT, LONG = (f"--config.fit.steps={n}" for n in (100, 4000))
OFTEN, NEVER = (f"--config.checkpoint.every={n}" for n in (20, 10**9))


@contextlib.contextmanager
def signalled(number, sign):
    """Send this process a signal, once, when its log says the sign."""
    signals = [number]  # a second would end the process at once

    class Sender(logging.Handler):
        def emit(self, record):
            if sign in record.getMessage() and signals:
                os.kill(os.getpid(), signals.pop())

    log, sender = logging.getLogger("inr_jax"), Sender()
    log.addHandler(sender)
    yield
    log.removeHandler(sender)


def files(folder):
    """Relative path -> bytes."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.mark.slow
def test_another_thread_may_run_the_command(unbroken):
    """Signals are the main thread's; the command goes without them there."""
    statuses, before = [], signal.getsignal(signal.SIGINT)
    arguments = ["fit", f"--workdir={unbroken}"]
    thread = threading.Thread(target=lambda: statuses.append(cli.main(arguments)))
    thread.start()
    thread.join()
    assert statuses == [0] and signal.getsignal(signal.SIGINT) == before


def restored(folder):
    settings = config.from_json((folder / "config.json").read_text())
    plan = build.make_recipe(settings, 3)
    like = recipe.first_state(plan)
    return checkpoint.restore(folder / "checkpoints", like, 3, 0)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """The workdir of a short fit that nothing stopped."""
    folder = tmp_path_factory.mktemp("cli") / "unbroken"
    assert cli.main(["fit", f"--workdir={folder}", *FIT, SHORT, NEVER]) == 0
    return folder


def assert_same_fit(folder, other):
    one, two = (jax.tree.leaves(restored(path)[:2]) for path in (folder, other))
    assert len(one) == len(two) > 10
    for leaf, twin in zip(one, two, strict=True):
        assert np.asarray(leaf).tobytes() == np.asarray(twin).tobytes()


def test_a_fit_that_is_stopped_goes_on_to_the_same_bits(
    unbroken, tmp_path, capsys, monkeypatch
):
    real, fit = checkpoint.save, ["fit", f"--workdir={tmp_path}"]
    signals = [signal.SIGINT]  # one; a second would end the process at once

    def save(*arguments, **settings):
        if signals:
            os.kill(os.getpid(), signals.pop())
        return real(*arguments, **settings)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", save)
        assert cli.main([*fit, *FIT, SHORT, OFTEN]) == 130
    stopped = checkpoint.last_step(tmp_path / "checkpoints")
    *_, last = capsys.readouterr().err.strip().splitlines()
    assert 0 < stopped < 100
    assert last.startswith(f"inr-jax: fit stopped at step {stopped}, saved; the same")
    assert cli.main([*fit, NEVER]) == 0
    assert_same_fit(tmp_path, unbroken)


@pytest.mark.slow
def test_a_fit_that_is_stopped_and_killed_ends_as_if_neither_had_been(tmp_path, capsys):
    folder, unbroken = tmp_path / "broken", tmp_path / "unbroken"
    fit = [*FIT, LONG]
    assert cli.main(["run", f"--workdir={unbroken}", *fit, NEVER]) == 0
    steps = folder / "checkpoints"
    process = started("run", f"--workdir={folder}", *fit, OFTEN)
    wait_for(lambda: checkpoint.last_step(steps), process)
    line = refused(capsys, "fit", f"--workdir={folder}", *fit)
    assert "expected no other run in this folder, found one at work" in line

    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    stopped = checkpoint.last_step(steps)
    *_, last = told.strip().splitlines()
    assert process.returncode == 130 and 0 < stopped < 4000
    assert last.startswith(f"inr-jax: fit stopped at step {stopped}, saved; the same")

    process = started("run", f"--workdir={folder}")
    wait_for(lambda: checkpoint.last_step(steps) > stopped, process)
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert stopped < checkpoint.last_step(steps) < 4000

    process = started("run", f"--workdir={folder}", NEVER)
    out, told = process.communicate(timeout=120)
    assert process.returncode == 0 and out.startswith("\nphantom, voxels: error")
    assert "going on from step" in told and "maps of 3 genes" in told
    assert "\r" not in told  # no progress bar but on a terminal
    assert_same_fit(folder, unbroken)
    assert len([path for path in steps.iterdir() if path.name.isdigit()]) == 2
    # Nor does another process change a bit of a map.
    one, two = files(folder / "maps"), files(unbroken / "maps")
    assert one == two and len(one) == 2 * (2 * 3 + 1) + 2


def test_a_stopped_evaluation_or_rendering_leaves_whole_files(
    unbroken, tmp_path, capsys
):
    folder = Path(shutil.copytree(unbroken, tmp_path / "stopped"))
    signs = {"evaluate": "60 wells", "render": "render: "}
    for (verb, sign), number in zip(
        signs.items(), (signal.SIGINT, signal.SIGTERM), strict=True
    ):
        capsys.readouterr()
        with signalled(number, sign):
            assert cli.main([verb, f"--workdir={folder}"]) == 130
        told = capsys.readouterr().err
        (last,) = [line for line in told.splitlines() if line.startswith("inr-jax: ")]
        assert last == (
            "inr-jax: interrupted; what was finished stays; "
            "the same command goes on from there"
        )
        assert "Traceback" not in told
    assert not (folder / "scores.csv").exists()
    assert not (folder / "figures" / "slices.png").exists()
    assert_whole(folder)


def assert_whole(folder):
    """Every file under a final name can be read, and there are no others."""
    assert not list(folder.rglob("*tmp*"))
    for path in folder.rglob("*.json"):
        json.loads(path.read_text())
    for path in folder.rglob("*.nii.gz"):
        assert np.isfinite(np.asarray(nib.load(path).dataobj)).all()


def test_what_a_killed_writer_left_goes_and_files_of_others_stay(unbroken, tmp_path):
    kept = shutil.ignore_patterns("figures")
    folder = Path(shutil.copytree(unbroken, tmp_path / "left", ignore=kept))
    (folder / "maps").mkdir(exist_ok=True)
    a_map = "source-phantom_desc-A_space-B_res-2mm_feature.nii.gz"
    ours = [".config.json.7.tmp", f"maps/.{a_map}.7.tmp", ".scores.csv.123.tmp"]
    theirs = [".config.json.tmp", ".mine.7.tmp", ".x.tmp", "maps/.a.nii.gz.7.tmp"]
    theirs += [".config.json.7b.tmp", "maps/.config.json.7.tmp"]
    for name in ours + theirs:
        (folder / name).write_text("half")
    before = files(folder)
    assert cli.main(["render", f"--workdir={folder}", "--config.fit.steps=7"]) == 2
    assert files(folder) == before  # a command that is refused removes nothing
    assert cli.main(["render", f"--workdir={folder}", "--genes=ABCA7"]) == 0
    assert not any((folder / name).exists() for name in ours)
    assert all((folder / name).exists() for name in theirs)


@pytest.fixture
def disk(tmp_path):
    """A small file system of its own; needs root."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(place)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a file system needs root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(disk, leave):
    """Take all but `leave` bytes."""
    (disk / "filler").unlink(missing_ok=True)
    with open(disk / "filler", "wb") as file:
        file.write(bytes(shutil.disk_usage(disk).free - leave))


@pytest.mark.slow
def test_a_full_disk_is_told_and_the_same_command_goes_on_after(disk, capsys):
    folder = disk / "out"
    keys = ["--config.fit.steps=100", "--noconfig.evaluate.enabled"]
    keys += ["--noconfig.anatomy.enabled"]  # a single model, a single checkpoint
    run = ["run", f"--workdir={folder}", *THREE_GENES, *keys]
    fill(disk, 0)
    assert "No space left on device" in refused(capsys, *run)
    fill(disk, 2**19)
    line = refused(capsys, *run)
    assert f"{folder}/checkpoints: expected room for a checkpoint" in line
    assert checkpoint.last_step(folder / "checkpoints") is None
    fill(disk, 3 * 2**19)
    line = refused(capsys, *run)
    assert f"{folder}/maps/source-phantom_" in line and "MB free" in line
    assert checkpoint.last_step(folder / "checkpoints") == 100
    assert_whole(folder)

    (disk / "filler").unlink()
    assert cli.main(run) == 0
    assert len(list((folder / "maps").glob("*_feature.nii.gz"))) == 3
    assert_whole(folder)


def test_a_disk_that_may_only_be_read_is_told(disk, capsys):
    (disk / "out").mkdir()
    remount = ["mount", "-o", "remount,ro", str(disk)]
    subprocess.run(remount, check=True, capture_output=True)
    line = refused(capsys, "fit", f"--workdir={disk}/out", *THREE_GENES)
    assert "expected a folder to write into, found Read-only file system" in line
