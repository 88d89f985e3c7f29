"""Arithmetic that fields are made of: sines, precision, groups, devices."""
