"""From samples to a Model: targets, recipe, steps, checkpoint.

May import: brain, samples, fields, stats.
"""
