"""One run in one folder: settings, stages, provenance, sweep; the only reader of
settings."""
