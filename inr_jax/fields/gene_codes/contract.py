"""What codes must keep to, asked of those that somebody else wrote.

Axis letters: N wells, G genes, C code width.
"""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any

import numpy as np

from inr_jax.fields.contract import refuse_broken
from inr_jax.fields.gene_codes.codes import GeneCodes

WELLS, GENES = 7, 5
TRIED: dict[str, Any] = {"width": 3, "order": "spectral", "frequencies": 1}
RULES = "make(*, [width], [order], [frequencies], [rows]) -> GeneCodes"


def check_codes(make: Any, where: object) -> None:
    """Refuse a maker that breaks the protocol.

    Args:
        make: What should make codes.
        where: Its entry point, to name in an error.

    Raises:
        InputError: Says which rule.
    """
    rule = partial(_broken_rule, make)
    refuse_broken(rule, where, rules=RULES, page="docs/conditioning.md")


def _broken_rule(make: Any) -> str:
    if not callable(make):
        return "no function `make`"
    rng = np.random.default_rng(0)
    tried = TRIED | {"rows": lambda genes: rng.normal(size=(len(genes), 6))}
    arguments = list(inspect.signature(make).parameters)
    strange = [name for name in arguments if name not in tried]
    if strange:
        return f"an argument that no setting gives ({', '.join(strange)})"
    made = make(**{name: tried[name] for name in arguments})
    if not isinstance(made, GeneCodes):
        return f"a {type(made).__name__} where GeneCodes are wanted"
    values = rng.normal(size=(WELLS, GENES)).astype(np.float32)
    codes = np.asarray(made.of(values, tuple("ABCDE")))
    if codes.shape != (GENES, made.width):
        return f"codes {codes.shape}, not (genes, width) = ({GENES}, {made.width})"
    if codes.dtype != np.float32 or not np.isfinite(codes).all():
        return f"codes of {codes.dtype}, not finite float32"
    code = np.asarray(made.of(values[:, :1], ("A",)))
    right = code.shape == (1, made.width)
    return "" if right else f"codes {code.shape} of a single gene"
