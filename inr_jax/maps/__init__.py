"""A Model on a grid: gene batches, writers, memberships, regions, uncertainty.

May import: brain, samples, fields, stats.
"""
