"""How many values a second does rendering give, beside PyTorch on the same machine?

A value is one gene at one voxel, the mean of all members. Same weights, same places,
same number of threads; outputs are compared. Times at 1 and 2 mm are extrapolated.

python benchmarks/render_grid.py [--genes=8] [--threads=2] [--group=2] [--json=FILE]
"""

from __future__ import annotations

import contextlib

import jax
import numpy as np
from _machine import flags_of, has_torch, product_rate, seconds, write
from _networks import DEFAULT, PAPER, points, small
from _torch import torch

from inr_jax import render

CHUNKS = (2048, 8192, 32768)
PRECISIONS = {"float32": contextlib.nullcontext}  # name: a context around the program
VOXELS = {"2mm": 235_375, "1mm": 1_882_989}  # of the brain mask
GENES = 100  # of the extrapolation
PRODUCT = (4096, 256, 256)


def ours(network, genes, chunk, precision, flags):
    """Values a second, seconds of the first call, and the values."""
    group = flags.group if network.conditioning == "independent" else 0
    renderer = render.make_renderer(network.made(genes), chunk=chunk, group=group)
    model, places = jax.tree.map(np.asarray, network.model(genes)), points(chunk)
    with PRECISIONS[precision]():
        took, first = seconds(lambda: renderer.program(model, places), flags.repeats)
        mean, _ = renderer.program(model, places)
    return chunk * genes / took, first, np.asarray(mean)


def case(network, flags) -> dict:
    """All chunks and precisions of one network; the best of each side."""
    genes = flags.genes if network.conditioning == "independent" else GENES
    found, exact = {"torch_float32": None, "torch_bfloat16": None}, None
    for chunk in (64,) if flags.tiny else CHUNKS:
        runs = [(f"ours_{name}", ours, name) for name in PRECISIONS]
        if has_torch():
            runs += [(f"torch_{k}", torch, k) for k in ("float32", "bfloat16")]
        for name, run, kind in runs:
            rate, first, values = run(network, genes, chunk, kind, flags)
            exact = values if run is ours and kind == "float32" else exact
            off = float(abs(values - exact).max())
            found[name] = max(found[name] or 0, rate) if name in found else rate
            print(
                f"{network.name:8} {name:15} chunk {chunk:6}: {rate / 1e6:9.3f} M/s, "
                f"first {first:.2f} s, off float32 by {off:.1e}",
                flush=True,
            )
    best = max(rate for name, rate in found.items() if name.startswith("ours"))
    done = best * network.flops(genes) / genes
    theirs = found["torch_float32"]
    extrapolated = {mm: v * GENES / best for mm, v in VOXELS.items()}
    print(
        f"{network.name:8} 100 genes, extrapolated: "
        + ", ".join(f"{mm} {s:.1f} s" for mm, s in extrapolated.items())
        + ("" if theirs else "; PyTorch: not measured")
    )
    numbers = {"ours": best, "torch": theirs or "not measured", "flops": done}
    numbers["speedup_vs_torch"] = best / theirs if theirs else "not measured"
    return numbers | {"seconds_100_genes_extrapolated": extrapolated, "detail": found}


def main(arguments: list[str] | None = None) -> None:
    """Print a line a case."""
    sizes = {"genes": (int, 8, "of the paper's network"), "repeats": (int, 5, "calls")}
    sizes |= {"threads": (int, 2, "PyTorch's"), "group": (int, 2, "side by side")}
    flags = flags_of(__doc__, **sizes).parse_args(arguments)
    if flags.tiny:
        flags.genes, flags.repeats = 2, 1
    of = {n.name: case(small(n) if flags.tiny else n, flags) for n in (PAPER, DEFAULT)}
    top = product_rate(PRODUCT, "float32", 5 * flags.repeats)
    for numbers in of.values():
        numbers["fraction_of_matmul_peak"] = numbers["flops"] / top
    print(
        f"product {PRODUCT} float32: {top / 1e9:.0f} GFLOP/s; of it, "
        + ", ".join(f"{k} {v['fraction_of_matmul_peak']:.0%}" for k, v in of.items())
    )
    write(flags.json, of["paper"] | {"networks": of, "matmul_peak": top})


if __name__ == "__main__":
    main()
