"""The commands of `efs-backup`, one module each."""
