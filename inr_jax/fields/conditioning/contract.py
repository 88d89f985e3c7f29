"""What a conditioning must keep to, asked of one that somebody else wrote.

Shapes alone are followed, so that it costs nothing; what only numbers tell is in
tests/fields/test_fields.py, which walks the registry.

Axis letters: G genes, M networks, K genes a network, C code width.
"""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from inr_jax.fields.architectures import make_field
from inr_jax.fields.conditioning.conditioning import Conditioning
from inr_jax.fields.contract import refuse_broken

GENES, FEATURES, CODE = 3, 4, 2
SIZES = {"code": CODE, "rank": 2}
RULES = "make(make_field, *, genes, features, [code], [rank]) -> Conditioning"


def check_conditioning(make: Any, where: object) -> None:
    """Refuse a maker that breaks the protocol.

    Args:
        make: What should make conditionings.
        where: Its file, to name in an error.

    Raises:
        InputError: Says which rule.
    """
    rule = partial(_broken_rule, make)
    refuse_broken(rule, where, rules=RULES, page="docs/conditioning.md")


def _broken_rule(make: Any) -> str:
    if not callable(make):
        return "no function `make`"
    arguments = inspect.signature(make).parameters
    known = ("genes", "features", *SIZES)
    strange = [name for name in list(arguments)[1:] if name not in known]
    if strange:
        return f"an argument that no setting gives ({', '.join(strange)})"
    field = partial(make_field, "siren", hidden=4, depth=2, omega=5.0)
    sizes = {key: SIZES[key] for key in arguments if key in SIZES}
    made = make(field, genes=GENES, features=FEATURES, **sizes)
    if not isinstance(made, Conditioning):
        return f"a {type(made).__name__} where a Conditioning is wanted"
    if made.networks * made.outputs != GENES or 1 not in (made.networks, made.outputs):
        return f"{made.networks} networks of {made.outputs} for {GENES} genes"
    if made.code != (CODE if "code" in sizes else 0):
        return f"code={made.code}, which is not the width that it takes"
    params = jax.eval_shape(made.init, jax.random.key(0))
    if not isinstance(params, dict) or set(params) != {"shared", "genes"}:
        return "parameters that are not {'shared': ..., 'genes': ...}"
    rows = [leaf.shape[:1] for leaf in jax.tree.leaves(params["genes"])]
    if any(row != (made.outputs,) for row in rows):
        return "an array in 'genes' that has no row a gene"
    codes, x = jnp.zeros((made.outputs, made.code)), jnp.zeros(FEATURES)
    values = jax.eval_shape(made.apply, params, codes, x)
    if values.shape != (made.outputs,) or values.dtype != jnp.float32:
        return f"values {values.dtype} {values.shape} at a place, not float32 (genes,)"
    return ""
