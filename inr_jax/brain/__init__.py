"""Where: millimetres, voxels, the template, tissue, label atlases, NIfTI in.

May import: nothing.
"""
