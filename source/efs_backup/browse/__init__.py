"""The page on which people look at the snapshots of a backup; it needs the extra `browse`."""
