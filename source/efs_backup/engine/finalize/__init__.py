"""The last steps before a publish."""
