"""What was measured: wells of donors, their sources, the phantom, units.

May import: brain.
"""
