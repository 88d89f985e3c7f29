"""The command as a user meets it: help, bad input, trouble of the machine."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
import time
import zipfile

import jax
import nibabel as nib
import numpy as np
import pytest
from given import refused
from workdirs import THREE_GENES, started

from inr_jax import cli
from inr_jax.run import config, workdir


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
    assert steps == "steps of the optimizer; 1 to 1000000000"
    assert max(map(len, text.splitlines())) <= 88


def test_a_reader_who_leaves_is_no_error():
    process = started("run", "--help")
    process.stdout.close()
    assert process.stderr.read() == "" and process.wait() == 1


NO_FILE = "no such file"
HEAD = "from inr_jax.run import config\ndef get_config():\n    c = config.default()\n"
BAD_FLAGS = {
    "verb": (["frun"], "expected .*; did you mean 'run'"),
    "verb last": (["--workdir=w", "run"], "a verb .* first, found --workdir=w"),
    "no workdir": (["run"], "--workdir: expected a folder for results"),
    "empty workdir": (["run", "--workdir="], "expected a folder for results"),
    "word": (["run", "--workdir=w", "now"], "now: expected a table .* nothing there"),
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
    "far off": (HEAD + "    c.fit.zzz", "found 'zzz'"),
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
        "found fit with a value of its own",
    ),
}
BAD_JSON = {
    "empty": ("", "expected the settings of a run"),
    "cut": ('{"fit": {"steps"', "expected the settings of a run"),
    "list": ("[]", "expected the settings of a run"),
    "key": ('{"fit": {"stepz": 1}}', "did you mean 'fit.steps'"),
    "type": ('{"fit": {"steps": "x"}}', "fit.steps: expected int, found 'x'"),
    "null": ('{"fit": {"steps": null}}', "fit.steps: expected int, found None"),
    "section": ('{"fit": 3}', "found fit with a value of its own"),
}


@pytest.mark.parametrize(("arguments", "pattern"), BAD_FLAGS.values(), ids=BAD_FLAGS)
def test_a_bad_flag_is_told_in_one_line(
    arguments, pattern, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    line = refused(capsys, *arguments)
    assert re.search(pattern, line), line
    assert not list(tmp_path.rglob("*.json"))  # nothing of a run has been written


@pytest.mark.parametrize(("text", "pattern"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_config_file_is_told_in_one_line(text, pattern, tmp_path, capsys):
    path = tmp_path / "mine.py"
    if text is not None:
        path.write_text(text)
    line = refused(capsys, "run", f"--workdir={tmp_path}/w", f"--config={path}")
    assert line.startswith(f"inr-jax: {path}") and re.search(pattern, line), line
    assert len(line) - len(str(path)) < 230 and not (tmp_path / "w").exists()


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
        line = refused(capsys, "run", f"--workdir={tmp_path}/w", *THREE_GENES, mask)
        assert f"{tmp_path}/mask.nii" in line and found in line
    assert not (tmp_path / "w").exists()


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
        line = refused(capsys, "run", f"--workdir={path}", *THREE_GENES)
        assert f"{path}: expected a folder to write into" in line


def test_a_folder_in_use_is_told(tmp_path, capsys):
    with workdir.opened(tmp_path):
        line = refused(capsys, "run", f"--workdir={tmp_path}", *THREE_GENES)
    assert f"{tmp_path}: expected no other run in this folder" in line


def test_trouble_of_the_machine_is_told_in_one_line(tmp_path, capsys, monkeypatch):
    def none(*_):
        raise RuntimeError("Unable to initialize backend 'cuda'")

    with monkeypatch.context() as patch:
        patch.setattr(jax, "devices", none)
        line = refused(capsys, "fit", f"--workdir={tmp_path}", *THREE_GENES)
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
    # Nor does a run that is refused leave a folder.
    assert not (tmp_path / "out").exists() and not (tmp_path / "~").exists()


def test_the_command_hides_no_warning_from_other_readers_of_the_log(caplog):
    # Warnings come once to the terminal; another handler gets each of them.
    cli._log_to_terminal()
    for _ in range(2):
        logging.getLogger("inr_jax").warning("the same sentence")
    assert [r.getMessage() for r in caplog.records] == 2 * ["the same sentence"]
