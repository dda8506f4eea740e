"""The figures of a backup that name nothing and nobody."""

from efs_backup.domain.operations.record import IDENTIFYING, BackupRecord, Item


def anonymous(backup: BackupRecord) -> Item:
    """The figures of a backup without anything that names a file system, an instance, a path or a person."""
    return {name: value for name, value in backup.to_item().items() if name not in IDENTIFYING}
