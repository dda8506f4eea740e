"""The `efs-backup` command."""
