"""The page: whole, escaped, without a network; the maps in it are the maps."""

from __future__ import annotations

import numpy as np
import pytest
from given import score_row
from pages import NASTY, Elements, data_of, report_of, shown, viewer_of

from inr_jax.errors import InputError
from inr_jax.report import page_figures, viewer_page
from inr_jax.report.page import PROGRAMS, make_page

R = (0.1, 0.4, 0.3, 0.2)  # held out
LOADING = ("src", "href", "action", "data", "poster", "srcset")


@pytest.fixture(scope="module")
def maps():
    rng = np.random.default_rng(0)
    return rng.normal(size=(48, 4)) * [1, 10, 100, 0] + [0, 5, -300, 2]


@pytest.fixture(scope="module")
def page(maps):
    rows = [score_row("inr", gene, r, r) for gene, r in zip(NASTY, R, strict=True)]
    rows += [score_row("kriging", gene, 0.25, 0.2) for gene in NASTY]
    return make_page(
        report_of(
            NASTY,
            viewer_of(maps, np.abs(maps) + 1),
            title="<b>out</b>",
            scores=rows,
            protocol="leave one donor out",
            gene_scores={row["gene"]: row for row in rows[:4]},
            warnings=["<i>careful</i>"],
            dropped=[{"gene": "X<1", "fate": "a & b", "probes": "2", "present": "0.1"}],
            methods=["text [@yu2025]"],
            units="<units>",
            range_mm=5.0,
            validated_share=0.4,
        )
    )


def test_tags_are_closed_and_nothing_of_a_user_is_one(page):
    elements = Elements(page)
    tags = {tag for tag, _ in elements.tags}
    assert not {"b", "i", "iframe", "img", "object"} & (tags - {"b"})
    assert elements.texts["h1"] == ["<b>out</b>"]
    assert "<i>careful</i>" in elements.texts["li"]
    assert 'alert("1")' not in "".join(elements.texts.get("script", []))
    assert all(gene in "".join(elements.texts["title"]) for gene in NASTY)
    assert "49" not in "".join(elements.texts["title"])  # no template in a name


def test_nothing_is_loaded_from_anywhere(page):
    for tag, attributes in Elements(page).tags:
        for name in LOADING:
            assert not attributes.get(name, "").startswith(("http", "//", "file")), tag
    style = "".join(Elements(page).texts["style"])
    assert "url(" not in style and "@import" not in style
    assert "default-src 'none'" in page


def test_the_maps_in_the_page_are_the_maps(page, maps):
    data, listed = data_of(page)
    for gene in range(3):
        again = shown(data, "mean", gene)
        assert np.corrcoef(again, maps[:, gene])[0, 1] > 0.9999
        assert np.abs(again - maps[:, gene]).max() < 0.01 * np.ptp(maps[:, gene])
    assert np.allclose(shown(data, "mean", 3), 2)  # a constant map
    sd = np.abs(maps) + 1
    error = np.abs(shown(data, "sd", 1) - sd[:, 1]) / sd[:, 1].mean()
    assert error.max() < 0.02
    assert listed["names"] == [NASTY[n] for n in (1, 2, 3, 0)]  # best r first
    assert listed["order"] == [1, 2, 3, 0] and listed["r"] == [0.4, 0.3, 0.2, 0.1]


def test_a_page_of_nothing_says_what_is_missing_and_opens():
    missing = [("a fitted model", "inr-jax fit --workdir=w")]
    page = make_page(report_of(missing=missing, title="w"))
    assert "Not in this folder: a fitted model" in "".join(Elements(page).texts["li"])
    assert "inr-jax fit --workdir=w" in page and "niivue.Niivue" not in page
    assert len(page) < 50_000


def test_one_gene_without_scores_spread_or_validity(maps):
    viewer = viewer_of(maps[:, :1])._replace(validated=None, calibrated=False)
    page = make_page(report_of(("APOE",), viewer))
    data, listed = data_of(page)
    assert data["sd"] is None and data["validated"] is None
    assert listed == {
        "order": [0],
        "names": ["APOE"],
        "r": [None],
        "r2": [None],
        "shown": [1.0],
    }
    assert 'value="sd"' not in page and 'id="fade"' not in page


def test_another_niivue_is_refused(monkeypatch):
    monkeypatch.setattr(viewer_page, "SHA256", "0" * 64)
    with pytest.raises(InputError, match="expected niivue"):
        viewer_page.niivue_source()


def test_niivue_ends_no_script(page):
    assert "</script" not in viewer_page.niivue_source().lower()
    for name in PROGRAMS:
        assert "</script" not in viewer_page.page_file(name).lower()


def test_dots_above_the_line_are_genes_that_we_predict_better(rows):
    picture = page_figures.scatter(rows, "donor")
    width, height, margin = picture["size"]
    above = [
        height - margin - dot["y"]
        > (dot["x"] - margin) * (height - margin - 10) / (width - margin - 10) + 0.1
        for dot in picture["dots"]
    ]
    assert [dot["ours"] > dot["theirs"] for dot in picture["dots"]] == above
    assert (picture["ahead"], picture["count"]) == (2, 3)
    assert page_figures.scatter(rows[3:], "donor") is None


def test_bars_hold_all_voxels_and_the_line_stands_at_the_range(rng):
    distance_mm = rng.gamma(2.0, 2.0, 5000)
    picture = page_figures.histogram(distance_mm, 6.0)
    shares = [float(bar["text"].split(": ")[1][:-1]) for bar in picture["bars"]]
    assert sum(shares) == pytest.approx(100, abs=1.5)
    ticks = {tick["text"]: tick["x"] for tick in picture["ticks"]}
    assert ticks["5"] < picture["line"]["x"] < ticks["10"]
    assert page_figures.histogram(np.zeros(0), None) is None
    page_figures.histogram(np.zeros(3), None)
