"""Decisions: pure functions and values of the standard library, without input, output, clock or environment."""
