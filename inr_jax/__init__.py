"""Maps of gene expression in the human brain, from tissue samples to voxels."""

__version__ = "0.2.0"
