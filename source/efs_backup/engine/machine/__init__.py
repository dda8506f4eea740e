"""The machine: programs, signals, mounts, temporary files."""
