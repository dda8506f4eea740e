"""A series on the backup file system, and what lies in it."""
