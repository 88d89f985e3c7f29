"""Maps of gene expression in the human brain, from tissue samples to voxels.

samples = inr_jax.read_samples("wells.csv")
model = inr_jax.fit(samples)
images = model.render(genes=["APOE"])
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inr_jax.errors import InputError as InputError
    from inr_jax.run.api import evaluate as evaluate
    from inr_jax.run.api import fit as fit
    from inr_jax.run.api import load as load
    from inr_jax.run.api import open_store as open_store
    from inr_jax.run.api import read_samples as read_samples
    from inr_jax.run.api import write_report as write_report
    from inr_jax.run.association import associate as associate
    from inr_jax.samples.samples import Samples as Samples

__version__ = "0.2.0"

# Loaded when first asked for, so that the command answers at once (PEP 562).
_HOMES = {
    "InputError": "inr_jax.errors",
    "associate": "inr_jax.run.association",
    "Samples": "inr_jax.samples.samples",
    "evaluate": "inr_jax.run.api",
    "fit": "inr_jax.run.api",
    "load": "inr_jax.run.api",
    "open_store": "inr_jax.run.api",
    "read_samples": "inr_jax.run.api",
    "write_report": "inr_jax.run.api",
}
__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name == "config":  # config files of 0.1 say `from inr_jax import config`
        return import_module("inr_jax.run.config")
    if name not in _HOMES:
        raise AttributeError(f"module 'inr_jax' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
