"""Functions of space with parameters: architectures, conditioning, one Model.

May import: brain, samples.
"""
