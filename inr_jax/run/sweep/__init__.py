"""A sweep: candidates, how they are fitted together, what is kept of them."""
