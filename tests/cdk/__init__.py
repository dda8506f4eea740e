"""Facts about the stacks."""
