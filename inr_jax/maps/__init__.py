"""A Model on a grid: gene batches, writers, memberships, regions, uncertainty."""
