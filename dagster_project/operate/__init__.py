"""Kept running: what each attempt came to, who is told of it, what Dagster keeps, how a machine starts it."""
