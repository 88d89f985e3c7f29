"""The report in a real browser: no network, no complaint, the values of the files."""

from __future__ import annotations

import os
import re
import sys
import urllib.parse
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from browser import Browser, executable
from workdirs import maps

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from pages import NASTY, report_of, viewer_of

from inr_jax.report.page import make_page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not executable(), reason="no Chromium: apt-get install chromium"
    ),
]
FIRST_VIEW_MS = 3000  # after the page is loaded, on two cores with nothing else to do
PLACES_MM = [(-20, -20, 10), (31, -62, 40), (1, 19, -8)]
DONE = "document.body && document.body.dataset.complete"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    chromium = Browser(tmp_path_factory.mktemp("profile"))
    yield chromium
    chromium.close()


@pytest.fixture(scope="module")
def opened(browser, done):
    browser.open(f"file://{done}/report.html")
    browser.wait(DONE)
    return browser


def number(browser):
    """The value that is read off, and its interval."""
    text = browser.run("document.getElementById('readout').innerText")
    value, low, high = re.search(
        r"mm: (-?[\d.]+) .* interval (-?[\d.]+) to (-?[\d.]+)", text
    ).groups()
    return float(value), float(low), float(high)


def test_it_opens_without_network_or_complaint_and_soon(opened):
    asked = [url for url in opened.requests if not url.startswith(("data:", "blob:"))]
    assert len(asked) == 1 and asked[0].startswith("file:")
    assert opened.errors == []
    loaded = opened.run("performance.getEntriesByType('navigation')[0].loadEventEnd")
    ready = int(opened.run("document.body.dataset.ready"))
    busy = max(1.0, os.getloadavg()[0] / 2)  # others at work on the same cores
    assert ready - loaded < FIRST_VIEW_MS * busy


@pytest.mark.parametrize("gene", ["APOE", "HLA-DRA"])
@pytest.mark.parametrize("x_mm", PLACES_MM)
def test_the_crosshair_reads_the_value_and_interval_of_the_files(
    opened, done, gene, x_mm
):
    at = opened.run(f"inrReport.listed.names.indexOf('{gene}')")
    opened.run(f"inrReport.list.pick({at})")
    opened.run(f"inrReport.go([{x_mm[0]}, {x_mm[1]}, {x_mm[2]}])")
    value, low, high = number(opened)
    there = {}
    for kind in ("feature", "std"):
        image = nib.load(maps(done, kind)[gene.replace("-", "")])
        ijk = np.linalg.inv(image.affine) @ [*x_mm, 1]
        volume = image.get_fdata()
        there[kind] = volume[tuple(np.rint(ijk[:3]).astype(int))]
        if kind == "feature":
            bound = 0.01 * np.ptp(volume[volume != 0])
    assert abs(value - there["feature"]) < bound
    half = 1.6448536 * there["std"]
    assert (high - low) / 2 == pytest.approx(half, rel=0.03, abs=1e-3)
    assert (high + low) / 2 == pytest.approx(value, abs=2e-3)


def test_a_click_in_a_slice_and_keys_move_the_crosshair(opened):
    opened.run("inrReport.go([-20, -20, 10])")
    opened.run("document.getElementById('gl').focus()")
    opened.key("ArrowRight")
    opened.key("PageUp")
    assert opened.run("inrReport.state.mm") == pytest.approx([-17, -20, 13], abs=0.1)
    box = opened.run(
        "(() => { const r = document.getElementById('gl').getBoundingClientRect();"
        " return [r.left, r.top, r.width, r.height]; })()"
    )
    opened.click(box[0] + 0.36 * box[2], box[1] + 0.28 * box[3])
    before = [-17, -20, 13]
    opened.wait(f"inrReport.state.mm.join() !== '{before}'", 20)
    x, y, z = opened.run("inrReport.state.mm")
    assert y == pytest.approx(-20, abs=0.1)  # a coronal slice: x and z have changed
    assert abs(x + 17) > 0.5 or abs(z - 13) > 0.5
    assert opened.errors == []


def test_search_layers_and_address_by_keys(opened):
    opened.run("document.body.focus(); document.activeElement.blur()")
    opened.key("/")
    for letter in "hla":
        opened.key(letter)
    assert "1 of 2" in opened.run("document.getElementById('matches').textContent")
    opened.key("Enter")
    assert opened.run("document.getElementById('gene').textContent") == "HLA-DRA"
    opened.run("document.activeElement.blur()")
    for key, layer in (
        ("2", "sd"),
        ("3", "distance"),
        ("4", "validated"),
        ("1", "map"),
    ):
        opened.key(key)
        assert opened.run("inrReport.state.layer") == layer
    opened.key("w")
    assert opened.run("document.getElementById('wells').checked")
    place = urllib.parse.unquote(opened.run("location.hash"))
    assert "gene=HLA-DRA" in place and "layer=map" in place
    assert opened.errors == []


def test_the_picture_shows_a_brain_in_many_colours(opened, tmp_path):
    pixels = (
        "(() => { const g = inrReport.nv.gl, w = g.drawingBufferWidth,"
        " h = g.drawingBufferHeight, p = new Uint8Array(4 * w * h);"
        " inrReport.rendering(true);"
        " g.readPixels(0, 0, w, h, g.RGBA, g.UNSIGNED_BYTE, p);"
        " const seen = new Set(); let lit = 0;"
        " for (let n = 0; n < p.length; n += 4) if (p[n] + p[n + 1] + p[n + 2] > 60)"
        " { lit++; seen.add([p[n] >> 4, p[n + 1] >> 4, p[n + 2] >> 4].join()); }"
        " return [lit / (w * h), seen.size]; })()"
    )
    lit, colours = opened.run(pixels)
    assert 0.1 < lit < 0.7 and colours > 40
    opened.picture(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 50_000


def test_held_out_wells_of_the_gene_are_drawn(opened):
    assert opened.run("inrReport.cloud.count") == 60
    inked = (
        "(() => { const c = document.getElementById('cloud'), p = c.getContext('2d')"
        ".getImageData(0, 0, c.width, c.height).data; let n = 0;"
        " for (let i = 0; i < p.length; i += 4) n += p[i] > 150 && p[i + 2] < 60;"
        " return n; })()"
    )
    assert opened.run(inked) > 500
    words = opened.run("document.getElementById('cloudwords').textContent")
    assert words.startswith("60 held-out wells")


def test_names_that_look_like_programs_are_names(browser, tmp_path, rng):
    viewer = viewer_of(rng.normal(size=(48, 4)), np.ones((48, 4)))
    page = make_page(report_of(NASTY, viewer, title="<b>", units="<u>"))
    (tmp_path / "page.html").write_text(page)
    browser.open(f"file://{tmp_path}/page.html")
    browser.wait(DONE)
    names = browser.run(
        "[...document.querySelectorAll('.row span:first-child')]"
        ".map(e => e.textContent)"
    )
    assert sorted(names) == sorted(NASTY) and browser.errors == []


def test_maps_of_one_side_are_the_same_on_the_other(browser, tmp_path, rng):
    maps = rng.normal(size=(24, 2))
    page = make_page(report_of(("A", "B"), viewer_of(maps, mirrored=True)))
    (tmp_path / "page.html").write_text(page)
    browser.open(f"file://{tmp_path}/page.html")
    browser.wait(DONE)
    bound = 0.01 * np.ptp(maps[:, 0])
    for u, (i, j, k) in enumerate(np.ndindex(2, 3, 4)):
        x, y, z = 5 + 10 * i, -10 + 10 * j, -10 + 10 * k
        for side in (x, -x):
            value = browser.run(f"inrReport.read([{side}, {y}, {z}]).value")
            assert value == pytest.approx(maps[u, 0], abs=bound)
    assert browser.run("inrReport.read([5, -20, 0])") is None


def test_a_browser_without_webgl_says_so_and_shows_the_rest(done, tmp_path):
    flags = ("--disable-3d-apis", "--disable-gpu", "--disable-software-rasterizer")
    blind = Browser(tmp_path / "profile", more=flags)
    try:
        blind.open(f"file://{done}/report.html")
        blind.wait("document.body && document.body.dataset.ready === 'failed'")
        told = blind.run("document.getElementById('trouble').innerText")
        assert "WebGL 2" in told
        assert "held-out donors" in blind.run("document.body.innerText")
    finally:
        blind.close()
