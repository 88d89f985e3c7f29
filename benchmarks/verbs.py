"""How long do the verbs take that show and tabulate a finished run?

Seconds of the clock from the start of a process to its end, on a copy of a run's
folder: imports, reading the checkpoint and writing included. Without --workdir a run of
the phantom of 100 genes is made first, with few steps: no verb depends on their number.

python benchmarks/verbs.py [--workdir=OUT] [--json=FILE]
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from lib.machine import about, flags_of, process_seconds, write

VERBS = {
    "report": ("report",),
    "regions": ("regions",),
    "surfaces": ("surfaces",),
    "figures": ("figures",),
    "one_gene": ("render", "--genes=CLU"),
    "tables": ("export", "--format=parquet"),
}
QUICK = ("--config.fit.steps=100", "--config.evaluate.baselines=plain")
TINY = (
    "--config.fit.steps=2",
    "--config.fit.members=1",
    "--config.phantom.n_wells=60",
    "--config.phantom.n_genes=6",
    "--config.render.resolution_mm=3",
    "--config.evaluate.baselines=plain",
)


def seconds_of(verb: tuple[str, ...], workdir: Path) -> float:
    """Of a command of its own."""
    command = [sys.executable, "-m", "inr_jax.cli", *verb, f"--workdir={workdir}"]
    return process_seconds(command)[0]


def main(arguments: list[str] | None = None) -> None:
    """Print a line a verb."""
    more = {
        "workdir": (str, None, "of a run, which stays as it is"),
        "repeats": (int, 5, "of each verb, in turn"),
    }
    flags = flags_of(__doc__, **more).parse_args(arguments)
    verbs = dict(list(VERBS.items())[:2]) if flags.tiny else VERBS
    seconds: dict[str, list[float]] = {name: [] for name in verbs}
    print(about())
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "run"
        if flags.workdir:
            shutil.copytree(flags.workdir, copy)
        else:
            seconds_of(("run", *(TINY if flags.tiny else QUICK)), copy)
        for _ in range(1 if flags.tiny else flags.repeats):
            for name, verb in verbs.items():
                seconds[name].append(seconds_of(verb, copy))
    numbers = {}
    for name, times in seconds.items():
        middle, slowest = statistics.median(times), max(times)
        print(f"{name:10} {middle:6.2f} s, {min(times):.2f} to {slowest:.2f}")
        numbers |= {f"{name}_s": middle, f"{name}_slowest_s": slowest}
    write(flags.json, numbers)


if __name__ == "__main__":
    main()
