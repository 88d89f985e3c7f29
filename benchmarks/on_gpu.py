"""Everything that a GPU is asked, in one call of less than eight minutes.

    ceilings   products in float32 and bfloat16 (roofline.py)
    fit        100 genes, the paper's network, against PyTorch in a loop and under
               torch.func.vmap (fit_genes.py)
    render     voxel-genes a second of the same networks, and from it the seconds that
               100 genes take at 1 mm (render_grid.py)

Needs jax, flax, optax and numpy; torch where it is to be compared with. Runs on any
backend; on a CPU the table says so, and is no measurement of a GPU. Whatever is not
begun when the time is over is "not measured".

python benchmarks/on_gpu.py [--genes=100] [--limit-s=420] [--json=FILE]
"""

from __future__ import annotations

import argparse
import time

import fit_genes
import jax
import render_grid
import roofline
from lib.machine import about, flags_of, has_torch, write
from lib.networks import PAPER, small

CHUNKS = (8192, 32768, 131072)
VOXELS = 1_882_989  # of the brain mask at 1 mm
NOT_MEASURED = "not measured"


def ceilings(flags: argparse.Namespace) -> dict:
    """The best product of each kind, FLOP/s."""
    found = roofline.ceilings(flags)
    return {
        kind: max(rate for name, rate in found.items() if name.startswith(kind))
        for kind in ("float32", "bfloat16")
    }


def fit(flags: argparse.Namespace) -> dict:
    """Milliseconds a gene-step, and how many times PyTorch's they are."""
    found = fit_genes.measure(network_of(flags), flags.genes, flags)
    ours = min(found["ours_ms"], found["ours_bfloat16_ms"])
    if has_torch():
        found["speedup_vs_torch_loop"] = found["torch_loop_ms"] / ours
        found["speedup_vs_torch_vmap"] = found["torch_vmap_ms"] / ours
    return found


def render(flags: argparse.Namespace) -> dict:
    """The best chunk of each precision: values a second, FLOP/s, seconds at 1 mm."""
    network, found = network_of(flags), {}
    for precision in ("float32", "bfloat16"):
        chunks = (64,) if flags.tiny else CHUNKS
        runs = (
            render_grid.ours(network, flags.genes, chunk, precision, flags)[0]
            for chunk in chunks
        )
        rate = max(runs)
        flops = rate * network.flops(flags.genes) / flags.genes
        seconds = VOXELS * flags.genes / rate
        found[precision] = {"rate": rate, "flops": flops, "seconds_1mm": seconds}
    return found


def network_of(flags: argparse.Namespace):
    """The paper's, or a small one for the tests."""
    return small(PAPER) if flags.tiny else PAPER


def main(arguments: list[str] | None = None) -> None:
    """Print a line a number; the summary comes last."""
    sizes = {"genes": (int, 100, "networks"), "wells": (int, 946, "of donor 9861")}
    sizes |= {"steps": (int, 5, "a run"), "repeats": (int, 3, "runs")}
    sizes |= {"limit-s": (float, 420.0, "begin nothing after so many seconds")}
    flags = flags_of(__doc__, **sizes).parse_args(arguments)
    if flags.tiny:
        flags.genes, flags.wells, flags.steps, flags.repeats = 2, 20, 2, 1
    print(about())
    start, found = time.perf_counter(), {"backend": jax.default_backend()}
    for name, stage in {"ceilings": ceilings, "render": render, "fit": fit}.items():
        late = time.perf_counter() - start > flags.limit_s
        found[name] = NOT_MEASURED if late else stage(flags)
        print(name, found[name], flush=True)
    if NOT_MEASURED not in (found["render"], found["ceilings"]):
        for precision, numbers in found["render"].items():
            numbers["of_roofline"] = numbers["flops"] / found["ceilings"][precision]
            print(f"render {precision}: {numbers['of_roofline']:.0%} of the roofline")
    print(f"on {found['backend']}, {time.perf_counter() - start:.0f} s")
    write(flags.json, found)


if __name__ == "__main__":
    main()
