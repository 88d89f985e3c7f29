"""How long until a user sees something happen: import, first step, second run?

Each number is a process of its own: `import`, of what the command line loads to parse
and print its help; `first_step`, from the start of a process to the end of the first
chunk of steps of the default fit, with an empty cache of programs and with a full one.

python benchmarks/compile_and_start.py [--json=FILE]
"""

from __future__ import annotations

import sys
import tempfile

from lib.machine import about, flags_of, process_seconds, write

IMPORTS = {
    "import_cli": "import inr_jax.cli, inr_jax.run.flags, inr_jax.run.config",
    "import_api": "import inr_jax.run.load",
    "import_pipeline": "import inr_jax.run.pipeline",
}
FIRST_STEP = """
import sys
from inr_jax.fitting import fit
from inr_jax.run import build, compilation_cache, config, fitted
settings = config.default()
settings.phantom.n_wells, settings.phantom.n_genes = map(int, sys.argv[2:])
compilation_cache.keep_programs(sys.argv[1])
samples = build.load_source(settings).samples
settings.fit.chunk = 1
plan = build.make_model_recipe(settings, samples, "place")
bundle, data = fitted.begin(plan, samples, config="", files={}, coordinates="")
_, info = fit.fit(plan.trainer, bundle.state, data, steps=1, chunk=1)
print(info.compile_seconds, info.seconds)
"""


def seconds_of(code: str, *arguments: str) -> tuple[float, list[float]]:
    """Wall time of a Python process, and the numbers it printed."""
    took, printed = process_seconds([sys.executable, "-c", code, *arguments])
    return took, [float(x) for x in printed.split()]


def main(arguments: list[str] | None = None) -> None:
    """Print a line a number."""
    repeats = {"repeats": (int, 3, "of every import; the fastest counts")}
    flags = flags_of(__doc__, **repeats).parse_args(arguments)
    size = ("60", "3") if flags.tiny else ("3702", "100")
    imports = dict(list(IMPORTS.items())[:1]) if flags.tiny else IMPORTS
    repeats, numbers = 1 if flags.tiny else flags.repeats, {}
    print(about())
    for name, code in imports.items():
        numbers[name] = min(seconds_of(code)[0] for _ in range(repeats))
        print(f"{name:24} {numbers[name]:6.2f} s", flush=True)
    with tempfile.TemporaryDirectory() as cache:
        for name in ("cold",) if flags.tiny else ("cold", "cached", "cached_again"):
            whole, (compiling, step) = seconds_of(FIRST_STEP, cache, *size)
            numbers |= {
                f"first_step_{name}": whole,
                f"compile_{name}": compiling,
                f"step_{name}": step,
            }
            print(
                f"first step, {name:12} {whole:6.2f} s, of it compiling "
                f"{compiling:.2f} s, the step {step:.2f} s",
                flush=True,
            )
    write(flags.json, numbers)


if __name__ == "__main__":
    main()
