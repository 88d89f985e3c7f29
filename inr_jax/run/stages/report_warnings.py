"""What a reader of the report must know first, and what its folder lacks."""

from __future__ import annotations

from typing import NamedTuple

from ml_collections import ConfigDict

from inr_jax.errors import shortlist
from inr_jax.report.page import Report
from inr_jax.report.tables import FIELD, STRONGEST, title_of
from inr_jax.run import fitted
from inr_jax.run.expression_model import ExpressionModel
from inr_jax.run.provenance import read_json
from inr_jax.run.workdir import Workdir
from inr_jax.stats.hold_out import summarise
from inr_jax.stats.validity import left_out

LEAST_SHOWN = 0.99  # r between the map that is shown and the model's
FEW, MANY = 0.85, 0.95  # shares of measurements in 90 % intervals that are told


class Left(NamedTuple):
    """What a run left in its folder.

    Attributes:
        folder: The folder.
        settings: Those of the run.
        model: The model that is drawn; None where there is no fit.
        scores: Rows of scores.csv; none without an evaluation.
    """

    folder: Workdir
    settings: ConfigDict
    model: ExpressionModel | None
    scores: list[dict]


def missing_of(left: Left) -> list[tuple[str, str]]:
    """Pairs of what is not in the folder and the command that makes it."""
    workdir, folder = left.folder, left.folder.root.name
    lacks = [
        (left.model is None, "a fitted model, and with it the viewer", "fit"),
        (not workdir.scores.exists(), "held-out scores", "evaluate"),
        (not _has_maps(workdir), "maps as NIfTI files", "render"),
    ]
    return [
        (what, f"inr-jax {verb} --workdir={folder}")
        for lack, what, verb in lacks
        if lack
    ]


def _has_maps(workdir: Workdir) -> bool:
    return workdir.maps.exists() or workdir.store.exists()


def warnings_of(report: Report, left: Left) -> list[str]:
    """Lines for the top of the page, the gravest first."""
    lines, model = [], left.model
    if left.settings.source.name == "phantom":
        lines.append("PHANTOM: a synthetic brain, no measurement of these genes.")
    if model is not None and not fitted.is_whole(model.recipe, model.bundle):
        lines.append(
            f"The fit is not finished: it stands at step {model.steps}; scores are not "
            "of these maps."
        )
    return (
        lines
        + _of_scores(report, left.folder)
        + _of_intervals(report, model)
        + _of_viewer(report)
        + _noted(left.folder)
    )


def _of_scores(report: Report, workdir: Workdir) -> list[str]:
    known, lines = read_json(workdir.summary), []
    if not report.scores:
        reason = known.get("evaluation_skipped")
        because = f": {reason}" if reason else " (no evaluation in this folder)"
        return [f"Maps come without an error: no wells were held out{because}."]
    if "no_donor_held_out" in known:
        reason = known["no_donor_held_out"]
        lines.append(f"No donor was held out, blocks of space instead: {reason}.")
    bad = [gene for gene, row in report.gene_scores.items() if row["r2"] < 0]
    if bad:
        lines.append(
            f"{len(bad)} of {len(report.gene_scores)} genes are predicted worse than "
            f"by their own mean (held-out R² < 0): {shortlist(sorted(bad))}."
        )
    for protocol, methods in summarise(report.scores).items():
        there = [name for name in STRONGEST.get(protocol, ()) if name in methods]
        if FIELD not in methods or not there:
            continue
        ours, theirs = methods[FIELD]["r_mean"], methods[there[0]]["r_mean"]
        if theirs > ours:
            lines.append(
                f"{title_of(protocol)}: {there[0]} predicts better than this model "
                f"(mean r {theirs:.3f} against {ours:.3f})."
            )
    return lines


def _of_intervals(report: Report, model: ExpressionModel | None) -> list[str]:
    lines = []
    if model is not None and model.calibrated is None:
        lines.append(
            "Standard deviations are the ensemble's own, no intervals for a "
            "measurement: no donor was held out from this fit."
        )
    for title, parts in report.coverage.items():
        off = [
            f"{part} {100 * row['coverage']:.0f} %"
            for part, row in parts.items()
            if not FEW <= row["coverage"] <= MANY
        ]
        if off:
            text = ", ".join(off)
            lines.append(f"{title}: 90 % intervals held in {text} of measurements.")
    untested = left_out(report.matters) if report.matters else ""
    if untested:
        lines.append(f"Not validated: {untested}.")
    return lines


def _of_viewer(report: Report) -> list[str]:
    if report.viewer is None:
        return []
    poor = int((report.viewer.shown_r < LEAST_SHOWN).sum())
    if not poor:
        return []
    return [
        f"The viewer shows {poor} of {len(report.genes)} maps with r < {LEAST_SHOWN} "
        "to the model's own; the NIfTI files are exact."
    ]


def _noted(workdir: Workdir) -> list[str]:
    """Warnings of the source, as it was read."""
    notes = read_json(workdir.provenance).get("notes")
    listed = notes.get("warnings") if isinstance(notes, dict) else None
    return [str(line) for line in listed] if isinstance(listed, list) else []
