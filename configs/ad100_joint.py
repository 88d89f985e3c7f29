"""The paper's joint recipe on the paper's data: its other columns against abagen.

inr-jax run --config=ad100_joint --config.ahba.data_dir=DIR --workdir=out
"""

import runpy
from pathlib import Path

HERE = Path(__file__).parent


def get_config():
    """configs/paper_joint.py with the source of configs/ad100.py."""
    c = runpy.run_path(str(HERE / "paper_joint.py"))["get_config"]()
    data = runpy.run_path(str(HERE / "ad100.py"))["get_config"]()
    for section in ("source", "ahba", "compare"):
        c[section] = data[section]
    return c
