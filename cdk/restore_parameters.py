"""The parameters that the operator is asked for before a restore."""

from cdk.form import YES_OR_NO, Field
from cdk.parameters import FILE_SYSTEM, FOLDER_LABEL, INSTANCE, INTERVAL, NETWORK, REPORTS, SAFE_PATH
from cdk.restore_limit import MOST_HOURS
from efs_backup.domain.requests.requests import RestoreMode

_WHICH = {
    "DstEFS": Field(
        "Backup file system",
        "The id of the file system that holds the snapshots; it is only read.",
        pattern=FILE_SYSTEM,
        wrong="must be the id of a file system, fs-...",
    ),
    "FolderLabel": FOLDER_LABEL,
    "IntervalTag": INTERVAL,
    "BackupNum": Field(
        "Backup number",
        "Which snapshot: 0 is the newest.",
        default=0,
        type="Number",
        lowest=0,
        highest=9999,
        wrong="must be 0 or more",
    ),
    "RestoreAsOf": Field(
        "As of",
        "The newest snapshot that is not younger than this time (2026-11-20T12:00:00Z); UTC if it says no offset, and a"
        " day means its end. It wins over the number.",
        default="",
        pattern=r"(\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?)?)?",
        wrong="must be empty, or an ISO 8601 time such as 2026-11-20T12:00:00Z",
    ),
    "RestoreSubDir": Field(
        "Sub directory",
        "The directory of the snapshot whose content is restored, from the snapshot's root. Empty: everything.",
        default="",
        pattern=rf"({SAFE_PATH}|[A-Za-z0-9_@+=-][A-Za-z0-9._@+=/-]*)?",
        wrong="must be empty, or a path of letters, digits and . _ @ + = - /",
    ),
}
_WHERE = {
    "SrcEFS": Field(
        "Target file system",
        "The id of the file system into which files are restored.",
        pattern=FILE_SYSTEM,
        wrong="must be the id of a file system, fs-...",
    ),
    "RestorePrefix": Field(
        "Target directory",
        "The directory of the target into which files are restored.",
        default="/",
        pattern=SAFE_PATH,
        wrong="must begin with / and hold letters, digits and . _ @ + = - / only",
    ),
}
_HOW = {
    "RestoreMode": Field(
        "Mode",
        "overlay adds and overwrites, and deletes nothing. mirror makes the target directory equal to the snapshot;"
        " what is replaced or deleted is kept aside. new wants an empty target directory.",
        default=RestoreMode.OVERLAY.value,
        choices=tuple(mode.value for mode in RestoreMode),
    ),
    "DryRun": Field("Only plan", "Report what would be done, and touch nothing?", default="No", choices=YES_OR_NO),
    "RestoreHours": Field(
        "Hours at most",
        "An instance that is there for longer is taken away, and the topic told: it may have died. 0: never.",
        default=24,
        type="Number",
        lowest=0,
        highest=MOST_HOURS,
        wrong=f"must be 0 to {MOST_HOURS}",
    ),
}
_NETWORK = NETWORK | {
    "SecurityGroupId": Field(
        "Security group",
        "Of the instance. The mount targets of both file systems must accept it: an output of the backup stack.",
        type="AWS::EC2::SecurityGroup::Id",
    ),
}
_REPORTS = {
    "RestoreLogBucket": Field(
        "Log bucket",
        "The name of the bucket that takes the logs: an output of the backup stack.",
        pattern=r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        wrong="must be the name of a bucket",
    ),
} | REPORTS

RESTORE_PARAMETERS = {
    "Which snapshot": _WHICH,
    "Where to": _WHERE,
    "How": _HOW,
    "Network": _NETWORK,
    "Instance": INSTANCE,
    "Reports": _REPORTS,
}
