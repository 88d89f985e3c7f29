"""The page: one file that opens without a network, whatever of a run there is.

Everything that comes from users, as names of genes, is escaped by jinja2; data for the
viewer stand in a script of type JSON, in which no tag can end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from inr_jax.report import page_figures
from inr_jax.report.association_page import AssociationShown
from inr_jax.report.tables import FIELD, TITLES, methods_of, of_protocol, title_of
from inr_jax.report.viewer_page import (
    NIIVUE,
    ViewerData,
    niivue_source,
    page_file,
    viewer_json,
)
from inr_jax.stats.hold_out import summarise

MOST_DROPPED = 200  # rows of dropped genes that the page lists
PROGRAMS = ("packs.js", "maps.js", "list.js", "pairs.js", "viewer.js")
MEANINGS = {
    "inr": "this model",
    "kriging_local": "kriging of the networks' own targets, lengths as wells are dense",
    "kriging_targets": "kriging of the networks' own targets",
    "kriging_anatomy_targets": "kriging of the structure model's own targets",
    "kriging": "kriging, Matérn 3/2",
    "kriging_anatomy": "kriging with structures as random effects",
    "idw10": "inverse squared distance, 10 wells",
    "nearest": "nearest well",
    "structure_mean": "mean of the structure in other donors",
    "noise_ceiling": "noise ceiling, not a method",
}


class SettingRow(NamedTuple):
    """A line of the table of settings; `usual` is the default."""

    key: str
    value: Any
    usual: Any
    meaning: str


class Report(NamedTuple):
    """What the page tells.

    Attributes:
        title: Above all.
        facts: Pairs of a word and what holds, in one line below the title.
        warnings: What a reader must know first.
        missing: Pairs of what is not in the folder and the command that makes it.
        genes: G symbols; () without a model.
        protocol: In words, by which the genes' scores were made; "" without.
        gene_scores: Gene -> its row of scores.csv.
        units: Of expression.
        scores: Rows of scores.csv.
        coverage: Title of a protocol -> part of the brain -> {"coverage", "wells"}.
        matters: Matter -> {"wells", "donors", "coverage", "validated"}; {} without.
        range_mm: Validated range, mm.
        validated_share: Of voxels; None where nothing can be said.
        dropped: Rows of dropped_genes.csv; None where no such file is.
        settings: Every setting.
        versions: Pairs of a name and a version.
        checksums: Pairs of a file and its SHA-256.
        methods: Paragraphs.
        references: BibTeX.
        both_sides: Whether left and right are one in the fit.
        viewer: What the viewer shows; None without a model.
        associations: Maps that were compared with all genes.
    """

    title: str
    facts: list[tuple[str, str]]
    warnings: list[str]
    missing: list[tuple[str, str]]
    genes: tuple[str, ...]
    protocol: str
    gene_scores: dict[str, dict]
    units: str
    scores: list[dict]
    coverage: dict[str, dict]
    matters: dict[str, dict]
    range_mm: float | None
    validated_share: float | None
    dropped: list[dict] | None
    settings: list[SettingRow]
    versions: list[tuple[str, str]]
    checksums: list[tuple[str, str]]
    methods: list[str]
    references: str
    both_sides: bool
    viewer: ViewerData | None
    associations: Sequence[AssociationShown] = ()


def make_page(report: Report) -> str:
    """The page's text.

    Raises:
        InputError: niivue's program is not the one that was vendored.
    """
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(page_file),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    viewer = report.viewer
    programs = [Markup(page_file(name)) for name in PROGRAMS]
    return environment.get_template("page.html").render(
        report._asdict(),
        style=Markup(page_file("page.css")),
        niivue=Markup(niivue_source()) if viewer else "",
        niivue_version=NIIVUE[1],
        programs=programs,
        data=None if viewer is None else viewer_json(viewer),
        listed=_listed(report),
        tables=[
            _table(protocol, report.scores) for protocol in summarise(report.scores)
        ],
        scatters=_scatters(report.scores),
        histogram=None
        if viewer is None
        else page_figures.histogram(viewer.distance_mm, report.range_mm),
        most_dropped=MOST_DROPPED,
        dropped_by=_counted(report.dropped or []),
    )


def _listed(report: Report) -> dict[str, Any]:
    """The genes as columns, those that held-out wells confirm best first."""
    scores = report.gene_scores
    worst = {"r": float("-inf")}
    order = sorted(
        range(len(report.genes)),
        key=lambda number: -scores.get(report.genes[number], worst)["r"],
    )
    shown = None if report.viewer is None else report.viewer.shown_r

    def column(name: str) -> list[float | None]:
        rows = (scores.get(report.genes[number]) for number in order)
        return [None if row is None else round(row[name], 3) for row in rows]

    return {
        "order": order,
        "names": [report.genes[number] for number in order],
        "r": column("r"),
        "r2": column("r2"),
        # Rounded down: .9996 is not shown as 1.
        "shown": [
            None if shown is None else int(shown[number] * 1e4) / 1e4
            for number in order
        ],
    }


def _table(protocol: str, rows: list[dict]) -> dict[str, Any]:
    """Mean and median scores of the methods of a protocol; the best r is marked."""
    rows = of_protocol(rows, protocol)
    (summary,) = summarise(rows).values()
    methods = methods_of(rows)
    best = max(
        (name for name in methods if name != "noise_ceiling"),
        key=lambda name: summary[name]["r_mean"],
        default="",
    )
    lines = [
        {"method": name, "meaning": MEANINGS.get(name, ""), "best": name == best}
        | summary[name]
        for name in methods
    ]
    return {
        "title": title_of(protocol),
        "genes": len({row["gene"] for row in rows}),
        "wells": rows[0]["n"],
        "lines": lines,
        "field": FIELD,
    }


def _scatters(rows: list[dict]) -> list[dict[str, Any]]:
    pictures = []
    for protocol in summarise(rows):
        picture = page_figures.scatter(rows, protocol)
        if picture is not None:
            pictures.append(picture | {"title": TITLES.get(protocol, protocol)})
    return pictures


def _counted(dropped: list[dict]) -> dict[str, int]:
    """How many genes have which fate, the most common first."""
    counts: dict[str, int] = {}
    for row in dropped:
        counts[row["fate"]] = counts.get(row["fate"], 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: -pair[1]))
