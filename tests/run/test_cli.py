"""The command as a user meets it: help, bad input, signals, full disks, processes."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import jax
import nibabel as nib
import numpy as np
import pytest
from given import refused

from inr_jax import cli
from inr_jax.fitting import checkpoint, recipe
from inr_jax.run import build, config, workdir

TINY = [
    "--config.phantom.n_wells=60",
    "--config.phantom.n_genes=3",
    "--config.field.hidden=8",
    "--config.field.depth=1",
    "--config.fit.members=2",
    "--config.render.resolution_mm=3",
]
FIT = [
    *TINY,
    "--config.fit.steps=4000",
    "--config.fit.chunk=20",
    "--noconfig.evaluate.enabled",
]
OFTEN, NEVER = (f"--config.checkpoint.every={n}" for n in (20, 10**9))
AS_USER = [sys.executable, "-m", "inr_jax.cli"]


def started(*arguments):
    """A real process; its stderr is to be read by the caller."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*AS_USER, *arguments], **pipes)


def wait_for(true, process, seconds=120):
    """Wait for a condition while a process is at work."""
    end = time.monotonic() + seconds
    while not true():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < end, "nothing came of it"
        time.sleep(0.01)


def line_with(text, process):
    """Read stderr up to a line that has the text."""
    for line in process.stderr:
        if text in line:
            return line
    raise AssertionError(f"no {text!r} before the end")


def files(folder):
    """Relative path -> bytes."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


# Help


def test_help_answers_at_once_without_jax_and_names_every_verb():
    code = (
        "import sys; from inr_jax import cli; cli.main(['--help'])\n"
        "assert not {'jax', 'numpy', 'absl'} & set(sys.modules)"
    )
    start = time.monotonic()
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert time.monotonic() - start < 2
    for verb, what in cli.VERBS.items():
        assert f"  {verb:<10}{what}" in run.stdout
    assert {"run", "fit", "evaluate", "render"} <= cli.VERBS.keys()
    assert max(map(len, run.stdout.splitlines())) <= 88


@pytest.mark.parametrize("arguments", [[], ["-h"], ["help"]])
def test_nothing_to_do_is_answered_with_help(arguments, capsys):
    assert cli.main(arguments) == 0
    assert "usage: inr-jax VERB" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["run", "render"])
def test_the_help_of_a_verb_lists_every_setting_with_its_default(verb, capsys):
    assert cli.main([verb, "--help"]) == 0
    text = capsys.readouterr().out
    for key in config.flat(config.default()):
        assert f"  {key} = " in text, key
    (steps,) = re.findall(r"  fit\.steps = 600 +(.*)", text)
    assert steps == "steps of the optimizer; at least 1"
    assert max(map(len, text.splitlines())) <= 88


def test_a_reader_who_leaves_is_no_error():
    process = started("run", "--help")
    process.stdout.close()
    assert process.stderr.read() == "" and process.wait() == 1


# Bad input

NO_FILE = "no such file"
HEAD = "from inr_jax.run import config\ndef get_config():\n    c = config.default()\n"
BAD_FLAGS = {
    "verb": (["frun"], "expected one of .*run.*; did you mean 'run'"),
    "verb last": (["--workdir=w", "run"], "a verb .* first, found --workdir=w"),
    "no workdir": (["run"], "--workdir: expected a folder for results"),
    "empty workdir": (["run", "--workdir="], "expected a folder for results"),
    "word": (["run", "--workdir=w", "now"], "flags alone, found 'now'"),
    "flag": (["run", "--workdr=w"], "did you mean '--workdir'"),
    "key": (["run", "--config.fit.stepz=3"], "did you mean '--config.fit.steps'"),
    "section": (["run", "--config.ft.steps=3"], "did you mean '--config.fit.steps'"),
    "int": (["run", "--config.fit.steps=abc"], "value of .* type, found .*'abc'"),
    "no int": (["run", "--config.fit.steps=1.5"], "found .*'1.5'"),
    "no value": (["run", "--config.fit.steps"], "Missing value"),
    "bool": (["run", "--config.evaluate.enabled=maybe"], "'maybe'"),
    "choice": (["run", "--workdir=w", "--config.field.name=siern"], "mean 'siren'"),
    "range": (["run", "--workdir=w", "--config.seed=-1"], "config.seed: .* found -1"),
    "nan": (["run", "--workdir=w", "--config.fit.jitter_mm=nan"], "found nan"),
    "source": (["run", "--workdir=w", "--config.source.name=table"], "source.path"),
    "gene": (["run", "--workdir=w", "--config.source.genes=APOF"], "mean 'APOE'"),
    "no folder": (["render", "--workdir=w"], "w: .* folder .* run `inr-jax fit`"),
    "no model": (["render", "--workdir=."], "checkpoints: .* run `inr-jax fit`"),
}
BAD_FILES = {
    "missing": (None, NO_FILE),
    "empty": ("", "has no attribute 'get_config'"),
    "raising": ("raise OSError('boo')", "OSError: boo"),
    "leaving": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "no Python": ("def get_config(:", "SyntaxError"),
    "nothing": ("def get_config(): pass", "returns NoneType, not a ConfigDict"),
    "a dict": ("def get_config(): return {}", "returns dict, not a ConfigDict"),
    "mistyped": (HEAD + "    c.fit.stepz = 3", "found 'stepz'; did you mean 'steps'"),
    "no section": (HEAD + "    c.ft.steps = 3", "found 'ft'; did you mean 'fit'"),
    "far off": (HEAD + "    c.fit.zzz", "found 'zzz'; did you mean"),
    "new": (
        HEAD + "    c.unlock(); c.fit.stepz = 3\n    return c",
        "did you mean 'fit.steps'",
    ),
    "type": (HEAD + "    c.fit.steps = 'many'", "TypeError"),
    "None": (
        HEAD + "    c.fit.steps = None\n    return c",
        "fit.steps: expected int, found None",
    ),
    "section": (
        HEAD + "    c.unlock(); del c.fit; c.fit = 3\n    return c",
        "found 'fit'",
    ),
}
BAD_JSON = {
    "empty": ("", "expected the settings of a run"),
    "cut": ('{"fit": {"steps"', "expected the settings of a run"),
    "list": ("[]", "expected the settings of a run"),
    "key": ('{"fit": {"stepz": 1}}', "did you mean 'fit.steps'"),
    "type": ('{"fit": {"steps": "x"}}', "fit.steps: expected int, found 'x'"),
    "null": ('{"fit": {"steps": null}}', "fit.steps: expected int, found None"),
    "section": ('{"fit": 3}', "found 'fit'"),
}


@pytest.mark.parametrize(("arguments", "pattern"), BAD_FLAGS.values(), ids=BAD_FLAGS)
def test_a_bad_flag_is_told_in_one_line(
    arguments, pattern, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    line = refused(capsys, *arguments)
    assert re.search(pattern, line), line
    assert arguments[0] not in cli.GO_ON or not (tmp_path / "w").exists()


@pytest.mark.parametrize(("text", "pattern"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_config_file_is_told_in_one_line(text, pattern, tmp_path, capsys):
    path = tmp_path / "mine.py"
    if text is not None:
        path.write_text(text)
    line = refused(capsys, "run", f"--workdir={tmp_path}/w", f"--config={path}")
    assert line.startswith(f"inr-jax: {path}") and re.search(pattern, line), line
    assert len(line) < 300 and not (tmp_path / "w").exists()


@pytest.mark.parametrize(("text", "pattern"), BAD_JSON.values(), ids=BAD_JSON)
def test_bad_settings_in_a_workdir_are_told_in_one_line(
    text, pattern, tmp_path, capsys
):
    (tmp_path / "config.json").write_text(text)
    line = refused(capsys, "run", f"--workdir={tmp_path}")
    assert str(tmp_path / "config.json") in line and re.search(pattern, line), line


def test_bad_masks_are_told_before_anything_is_fitted(tmp_path, capsys):
    affine = np.diag([20.0, 20, 20, 1])
    affine[:3, 3] = -60, -80, -50
    for shape, value, found in (
        ((7, 8, 9), 0, "an empty mask"),
        ((7, 8, 9, 2), 1, "an image of 7 x 8 x 9 x 2 voxels"),
    ):
        image = nib.Nifti1Image(np.full(shape, value, np.uint8), affine)
        nib.save(image, tmp_path / "mask.nii")
        mask = f"--config.render.mask={tmp_path}/mask.nii"
        line = refused(capsys, "run", f"--workdir={tmp_path}/w", *TINY, mask)
        assert f"{tmp_path}/mask.nii" in line and found in line
    assert {path.name for path in (tmp_path / "w").iterdir()} == {".lock"}


def test_a_broken_or_climbing_zip_is_told(tmp_path, capsys):
    path = tmp_path / "export.zip"
    name = ["--config.source.name=allen_export", f"--config.source.path={path}"]
    path.write_bytes(b"PK\x03\x04 and no more")
    assert "broken zip" in refused(capsys, "run", f"--workdir={tmp_path}/w", *name)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../Expression.csv", "1")
    assert "climbs out" in refused(capsys, "run", f"--workdir={tmp_path}/w", *name)


def test_a_folder_that_cannot_be_is_told(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        line = refused(capsys, "run", f"--workdir={path}", *TINY)
        assert f"{path}: expected a folder to write into" in line


def test_a_folder_in_use_is_told(tmp_path, capsys):
    with workdir.opened(tmp_path):
        line = refused(capsys, "run", f"--workdir={tmp_path}", *TINY)
    assert f"{tmp_path}: expected no other run in this folder" in line


def test_trouble_of_the_machine_is_told_in_one_line(tmp_path, capsys, monkeypatch):
    def none(*_):
        raise RuntimeError("Unable to initialize backend 'cuda'")

    with monkeypatch.context() as patch:
        patch.setattr(jax, "devices", none)
        line = refused(capsys, "fit", f"--workdir={tmp_path}", *TINY)
    assert "JAX: expected a device, found Unable" in line
    monkeypatch.setattr(cli, "_do", lambda verb, rest: np.empty(2**57))
    assert "out of memory" in refused(capsys, "run")
    gone = tmp_path / "gone" / "file"
    monkeypatch.setattr(cli, "_do", lambda verb, rest: gone.read_text())
    assert refused(capsys, "run").endswith(f"{gone}: No such file or directory")
    monkeypatch.setattr(cli, "_do", none)
    with pytest.raises(RuntimeError):  # a fault of the program stays one
        cli.main(["run"])


def test_the_shell_leaves_a_tilde_to_us(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    source = ["--config.source.name=table", "--config.source.path=~/wells.csv"]
    line = refused(capsys, "run", "--workdir=~/out", *source)
    assert f"{tmp_path}/wells.csv: expected a table" in line
    assert (tmp_path / "out").is_dir() and not (tmp_path / "~").exists()


# Signals


def test_another_thread_may_run_the_command(capsys):
    statuses = []
    arguments = ["fit", "--workdir=/dev/null/x", *TINY]
    thread = threading.Thread(target=lambda: statuses.append(cli.main(arguments)))
    thread.start()
    thread.join()
    assert statuses == [2]


def restored(folder):
    settings = config.from_json((folder / "config.json").read_text())
    plan = build.make_recipe(settings, 3)
    like = recipe.first_state(plan)
    return checkpoint.restore(folder / "checkpoints", like, 3, 0)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """The workdir of a run that nothing stopped."""
    folder = tmp_path_factory.mktemp("cli") / "unbroken"
    assert cli.main(["run", f"--workdir={folder}", *FIT, NEVER]) == 0
    return folder


def assert_same_fit(folder, other):
    one, two = (jax.tree.leaves(restored(path)[:2]) for path in (folder, other))
    assert len(one) == len(two) > 10
    for leaf, twin in zip(one, two, strict=True):
        assert np.asarray(leaf).tobytes() == np.asarray(twin).tobytes()


def test_a_fit_that_is_stopped_and_killed_ends_as_if_neither_had_been(
    unbroken, tmp_path, capsys
):
    folder = tmp_path / "broken"
    steps = folder / "checkpoints"
    process = started("run", f"--workdir={folder}", *FIT, OFTEN)
    wait_for(lambda: checkpoint.last_step(steps), process)
    line = refused(capsys, "fit", f"--workdir={folder}", *FIT)
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
    assert one == two and len(one) == 2 * (2 * 3 + 1)


def test_a_stopped_evaluation_or_rendering_leaves_whole_files(unbroken, tmp_path):
    kept = shutil.ignore_patterns("maps", "figures")
    folder = Path(shutil.copytree(unbroken, tmp_path / "stopped", ignore=kept))
    names = {"evaluate": "60 wells", "render": "render: "}
    for (verb, sign), number in zip(
        names.items(), (signal.SIGINT, signal.SIGTERM), strict=True
    ):
        process = started(verb, f"--workdir={folder}")
        line_with(sign, process)
        process.send_signal(number)
        _, told = process.communicate(timeout=120)
        assert process.returncode == 130
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


def test_what_a_killed_writer_left_goes_with_the_next_command(tmp_path, capsys):
    (tmp_path / "maps").mkdir()
    for path in (
        tmp_path / ".config.json.7.tmp",
        tmp_path / "maps" / ".a.nii.gz.7.tmp",
    ):
        path.write_text("half")
    refused(capsys, "render", f"--workdir={tmp_path}")
    assert_whole(tmp_path)


# Full disks


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


def test_a_full_disk_is_told_and_the_same_command_goes_on_after(disk, capsys):
    folder = disk / "out"
    keys = ["--config.fit.steps=100", "--noconfig.evaluate.enabled"]
    keys += ["--noconfig.anatomy.enabled"]  # a single model, a single checkpoint
    run = ["run", f"--workdir={folder}", *TINY, *keys]
    fill(disk, 0)
    assert "No space left on device" in refused(capsys, *run)
    fill(disk, 2**19)
    line = refused(capsys, *run)
    assert f"{folder}/checkpoints: expected room for a checkpoint" in line
    assert checkpoint.last_step(folder / "checkpoints") is None
    fill(disk, 3 * 2**19)
    line = refused(capsys, *run)
    assert f"{folder}/maps/source-inrjax_" in line and "MB free" in line
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
    line = refused(capsys, "fit", f"--workdir={disk}/out", *TINY)
    assert "expected a folder to write into, found Read-only file system" in line
