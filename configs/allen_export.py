"""An export of the Allen Human Brain Atlas web search (folder or zip).

inr-jax run --config=allen_export --config.source.path=DIR_OR_ZIP \
    --workdir=out
"""

from inr_jax.run import config


def get_config():
    """The default, on the samples of an export."""
    c = config.default()
    c.source.name = "allen_export"
    return c
