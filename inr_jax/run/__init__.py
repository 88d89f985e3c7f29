"""One run in one folder: settings, stages, provenance, sweep.

The only reader of settings.

May import: brain, samples, fields, stats, fitting, maps, report.
"""
