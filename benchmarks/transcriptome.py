"""What does the command for a whole transcriptome cost, by how many genes there are?

`inr-jax run --config=configs/transcriptome.py` on a phantom at all 3,702 wells, to its
end: fit, leave-one-donor-out evaluation of every gene, calibration, store, regions.
Processor seconds (user and system) are told beside wall time, and the peak of resident
memory of the whole process.

python benchmarks/transcriptome.py [--genes=100,1000,15633] [--folder=DIR] [--json=FILE]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lib.machine import about, flags_of, write

CONFIG = Path(__file__).resolve().parents[1] / "configs" / "transcriptome.py"
RUN = [sys.executable, "-m", "inr_jax.cli", "run", f"--config={CONFIG}"]
RUN += ["--config.source.name=phantom", "--config.report.page=false"]
TINY = ["--config.phantom.n_wells=60", "--config.fit.steps=2", "--config.fit.members=2"]
TINY += ["--config.anatomy.enabled=false", "--config.render.resolution_mm=3"]
TINY += ["--config.fit.mixtures=3", "--config.field.hidden=4", "--config.fit.chunk=1"]


def measured(genes: str, folder: Path, tiny: bool) -> dict:
    """One run: seconds, GB, and what stands in its summary."""
    call = [*RUN, f"--config.phantom.n_genes={genes}", f"--workdir={folder}"]
    start = time.perf_counter()
    with open(os.devnull, "w") as nowhere:
        child = subprocess.Popen([*call, *TINY * tiny], stdout=nowhere, stderr=nowhere)
        _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"the run of {genes} genes ended with {child.returncode}")
    cpu = used.ru_utime + used.ru_stime
    row = {"genes": int(genes), "cpu_seconds": cpu, "gene_ms": 1e3 * cpu / int(genes)}
    row |= {"wall_seconds": time.perf_counter() - start}
    row |= {"peak_gb": used.ru_maxrss * 1024 / 1e9}
    sizes = [path.stat().st_size for path in (folder / "store").rglob("*.np[yz]")]
    row |= {"store_gb": sum(sizes) / 1e9}
    scores = json.loads((folder / "summary.json").read_text())["scores"]["donor"]
    return row | {f"{name}_r": scores[name]["r_mean"] for name in ("inr", "kriging")}


def main(arguments: list[str] | None = None) -> None:
    """Print a line a count."""
    more = {"genes": (str, "100,1000,15633", "counts"), "folder": (str, None, "")}
    flags = flags_of(__doc__, **more).parse_args(arguments)
    print(about())
    rows = []
    for genes in ["6"] if flags.tiny else flags.genes.split(","):
        with tempfile.TemporaryDirectory(dir=flags.folder) as folder:
            rows.append(measured(genes, Path(folder) / "out", flags.tiny))
        print(", ".join(f"{k} {v:.4g}" for k, v in rows[-1].items()), flush=True)
    write(flags.json, {"rows": rows})


if __name__ == "__main__":
    main()
