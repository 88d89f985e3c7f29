"""The Allen Human Brain Atlas, all six donors, as `inr-jax fetch` downloads it.

inr-jax run --config=ahba --config.source.genes=MAPT,APOE \
    --config.ahba.data_dir=DIR --workdir=out
"""

from inr_jax.run import config


def get_config():
    """The default, on the atlas; left and right are one by abs(x)."""
    c = config.default()
    c.source.name = "ahba"
    c.compare.enabled = True
    return c
