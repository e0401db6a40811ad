"""Mutated inputs through every reader."""
