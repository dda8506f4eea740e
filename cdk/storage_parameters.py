"""The parameters that the operator is asked for about the file system that holds the snapshots."""

from cdk.form import YES_OR_NO, Field
from cdk.parameters import FILE_SYSTEM
from cdk.storage_classes import TO_ARCHIVE, TO_INFREQUENT

_REPLACES = (
    " To change it later REPLACES the file system by a new, empty one: the old one stays, and is paid, but the next"
    " backup is a first one."
)

PROTECTION = "BackupSecurity"
"""Its default is Yes where the bundle can mount encrypted."""

STORAGE = {
    "ExistingBackupEFS": Field(
        "Existing backup file system",
        "The id of a file system that takes the snapshots. Empty: a new one is made, and stays when the stack goes.",
        default="",
        pattern=f"({FILE_SYSTEM})?",
        wrong="must be empty, or the id of a file system, fs-...",
    ),
    "EFSMode": Field(
        "Performance mode",
        "Of a new backup file system. maxIO has a longer latency for each file, and neither elastic throughput nor an"
        " archive." + _REPLACES,
        default="generalPurpose",
        choices=("generalPurpose", "maxIO"),
    ),
    "ThroughputMode": Field(
        "Throughput mode",
        "Of a new backup file system. elastic is paid by the gigabyte, and each operation counts as 4 KiB at least;"
        " bursting costs nothing, and is slow while little is stored. maxIO always takes bursting.",
        default="elastic",
        choices=("elastic", "bursting"),
    ),
    "TransitionToIA": Field(
        "To Infrequent Access",
        "When a file of a new backup file system that nobody has read moves to cheaper storage. It is billed as 128 KiB"
        " at least: for trees whose files have less than 7 KiB on average, None costs less.",
        default="AFTER_7_DAYS",
        choices=TO_INFREQUENT,
    ),
    "TransitionToArchive": Field(
        "To the archive",
        "The same for still cheaper storage, where each gigabyte read costs more. Only with elastic throughput in more"
        " than one zone, and with a move to Infrequent Access before.",
        default="AFTER_90_DAYS",
        choices=TO_ARCHIVE,
    ),
    "AvailabilityZone": Field(
        "Availability zone",
        "Such as us-east-1a, for a new backup file system in that zone alone: cheaper, and lost with the zone. Give one"
        " subnet, in that zone, and generalPurpose. Empty: all zones." + _REPLACES,
        default="",
        pattern=r"([a-z]{2,8}(-[a-z]+)+-\d+[a-z])?",
        wrong="must be empty, or the name of a zone such as us-east-1a",
    ),
    "EFSEncryption": Field(
        "Encryption", "Encrypt a new backup file system?" + _REPLACES, default="Yes", choices=YES_OR_NO
    ),
    "KmsKey": Field(
        "KMS key",
        "The ARN of the key that encrypts a new backup file system. Empty: the key of Amazon EFS in this account."
        + _REPLACES,
        default="",
        pattern=r"(arn:[a-z0-9-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+)?",
        wrong="must be empty, or the ARN of a key",
    ),
    PROTECTION: Field(
        "Protect the snapshots",
        "Let who mounts a new backup file system only read it, encrypted and as who they are, unless through the"
        " agent's access point. Keeps out roles that may write to all file systems; not who looks that access point up."
        " The AMI or the bundle must have amazon-efs-utils.",
        default="No",
        choices=YES_OR_NO,
    ),
}
