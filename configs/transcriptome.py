"""All genes of the Allen Human Brain Atlas that pass its filters, in one store.

Heads are fitted to 256 mixtures of the genes (`fit.mixtures`), so that a fit takes as
long for 15,633 genes as for 256; maps are factors in `store/`. Baselines that clean
every gene's values first are left out.

inr-jax run --config=transcriptome --config.ahba.data_dir=DIR --workdir=out
"""

from inr_jax.run import config


def get_config():
    """The default fit, of all genes."""
    c = config.default()
    c.source.name = "ahba"
    c.fit.mixtures = 256
    c.render.store = "factored"
    c.evaluate.baselines = "plain"
    c.regions.enabled = True
    return c
