"""Which genes go with a user's map: what the stage, Python and benchmarks share."""

from inr_jax.run.association.api import Associations as Associations
from inr_jax.run.association.api import associate as associate
from inr_jax.run.association.api import curves_of as curves_of
from inr_jax.run.association.api import numbered as numbered
from inr_jax.run.association.compare import Compared as Compared
from inr_jax.run.association.compare import compare as compare
from inr_jax.run.association.regions import compare_regions as compare_regions
from inr_jax.run.association.scenery import Asked as Asked
from inr_jax.run.association.scenery import Scenery as Scenery
from inr_jax.run.association.scenery import gene_maps as gene_maps
from inr_jax.run.association.scenery import labels_of as labels_of
from inr_jax.run.association.scenery import make_stage as make_stage
from inr_jax.run.association.scenery import no_atlas as no_atlas
from inr_jax.run.association.sources import read_maps as read_maps
from inr_jax.run.association.tables import LAST as LAST
from inr_jax.run.association.tables import as_frame as as_frame
from inr_jax.run.association.tables import begin as begin
from inr_jax.run.association.tables import describe_nulls as describe_nulls
from inr_jax.run.association.tables import finish as finish
from inr_jax.run.association.tables import printed as printed
from inr_jax.run.association.tables import sets_frame as sets_frame
from inr_jax.run.association.tables import write_tables as write_tables
