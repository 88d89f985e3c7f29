"""Configs and sweeps that are shipped, by name from any folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from inr_jax import cli
from inr_jax.errors import InputError
from inr_jax.run import flags
from inr_jax.run.shipped_configs import SWEEPS, find, shipped

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


@pytest.mark.parametrize(
    ("kind", "folder"), [("", CONFIGS), (SWEEPS, CONFIGS / SWEEPS)]
)
def test_every_file_of_configs_is_shipped_and_listed(kind, folder, capsys):
    names = {path.stem for path in folder.glob("*.py")}
    assert shipped(kind).keys() == names and len(names) > 1
    assert cli.main(["configs"]) == 0
    text = capsys.readouterr().out
    for name, path in shipped(kind).items():
        assert path.read_text() == (folder / f"{name}.py").read_text()
        first = path.read_text().splitlines()[0].strip('"')
        assert f"  {name} " in text and first in text


def test_a_bare_name_is_a_shipped_file_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ad100").mkdir()
    call = flags.parse(["--config=ad100", "--workdir=w", "--config.fit.steps=7"])
    assert call.config.ahba.donors == "9861,10021" and call.config.fit.steps == 7


def test_a_path_is_the_users_own_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("ad100.py", "folder/ad100", "mine.py"):
        assert find("--config", name) == Path(name)
    (tmp_path / "mine").touch()
    assert find("--config", "mine") == Path("mine")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find("--config", "~/ad100.py") == tmp_path / "ad100.py"


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(InputError, match=r"--config: .*'ad10'; did you mean 'ad100'"):
        find("--config", "ad10")
    with pytest.raises(InputError, match=r"--sweep: .* did you mean 'from_paper'"):
        find("--sweep", "from_papr", SWEEPS)
