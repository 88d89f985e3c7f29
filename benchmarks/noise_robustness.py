"""How much does held-out error grow when some training values are moved?

The paper's study of noise: 1 to 20 % of the values moved by +-10 % of their gene's
range. There, rows of a trained well were the test; here whole wells are held out
(`well`) or whole donors (`donor`), and held-out values stay as measured.

python benchmarks/noise_robustness.py --path=DIR_OR_ZIP [--genes=N] [--folds=N]
"""

from __future__ import annotations

import time

from lib import studies, study_figures
from lib.settings import PAPER, settings_of, some_genes
from lib.study_files import study_flags, study_folder, write_table

from inr_jax.fitting.held_out_fit import make_predictor
from inr_jax.run import build, config
from inr_jax.run.flags import load_config
from inr_jax.stats import hold_out
from inr_jax.stats.baselines import baselines
from inr_jax.stats.folds import donor_folds, well_folds

TINY = {"fit.steps": 2, "fit.members": 1, "field.hidden": 4, "field.depth": 1}
TINY |= {"phantom.n_wells": 60, "phantom.n_genes": 2}


def methods(flags, samples, rows: int) -> dict:
    """The INR, the paper's recipe and kriging, on the samples' genes."""
    starts = {"inr": config.default()}
    starts["paper_per_gene"] = load_config(PAPER)
    found = {}
    for name, start in starts.items():
        changed = settings_of(flags, TINY, start)
        plan = build.make_model_recipe(changed, samples, "place")
        found[name] = make_predictor(plan, rows)
    found["kriging"] = baselines(True)["kriging"]
    return {name: found[name] for name in flags.recipes.split(",")}


def main(arguments: list[str] | None = None) -> None:
    """Write a row a recipe, split and percent, and print it."""
    more = {"genes": (int, 0, "how many; 0: all"), "folds": (int, 0, "a split; 0: all")}
    more |= {"recipes": (str, "inr,paper_per_gene,kriging", "which")}
    more |= {"percents": (str, "0,1,3,5,10,20", "of the values that move")}
    flags = study_flags(__doc__, "noise_robustness", **more).parse_args(arguments)
    percents = [float(p) for p in flags.percents.split(",")]
    source = build.load_source(settings_of(flags, TINY))
    samples, rows = some_genes(source.samples, flags.genes), []
    splits = {"well": well_folds(samples), "donor": donor_folds(samples)}
    limit = 1 if flags.tiny else flags.folds
    splits = {s: f.first(limit) if limit else f for s, f in splits.items()}
    largest = max(folds.largest_training() for folds in splits.values())
    subset = {"genes": len(samples.genes)}
    for name, predict in methods(flags, samples, largest).items():
        for split, folds in splits.items():
            for percent in percents[-1:] if flags.tiny else percents:
                start = time.perf_counter()
                noisy = studies.trained_on_perturbed(predict, percent)
                prediction = hold_out.hold_out(noisy, samples, folds)
                case = {"recipe": name, "split": split, "percent": percent}
                subset["folds"] = len(folds.numbers())
                rows.append(
                    case | studies.mean_scores(samples, folds, prediction.mean) | subset
                )
                print(f"{rows[-1]}  {time.perf_counter() - start:.0f} s", flush=True)
    out = study_folder(flags)
    panels = {
        f"held out by {split}: {subset['genes']} genes, {len(folds.numbers())} folds": [
            {"method": row["recipe"], **row} for row in rows if row["split"] == split
        ]
        for split, folds in splits.items()
    }
    label = "training values moved by ±10 % of the range, %"
    picture, names = out / "noise_robustness.png", ("r", "r2", "mse")
    study_figures.curves(picture, panels, along="percent", label=label, names=names)
    write_table(flags, out, rows)


if __name__ == "__main__":
    main()
