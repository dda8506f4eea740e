"""Doctor: what is wrong with a set-up, why it matters, and the command that mends it; decisions over gathered facts."""
