"""The figures of a backup that name nothing and nobody."""

from efs_backup.domain.operations.record import BackupRecord, Item

_IDENTIFYING = (
    "BackupId", "SourceEfsId", "DestinationEfsId", "BackupPrefix", "InstanceId", "AmiId", "ExpireItem", "Message",
    "NextStep", "EC2Logs", "ReportTime", "ReportClaim", "LaunchFailure", "FirstInstanceId", "SealSha256", "SealObject",
    "DrillEvidence", "SeriesReport", "StopCause", "Told", "RestoreOrder", "RestoreFirst",
    "RestoreQuarantine", "Workers", "Excludes", "PinnedSnapshots",
)  # fmt: skip


def anonymous(backup: BackupRecord) -> Item:
    """The figures of a backup without anything that names a file system, an instance, a path or a person."""
    return {name: value for name, value in backup.to_item().items() if name not in _IDENTIFYING}
