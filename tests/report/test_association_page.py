"""The page's section on maps that were compared with all genes."""

from __future__ import annotations

import base64

from pages import NASTY, report_of

from inr_jax.report.association_page import doubts, shown
from inr_jax.report.page import make_page

ROW = {
    "gene": "APOE",
    "r_voxel": "0.4",
    "p_null": "0.001",
    "q": "0.01",
    "p_well": "0.3",
}
NULLS = {
    "nulls": 500,
    "asked": 1000,
    "trend": "linear",
    "places": {"voxel": 1234, "region": 0, "well": 20},
    "strata": {"cortex": {"misfit": 0.4}, "cerebellum": {"misfit": 0.1}},
}


def test_top_genes_warnings_and_pictures_stand_on_the_page():
    rows = [ROW, {**ROW, "gene": NASTY[0], "held_out_r2": "-0.2"}]
    part = shown(NASTY[1], rows, NULLS, {"variogram.png": b"\x89PNG of one"})
    page = make_page(report_of(associations=[part]))
    assert "<script>alert" not in page
    text = page[page.index('id="associations"') :]
    assert "1,234 voxels, 20 wells; 500 null maps" in text
    assert "variograms differ by 40%" in text and "cerebellum null" not in text
    assert "stopped after 500 of 1000" in text and "fails at wells" in text
    assert "not predictable in a new brain" in text
    data = base64.b64encode(b"\x89PNG of one").decode()
    assert text.count(f'src="data:image/png;base64,{data}"') == 1


def test_columns_that_are_empty_are_left_out_and_no_map_leaves_no_section():
    part = shown("tau", [{**ROW, "ci_lo": "", "p_specific": "nan"}], NULLS, {})
    heads = [head for head, _ in part.columns]
    assert "from" not in heads and "p, random genes" not in heads and "gene" in heads
    assert 'id="associations"' not in make_page(report_of())


def test_doubts_are_of_genes_that_seem_significant():
    assert doubts(ROW) == "fails at wells"
    assert doubts({**ROW, "p_well": "0.01", "p_specific": "0.6"}) == (
        "no more than a random gene"
    )
    assert doubts({**ROW, "p_null": "0.2"}) == ""
