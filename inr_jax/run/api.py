"""Fit, evaluate and draw from Python; `import inr_jax` shows what is here.

The command's stages and these functions share one path: `fitted` fits, the stage
`evaluate` scores, `ExpressionModel` draws.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml_collections import ConfigDict

from inr_jax.errors import InputError, unknown_name
from inr_jax.files import write_text
from inr_jax.files.reading import user_path
from inr_jax.progress import bar
from inr_jax.report.page import make_page
from inr_jax.run import build, fitted, workdir
from inr_jax.run import config as settings
from inr_jax.run.expression_model import ExpressionModel, make_expression_model
from inr_jax.run.load import load
from inr_jax.run.stages.evaluate import evaluate as evaluate_models
from inr_jax.run.stages.report import report_folder, report_of
from inr_jax.run.stores import open_store
from inr_jax.run.workdir import SUFFIXES
from inr_jax.samples import sources
from inr_jax.samples.samples import Samples
from inr_jax.samples.source import source_in_python
from inr_jax.stats.hold_out import COLUMNS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["evaluate", "fit", "load", "open_store", "read_samples", "write_report"]


def read_samples(
    path: str | Path, source: str | None = None, **options: Any
) -> Samples:
    """Samples of a table, a web export (a folder or zip) or the atlas's folder.

    Args:
        path: What to read.
        source: "table", "allen_export" or "ahba"; None tells it from the path.
        **options: Of that source: `genes`, names of columns, abagen's options.

    Raises:
        InputError: Bad data, or an unknown option; names the nearest.
    """
    return sources.read(path, source, **options).samples


def fit(
    samples: Samples,
    config: ConfigDict | None = None,
    *,
    model: str = "place",
    **changes: object,
) -> ExpressionModel:
    """Fit a model to all wells.

    Args:
        samples: N wells of G genes.
        config: Settings; None takes the default ones.
        model: "place", or "structure" for the one that also sees structures.
        **changes: Settings by name, `fit__steps=100` for `fit.steps`.

    Raises:
        InputError: Bad samples, an unknown setting (names the nearest), a value that
            no fit can use, or a fit that diverges.
    """
    wells, config = source_in_python(samples), _config(config, changes)
    if model not in SUFFIXES:
        raise unknown_name("model", model, SUFFIXES)
    plan = build.make_model_recipe(config, samples, model)
    text = settings.to_json(config)
    bundle, data = fitted.begin(
        plan, samples, config=text, files={}, coordinates=wells.coordinates
    )
    with bar("fit", bundle.meta["steps"]) as tick:
        bundle, _ = fitted.go_on(
            plan,
            bundle,
            data,
            lambda now, loss: tick(int(now.state.step), f"loss {loss:.4f}"),
        )
    return make_expression_model(model, bundle, wells)


def evaluate(
    samples: Samples, config: ConfigDict | None = None, **changes: object
) -> pd.DataFrame:
    """Score the model and the baselines on held-out wells.

    Args:
        samples: N wells of G genes.
        config: Settings; None takes the default ones.
        **changes: Settings by name, as for `fit`.

    Returns:
        A row a method, protocol and gene: the columns of scores.csv.

    Raises:
        InputError: As for `fit`; or wells that leave none to hold out.
    """
    import pandas as pd

    samples = source_in_python(samples).samples
    config = _config(config, changes)
    models = build.make_models(config, samples)
    evaluation = evaluate_models(config, samples, models)
    if not evaluation.rows:
        raise InputError(
            "evaluate",
            expected="wells to hold out",
            found="; ".join(evaluation.notes.values()) or "none",
            fix="give samples of two donors",
        )
    return pd.DataFrame(evaluation.rows, columns=list(COLUMNS))


def write_report(
    run: ExpressionModel | str | Path, path: str | Path | None = None
) -> Path:
    """Write the page of a workdir, or of a model: every gene in a viewer, one file.

    Args:
        run: A workdir, whose page is its report.html; or a model.
        path: Of a model's page; None is report.html in the current folder.

    Returns:
        Where it lies.

    Raises:
        InputError: No such folder, something in it is damaged, or the page cannot be
            written.
    """
    if isinstance(run, ExpressionModel):
        path = user_path(path or "report.html")
        canvas = build.make_canvas(settings.from_json(run.config))
        with tempfile.TemporaryDirectory() as empty:  # a model has no results beside it
            told = report_of(workdir.Workdir(Path(empty)), canvas, run)
        title = f"Gene expression in the brain: {path.stem}"
        write_text(path, make_page(told._replace(title=title, missing=[])))
        return path
    root = user_path(run)
    workdir.check_there(root)
    with workdir.opened(root) as files:
        config = (
            settings.read(files.config) if files.config.exists() else settings.default()
        )
        report_folder(files, config)
        return files.report


def _config(config: ConfigDict | None, changes: dict) -> ConfigDict:
    """Checked settings of samples made in Python."""
    base = settings.default() if config is None else config
    return settings.with_settings(base, **changes | {"source__name": "python"})
