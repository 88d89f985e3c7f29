"""Maps of gene expression in the human brain, from tissue samples to voxels."""

from importlib import import_module
from typing import Any

__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    if name == "config":  # config files of 0.1 say `from inr_jax import config`
        return import_module("inr_jax.run.config")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
