"""A path is a source; the phantom is what it says it is, and nothing else is."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from fake_export import Export
from given import input_error, refused
from workdirs import TINY

from inr_jax import cli
from inr_jax.run import config, flags, sources
from inr_jax.samples.source import sha256

TABLE = "x,y,z,donor,A,B\n" + "\n".join(
    f"{20 + i},{-30 + 2 * i},{10 + i % 5},{'ab'[i % 2]},{i % 3}.5,{i % 7}.25"
    for i in range(24)
)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "wells.csv"
    path.write_text(TABLE + "\n")
    return str(path)


def call(*arguments):
    return flags.parse(arguments, needs_workdir=True)


@pytest.mark.parametrize("flag", ["", "--config.source.path="])
def test_a_path_says_of_which_kind_the_samples_are(flag, table, tmp_path):
    config = call(f"{flag}{table}", f"--workdir={tmp_path}").config
    assert (config.source.name, config.source.path) == ("table", table)


def test_a_path_of_no_kind_fits_no_phantom(tmp_path, capsys):
    for flag in ("", "--config.source.path=", "--config.ahba.data_dir="):
        line = refused(capsys, "run", f"{flag}{tmp_path}", f"--workdir={tmp_path}/w")
        assert f"{tmp_path}: expected a table" in line
        line = refused(capsys, "run", f"{flag}{tmp_path}/no", f"--workdir={tmp_path}/w")
        assert "found nothing there" in line
    assert not (tmp_path / "w").exists()


def test_a_path_and_the_phantom_contradict_each_other(table, tmp_path):
    both = ["--config.source.name=phantom", table, f"--workdir={tmp_path}"]
    assert "the phantom reads none" in str(input_error(call, *both))
    two = [table, f"--config.source.path={table}", f"--workdir={tmp_path}"]
    assert "one path of samples" in str(input_error(call, *two))


@pytest.mark.slow
@pytest.mark.usefixtures("quick_compiling")
def test_files_titles_and_sidecars_of_the_phantom_say_so_and_others_do_not(
    done, table, tmp_path
):
    keys = [*TINY, "--config.fit.steps=10", "--noconfig.evaluate.enabled"]
    assert cli.main(["run", table, f"--workdir={tmp_path}/w", *keys]) == 0
    for folder, word in ((done, "phantom"), (tmp_path / "w", "inrjax")):
        paths = list((folder / "maps").glob("*_*_*"))
        assert paths and all(p.name.startswith(f"source-{word}_") for p in paths)
        for path in (folder / "maps").glob("*_feature.json"):
            told = json.loads(path.read_text())
            assert ("a synthetic brain" in told["Source"]) == (word == "phantom")


@pytest.mark.usefixtures("quick_compiling")
def test_verbs_that_read_no_source_tell_a_table_that_changed(table, tmp_path, capsys):
    work, keys = f"--workdir={tmp_path}/w", ["--config.fit.steps=2"]
    assert cli.main(["fit", table, work, *TINY, *keys]) == 0
    fitted, wells = Path(table).read_text(), tmp_path / "w" / "wells.npz"
    noted = sources.read_source(call(table, work).config, wells, "regions")[0].files
    Path(table).write_text(fitted.replace("1.25", "1.5"))
    for verb in sources.FROM_PLACES:
        line = refused(capsys, verb, work)
        assert "wells.csv" in line and "expected" in line
    Path(table).unlink()  # of a table that is gone, what the fit noted stands
    again = sources.read_source(
        config.read(tmp_path / "w/config.json"), wells, "regions"
    )
    assert again[0].files == noted


@pytest.mark.parametrize("home", ["", "export/"])
def test_a_changed_member_of_a_zip_is_told_by_verbs_that_read_no_source(tmp_path, home):
    before, after = Export(np.random.default_rng(0)), Export(np.random.default_rng(0))
    after.expression[1] = after.expression[1].replace(",", ",1", 2)
    path = tmp_path / "export.zip"
    settings = {"source.name": "allen_export", "source.path": str(path)}
    given = config.changed(config.default(), settings)
    noted = {name: sha256(text.encode()) for name, text in before.files().items()}
    for export, same in [(before, True), (after, False)]:
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in export.files().items():
                archive.writestr(home + name, text)
        assert (sources.digests_now(given, noted) == noted) == same
    path.write_bytes(path.read_bytes()[:-40])
    error = input_error(sources.digests_now, given, noted)
    assert "export.zip: expected a folder or zip" in str(error)
    path.unlink()
    assert sources.digests_now(given, noted) == noted


@pytest.mark.parametrize("home", ["", "export/"])
def test_a_changed_file_of_an_export_is_told_by_verbs_that_read_no_source(
    tmp_path, home
):
    export = Export(np.random.default_rng(0))
    folder = tmp_path / "data" / home
    export.folder(folder)
    settings = {"source.name": "allen_export", "source.path": str(tmp_path / "data")}
    given = config.changed(config.default(), settings)
    noted = {name: sha256(text.encode()) for name, text in export.files().items()}
    assert sources.digests_now(given, noted) == noted
    (folder / "Expression.csv").write_text("another")
    changed = noted | {"Expression.csv": sha256(b"another")}
    assert sources.digests_now(given, noted) == changed
    (folder / "Columns.csv").unlink()  # what is gone stays as it was noted
    assert sources.digests_now(given, noted)["Columns.csv"] == noted["Columns.csv"]
