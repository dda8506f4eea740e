"""The whole solution in the local cloud."""
