"""Whether the file systems of a stack are as they have to be."""

from collections.abc import Iterator

from efs_backup.domain.doctor.aws_command import aws, with_parameters
from efs_backup.domain.doctor.finding import Check, Found, fault, unknown, warning
from efs_backup.domain.doctor.mount_policy import wants_encryption
from efs_backup.domain.doctor.stack_facts import FileSystem, Key, StackFacts

_UBUNTU = "/aws/service/canonical/"
_FIRST_CREDITS = 2.1 * 2**40
"""Bytes of burst credits that a file system begins with (Amazon EFS User Guide, "Bursting throughput")."""

_FEW = 0.1
_SMALL = 100 * 2**30
"""Bytes below which bursting throughput is less than 5 MiB a second in the long run: 50 KiB for each GiB."""


def key_fault(key: Key, whose: str, region: str) -> Iterator[Found]:
    """The faults of a key that somebody needs."""
    if key.state == "Enabled":
        return
    mend = "cancel-key-deletion" if key.state == "PendingDeletion" else "enable-key"
    yield fault(f"The key {key.arn} of {whose} is {key.state}.", aws("kms", mend, region, key_id=key.arn))


def _states(facts: StackFacts) -> Iterator[Found]:
    for system in facts.file_systems.value:
        look = aws("efs", "describe-file-systems", facts.region, file_system_id=system.id)
        if system.state != "available":
            yield fault(f"{system.id} ({system.role}) is {system.state}.", look)


def _keys(facts: StackFacts) -> Iterator[Found]:
    for system in facts.file_systems.value:
        if key := system.key.value:
            yield from key_fault(key, f"{system.id} ({system.role})", facts.region)


def _mount_policies(facts: StackFacts) -> Iterator[Found]:
    helper = facts.stack.outputs.get("MountsEncrypted", "")
    if helper == "Yes":
        return
    ami = facts.stack.outputs.get("AmiId", "")
    for system in facts.file_systems.value:
        if not wants_encryption(system.policy.value):
            continue
        what = (
            f"The policy of {system.id} ({system.role}) refuses mounts without TLS, and the bundle lacks"
            " amazon-efs-utils"
        )
        command = "bash deployment/build-bundle.sh DIRECTORY_WITH_AMAZON_EFS_UTILS"
        if helper and ami.startswith(_UBUNTU):
            yield fault(f"{what}; so does the AMI, which is Ubuntu's own.", command)
        else:
            yield unknown(f"{what}, or an older template does not say: see that the AMI has it.", command)


def _throughput(facts: StackFacts) -> Iterator[Found]:
    for system in (one for one in facts.file_systems.value if one.throughput == "bursting"):
        elastic = aws("efs", "update-file-system", facts.region, file_system_id=system.id, throughput_mode="elastic")
        if system.role == "backup":
            if system.size < _SMALL:
                yield warning(_slow(system), "" if system.mode == "maxIO" else elastic)
            continue
        balance = _credits(facts, system)
        if balance is not None and balance < _FEW * _FIRST_CREDITS:
            yield warning(
                f"{system.id} ({system.role}) had {balance / 2**30:,.0f} GiB of burst credits left with the last"
                " backup: once they are used up, it is as slow for everybody as its size earns.",
                elastic,
            )


def _credits(facts: StackFacts, system: FileSystem) -> float | None:
    """The burst credits of a source after its last backup that tells of them, in bytes."""
    own = (one for one in facts.records.value if one.source == system.id)
    last = next(own, None)
    return (last.source_burst_credit_balance_after or last.source_burst_credit_balance) if last else None


def _slow(system: FileSystem) -> str:
    return (
        f"{system.id} (backup) has bursting throughput and stores {system.size / 2**30:,.1f} GiB: a long first backup"
        " uses its credits up, and is slow from then on."
    )


def _aws_backup(facts: StackFacts) -> Iterator[Found]:
    for system in facts.file_systems.value:
        if system.role == "backup" and system.has_aws_backup.value:
            yield warning(
                f"AWS Backup copies {system.id} (backup) too, each night.",
                aws(
                    "efs", "put-backup-policy", facts.region, file_system_id=system.id, backup_policy="Status=DISABLED"
                ),
            )  # fmt: skip


def _bucket(facts: StackFacts) -> Iterator[Found]:
    if not facts.has_bucket.value:
        name = facts.stack.outputs.get("LogBucket", "")
        yield fault(
            f"There is no bucket {name!r}, or it belongs to somebody else.",
            aws("s3api", "create-bucket", facts.region, bucket=name)
            if facts.region == "us-east-1"
            else aws(
                "s3api", "create-bucket", facts.region, bucket=name,
                create_bucket_configuration=f"LocationConstraint={facts.region}",
            ),
        )  # fmt: skip


def _table(facts: StackFacts) -> Iterator[Found]:
    if not facts.has_table.value:
        name = facts.stack.outputs.get("RecordTable", "")
        yield fault(
            f"There is no table {name!r}.",
            aws(
                "dynamodb", "create-table", facts.region, table_name=name, billing_mode="PAY_PER_REQUEST",
                key_schema="AttributeName=BackupId,KeyType=HASH",
                attribute_definitions="AttributeName=BackupId,AttributeType=S",
            ),
        )  # fmt: skip


def _protection(facts: StackFacts) -> Iterator[Found]:
    for system in facts.file_systems.value:
        has_helper = facts.stack.outputs.get("MountsEncrypted") == "Yes"
        if system.role == "backup" and has_helper and system.policy.value is None:
            yield warning(
                f"{system.id} (backup) has no policy, though the bundle could mount a protected one: a role that may"
                " write to all file systems may delete snapshots.",
                with_parameters(facts.stack, {"BackupSecurity": "Yes"}),
            )


FILE_SYSTEM_CHECKS = (
    Check(
        "file-systems",
        "All file systems are there, and available.",
        "Otherwise nothing can be mounted, and the backup ends as MountFailed.",
        _states,
    ),
    Check(
        "file-system-keys",
        "The keys of the file systems are enabled.",
        "Without its key nobody reads a file system, nor the snapshots on it; a key that is deleted never comes back.",
        _keys,
    ),
    Check(
        "mount-policies",
        "No policy of a file system refuses the mounts of the instance.",
        "A mount that the policy refuses ends the backup as MountFailed.",
        _mount_policies,
    ),
    Check(
        "protection",
        "The snapshots are protected as far as the bundle can mount them so.",
        "Only a policy keeps roles out that may write to all file systems.",
        _protection,
    ),
    Check(
        "throughput",
        "The throughput modes fit.",
        "A file system without credits is slow, so that the window closes before the backup ends.",
        _throughput,
    ),
    Check(
        "aws-backup",
        "AWS Backup leaves the backup file system alone.",
        "It stores each hard link as a file of its own, and is paid by the gigabyte: every snapshot in full.",
        _aws_backup,
    ),
    Check(
        "log-bucket",
        "The bucket of the logs is there.",
        "Without it no log is kept, nor the output of the command that asks an agent to finish.",
        _bucket,
    ),
    Check(
        "record-table",
        "The table of the records is there.",
        "Each start and each end is written there: without it nothing begins.",
        _table,
    ),
)
