"""A workdir of somebody else's, or on an odd machine, harms nobody."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import re
from pathlib import Path

import pytest
from given import input_error, refused
from workdirs import THREE_GENES

from inr_jax import files
from inr_jax.errors import InputError
from inr_jax.run import leftovers, workdir


def opened(path):
    with workdir.opened(path):
        return sorted(os.listdir(path))


def test_a_lock_that_is_a_link_leaves_its_target_as_it_is(tmp_path):
    target, folder = tmp_path / "mine.txt", tmp_path / "out"
    folder.mkdir()
    target.write_text("mine")
    (folder / ".lock").symlink_to(target)
    assert "expected a folder to write into" in str(input_error(opened, folder))
    assert target.read_text() == "mine"


def test_a_lock_that_is_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / ".lock")
    assert "no plain file" in str(input_error(opened, tmp_path))


BELOW = ("associate/PET", "store/features", "store/shards/001", "export/maps.zarr")
BELOW += ("export/maps.zarr/std/zarr.json.__lock", "checkpoints/5.orbax-checkpoint-tmp")


@pytest.mark.parametrize("name", [*workdir.FOLDERS, *BELOW])
def test_folders_that_lead_elsewhere_are_refused(name, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    path = tmp_path / "out" / name
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "elsewhere")
    line = str(input_error(opened, tmp_path / "out"))
    assert f"out/{name}: expected a folder inside the workdir, found a link" in line


def test_every_folder_of_a_workdir_is_among_those_whose_links_are_refused(tmp_path):
    names = (name for name in dir(workdir.Workdir) if not name.startswith("_"))
    paths = (getattr(workdir.Workdir(tmp_path), name) for name in names)
    folders = {p.name for p in paths if isinstance(p, Path) and not p.suffix}
    assert folders - {tmp_path.name} <= set(workdir.FOLDERS)
    assert all(re.fullmatch(leftovers.FOLDERS, name) for name in workdir.FOLDERS)


def test_a_file_that_is_a_link_is_replaced_and_its_target_stays(tmp_path):
    mine, path = tmp_path / "mine.txt", tmp_path / "scores.csv"
    mine.write_text("mine")
    path.symlink_to(mine)
    (tmp_path / f".{path.name}.{os.getpid()}.tmp").symlink_to(mine)
    files.write_text(path, "ours")
    assert mine.read_text() == "mine" and path.read_text() == "ours"
    assert sorted(os.listdir(tmp_path)) == ["mine.txt", "scores.csv"]


def test_a_file_system_without_locks_is_told_and_worked_on(
    tmp_path, monkeypatch, caplog
):
    def none(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    with caplog.at_level(logging.WARNING, "inr_jax"):
        assert opened(tmp_path) == [".lock"]
    assert "No locks available" in caplog.text


def test_a_refused_run_leaves_nothing_where_nothing_was(tmp_path, capsys):
    flags = [*THREE_GENES, "--config.render.mask=/nowhere.nii"]
    refused(capsys, "run", f"--workdir={tmp_path}/a/b", *flags)
    assert not os.listdir(tmp_path)
    (tmp_path / "mine").mkdir()
    refused(capsys, "run", f"--workdir={tmp_path}/mine", *flags)
    assert os.listdir(tmp_path / "mine") == [".lock"]


NAMES = ("=1+1", "+A", "-B", "@x", "\tC", "APOE", "-1.5", "'x", "a,b")


def test_no_name_is_a_formula_in_a_table_and_all_are_read_again(tmp_path):
    text = files.csv_text(["gene"], [{"gene": name} for name in NAMES])
    cells = [line.strip('"') for line in text.splitlines()[1:]]
    for name, cell in zip(NAMES, cells, strict=True):
        assert cell == "-1.5" or not cell.startswith(tuple("=+-@\t"))
        if name.isprintable():
            assert files.plain_cell(cell) == name


def test_nothing_in_a_message_moves_the_cursor():
    line = str(InputError("a\x1b[2J", expected="b\nc", found="\u202ed", fix="e"))
    assert line == "a\\x1b[2J: expected b c, found \\u202ed; e"
