"""The commands of `efs-backup stack`, a module each, imported when it is called."""
