"""What do maps cost on their way to a disk, and out of a store?

Processor milliseconds, which other work on the machine hardly changes: to pack a 2 mm
volume in three ways, to write the maps of 100 genes as files, and to get one gene, one
gene with its standard deviation, and one voxel of all genes out of a store of random
weights (6 members of 65 numbers, as the default's).

python benchmarks/maps_on_disk.py [--genes=15633] [--folder=DIR] [--json=FILE]
"""

from __future__ import annotations

import gzip
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from lib.machine import about, flags_of, write
from lib.random_store import made_store

from inr_jax.brain import template
from inr_jax.maps import packing
from inr_jax.maps import write as maps_written
from inr_jax.maps.gene_batches import Block
from inr_jax.maps.lookup import read_store
from inr_jax.maps.write import Canvas, fill


def cpu_ms(call: Callable[[], object], repeats: int = 5) -> float:
    """Median processor time of a call, ms, of all threads."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(1e3 * (time.process_time() - start))
    return statistics.median(times)


def reading(folder: Path, canvas: Canvas) -> dict[str, float]:
    """What a store that is open gives, ms."""
    store = read_store(folder)
    x_mm = canvas.grid.points_mm(canvas.mask)[1000]
    store.gene("G1")  # maps the features
    return {
        "open_ms": cpu_ms(lambda: read_store(folder), 3),
        "gene_ms": cpu_ms(lambda: store.gene("G1")),
        "gene_std_ms": cpu_ms(lambda: store.gene("G1", std=True)),
        "voxel_ms": cpu_ms(lambda: store.voxel(x_mm)),
    }


def writing(folder: Path, canvas: Canvas, genes: int) -> dict[str, float]:
    """What files take, ms a volume."""
    rng, voxels = np.random.default_rng(0), int(canvas.mask.sum())
    waves = np.sin(canvas.grid.points_mm(canvas.mask) @ rng.normal(0, 0.03, (3, genes)))
    mean = np.asfortranarray(waves, np.float32)
    data = packing.nifti_bytes(fill(mean[:, 0], canvas.mask), canvas.grid)
    told = [{"Desc": f"G{gene}"} for gene in range(genes)]
    assert len(mean) == voxels

    def write_all() -> None:
        blocks = [Block(slice(0, genes), mean, mean)]
        maps_written.write_blocks(folder, canvas, told, blocks, std_sidecar={})

    both, pack = {}, packing.packed
    for name, packer in (("zlib", packing._packed_by_zlib), ("isal", pack)):
        maps_written.packed = packer
        both[f"files_{name}_ms"] = cpu_ms(write_all, 1) / genes
    maps_written.packed = pack
    return {
        "gzip_level_1_ms": cpu_ms(lambda: gzip.compress(data, 1)),
        "zlib_runs_ms": cpu_ms(lambda: packing._packed_by_zlib(data)),
        "isal_ms": cpu_ms(lambda: pack(data)),
        "ratio": len(pack(data)) / len(packing._packed_by_zlib(data)),
        **both,
    }


def main(arguments: list[str] | None = None) -> None:
    """Print both tables."""
    more = {"genes": (int, 15633, "of the store"), "folder": (str, None, "for files")}
    flags = flags_of(__doc__, **more).parse_args(arguments)
    print(about())
    canvas = Canvas(*template.brain_mask(2 + flags.tiny), template.SPACE, "zero")
    with tempfile.TemporaryDirectory(dir=flags.folder) as name:
        folder = Path(name)
        (folder / "maps").mkdir()
        rows = writing(folder / "maps", canvas, 3 if flags.tiny else 100)
        made_store(folder / "store", canvas, 6 if flags.tiny else flags.genes)
        rows |= reading(folder / "store", canvas)
    print(", ".join(f"{key} {value:.4g}" for key, value in rows.items()))
    write(flags.json, rows)


if __name__ == "__main__":
    main()
