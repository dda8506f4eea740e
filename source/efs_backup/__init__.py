"""Backups of a file tree as plain, hard-linked snapshots, made with fpart, fpsync and rsync."""

__version__ = "0.1.0"
