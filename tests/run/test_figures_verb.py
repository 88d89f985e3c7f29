"""The verb `figures`: pictures for a paper from a finished run."""

from __future__ import annotations

import pytest

from inr_jax import cli

NAMES = {"slices_grid", "glass_brains", "regions_violins"}


@pytest.mark.slow
def test_each_picture_is_a_png_and_an_svg_without_the_source(copy, capsys):
    stored = (copy / "config.json").read_bytes()
    assert cli.main(["figures", f"--workdir={copy}", "--genes=APOE"]) == 0
    written = {path.name for path in (copy / "figures").iterdir()}
    assert written == {f"{name}.{end}" for name in NAMES for end in ("png", "svg")}
    assert (copy / "config.json").read_bytes() == stored
    assert cli.main(["figures", f"--workdir={copy}", "--genes=APOF"]) == 2
    assert "APOE" in capsys.readouterr().err.splitlines()[-1]
