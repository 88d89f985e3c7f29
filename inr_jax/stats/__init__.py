"""What holds for any method: folds, scores, kriging, mixed models, conformal.

No jax, no flax; opens no file.

May import: brain, samples.
"""
