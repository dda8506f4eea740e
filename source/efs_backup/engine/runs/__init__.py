"""A backup or a restore, from its request to its result."""
