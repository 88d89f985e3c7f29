"""One run in one folder: settings, stages, provenance, sweep; the only reader of
settings.

May import: brain, samples, fields, stats, fitting, maps, report.
"""
