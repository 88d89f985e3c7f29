"""From samples to a Model: targets, recipe, steps, checkpoint."""
