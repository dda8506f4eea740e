"""The stacks: what an account needs to run backups and restores."""
