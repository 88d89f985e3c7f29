"""The verb `figures`: pictures for a paper from a finished run."""

from __future__ import annotations

import pytest

from inr_jax import cli
from inr_jax.run.stages import figures, figures_against, violins

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


def words_of(figure):
    texts = [figure.get_suptitle()]
    for axes in figure.axes:
        texts += [axes.get_title(loc="left"), axes.get_title()]
    return "\n".join(texts)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "chosen"),
    [
        ((), "2 best of 2 by held-out r"),
        (("--genes=APOE",), "APOE, which --genes named"),
    ],
)
def test_every_picture_says_by_what_its_genes_were_picked_and_where_left_is(
    copy, monkeypatch, flags, chosen
):
    drawn = {}

    def kept(stem, make, *arguments, **how):
        drawn[stem.name] = make(*arguments, **how)

    for stage in (figures, figures_against, violins):
        monkeypatch.setattr(stage, "draw_both", kept)
    against = f"--against={copy}"
    assert cli.main(["figures", f"--workdir={copy}", *flags, against]) == 0
    words = {name: words_of(figure) for name, figure in drawn.items()}
    assert set(words) == NAMES | {"joint"}
    for name, text in words.items():
        assert text.startswith("PHANTOM"), name
    for name in NAMES:
        assert chosen in words[name]
    for name in ("slices_grid", "glass_brains", "joint"):
        assert "left is on the left" in words[name]
    for name in ("slices_grid", "glass_brains"):
        assert "left and right are one in the fit" in words[name]
        assert "APOE: held-out r" in words[name]
    assert "striped: not tested by held-out donors" in words["slices_grid"]
    assert "validated voxels" in words["glass_brains"]
    assert "this run" in words["joint"] and "the other run" in words["joint"]
    assert (copy / "figures" / "joint.gif").stat().st_size > 1000


def test_another_run_without_these_genes_is_refused(copy, tmp_path, capsys):
    flag = f"--against={tmp_path / 'none'}"
    assert cli.main(["figures", f"--workdir={copy}", flag]) == 2
    assert "the folder of a run" in capsys.readouterr().err.splitlines()[-1]
