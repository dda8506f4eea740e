"""The form of the file system that holds the snapshots."""

from .field import Answer, Section, form, question, text
from .rules import FILE_SYSTEM, KEY

_REPLACES = (
    " To change it later REPLACES the file system by a new, empty one: the old one stays, and is paid, but the next"
    " backup is a first one."
)

PROTECTION = "BackupSecurity"
"""Its default is Yes where the bundle can mount encrypted."""

NEVER = "None"
TO_INFREQUENT = (NEVER, "AFTER_1_DAY", "AFTER_7_DAYS", "AFTER_14_DAYS", "AFTER_30_DAYS", "AFTER_60_DAYS")
TO_ARCHIVE = (NEVER, "AFTER_90_DAYS", "AFTER_180_DAYS", "AFTER_270_DAYS", "AFTER_365_DAYS")
"""Amazon EFS wants the second move to be later than the first: any two of these lists are in order."""


@form
class Storage(Section):
    """The file system: a new one, or one that is there."""

    existing: str = text(
        "ExistingBackupEFS",
        "Existing backup file system",
        "The id of a file system that takes the snapshots. Empty: a new one is made, and stays when the stack goes.",
        default="",
        pattern=f"({FILE_SYSTEM})?",
        wrong="must be empty, or the id of a file system, fs-...",
    )
    performance_mode: str = text(
        "EFSMode",
        "Performance mode",
        "Of a new backup file system. maxIO has a longer latency for each file, and neither elastic throughput nor an"
        " archive." + _REPLACES,
        default="generalPurpose",
        choices=("generalPurpose", "maxIO"),
    )
    throughput_mode: str = text(
        "ThroughputMode",
        "Throughput mode",
        "Of a new backup file system. elastic is paid by the gigabyte, and each operation counts as 4 KiB at least;"
        " bursting costs nothing, and is slow while little is stored. maxIO always takes bursting.",
        default="elastic",
        choices=("elastic", "bursting"),
    )
    to_infrequent_access: str = text(
        "TransitionToIA",
        "To Infrequent Access",
        "When a file of a new backup file system that nobody has read moves to cheaper storage. It is billed as 128 KiB"
        " at least: for trees whose files have less than 7 KiB on average, None costs less.",
        default="AFTER_7_DAYS",
        choices=TO_INFREQUENT,
    )
    to_archive: str = text(
        "TransitionToArchive",
        "To the archive",
        "The same for still cheaper storage, where each gigabyte read costs more. Only with elastic throughput in more"
        " than one zone, and with a move to Infrequent Access before.",
        default="AFTER_90_DAYS",
        choices=TO_ARCHIVE,
    )
    zone: str = text(
        "AvailabilityZone",
        "Availability zone",
        "Such as us-east-1a, for a new backup file system in that zone alone: cheaper, and lost with the zone. Give one"
        " subnet, in that zone, and generalPurpose. Empty: all zones." + _REPLACES,
        default="",
        pattern=r"([a-z]{2,8}(-[a-z]+)+-\d+[a-z])?",
        wrong="must be empty, or the name of a zone such as us-east-1a",
    )
    encrypted: Answer = question(
        "EFSEncryption", "Encryption", "Encrypt a new backup file system?" + _REPLACES, default=True
    )
    kms_key: str = text(
        "KmsKey",
        "KMS key",
        "The ARN of the key that encrypts a new backup file system. Empty: the key of Amazon EFS in this account."
        + _REPLACES,
        default="",
        pattern=KEY,
        wrong="must be empty, or the ARN of a key",
    )
    protected: Answer | None = question(
        PROTECTION,
        "Protect the snapshots",
        "Let who mounts a new backup file system only read it, encrypted and as who they are, unless through the"
        " agent's access point. Keeps out roles that may write to all file systems; not who looks that access point up."
        " The AMI or the bundle must have amazon-efs-utils.",
        default=None,
    )


@form
class Replica(Section):
    """A replica that Amazon EFS keeps."""

    region: str = text(
        "ReplicationRegion",
        "Replica in region",
        "A region, such as eu-west-1, in which Amazon EFS keeps a replica of a new backup file system: read-only, of"
        " all zones, encrypted. It stays when the stack goes. Empty: none.",
        default="",
        pattern=r"([a-z]{2,8}(-[a-z]+)+-\d+)?",
        wrong="must be empty, or the name of a region such as eu-west-1",
    )
    kms_key: str = text(
        "ReplicationKmsKey",
        "KMS key of the replica",
        "The ARN of the key in that region that encrypts the replica. Empty: the key of Amazon EFS there. It cannot be"
        " changed later.",
        default="",
        pattern=KEY,
        wrong="must be empty, or the ARN of a key",
    )
