"""Bilan: from what producers publish to tables where every figure can be proved."""
