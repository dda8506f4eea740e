"""Proof: the manifest of each snapshot, what it is made of, and what reads it."""
