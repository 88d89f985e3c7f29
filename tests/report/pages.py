"""A page of a few genes whose maps are known, and what is read out of a page."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np

from inr_jax.brain.space import Grid
from inr_jax.report.page import Report, SettingRow
from inr_jax.report.viewer_packs import unpack
from inr_jax.report.viewer_page import ViewerData
from inr_jax.report.viewer_volumes import make_volumes

NASTY = ('<script>alert("1")</script>', "A&B'\"</script>", "{{ 7 * 7 }}", "ÅΩ-1")


def viewer_of(maps, sds=None, mirrored=False):
    """Viewer data of maps `(U, G)` in a box of 4 x 5 x 6 voxels, 4 x 3 x 4 a mask."""
    mask = np.zeros((4, 5, 6), bool)
    mask[:, 1:4, 1:5] = True
    affine = np.diag([10.0, 10, 10, 1])
    affine[:3, 3] = [-15, -20, -20]
    eye = np.eye(maps.shape[1])
    voxels = int(mask.sum())
    sd = None
    if sds is not None:
        sd = make_volumes(sds, eye, error=0.001, most=50, by_mean=True)
    return ViewerData(
        grid=Grid(mask.shape, affine),
        mask=mask,
        mirrored=mirrored,
        t1=mask * 0.5,
        mean=make_volumes(maps, eye, error=0.001, most=50),
        sd=sd,
        calibrated=True,
        distance_mm=np.linspace(0, 30, voxels),
        validated=np.arange(voxels) < 20,
        wells_mm=np.array([[5.0, 0, 0], [-5, 10, 10]]),
        shown_r=np.ones(maps.shape[1]),
    )


def report_of(genes=(), viewer=None, **changes):
    """A report with little in it."""
    base = {name: [] for name in Report._fields}
    base |= {name: {} for name in ("gene_scores", "coverage", "matters")}
    base |= dict.fromkeys(("title", "protocol", "units", "references"), "")
    base |= dict.fromkeys(("range_mm", "validated_share", "dropped"))
    base["both_sides"] = True
    settings = [SettingRow("seed", 0, 0, "of the networks")]
    base |= {"genes": tuple(genes), "viewer": viewer, "settings": settings}
    return Report(**base | changes)


class Elements(HTMLParser):
    """Tags, attributes, the text in each kind of tag and scripts of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.open = [], {}, []
        self.feed(text)
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "link", "input", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, text):
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(text)


def data_of(page):
    """The viewer's data and list of genes in a page."""
    parts = {}
    for name in ("data", "listed"):
        pattern = rf'<script type="application/json" id="inr-{name}">(.*?)</script>'
        parts[name] = json.loads(re.search(pattern, page, re.DOTALL)[1])
    return parts["data"], parts["listed"]


def shown(data, kind, gene):
    """What the page shows of a gene at its voxels, `(U,)`, as its program sums it."""
    part = data[kind]
    levels, weights = unpack(part["levels"]), unpack(part["weights"])
    factors = weights[gene] * np.array(part["unit"]) * part["step"]
    return part["mean"][gene] + part["scale"][gene] * (factors @ levels)
