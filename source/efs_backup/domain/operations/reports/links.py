"""Where to look, and how to restore: addresses in the consoles of AWS, and commands."""

import shlex
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.reports.headlines import is_mass_change
from efs_backup.domain.operations.settings import OrchestratorSettings
from efs_backup.domain.results import BackupStatus, SealStatus

_CONSOLES = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}
_CONSOLE = "console.aws.amazon.com"


def links(
    backup: BackupRecord, newest: BackupRecord | None, settings: OrchestratorSettings
) -> list[tuple[str, str | None]]:  # fmt: skip
    """Names and addresses; None for what there is not. `newest` is the newest success before this backup.

    After a mass change it is that one which is restored: nobody knows yet what this snapshot is worth.
    """
    is_good = backup.status is BackupStatus.SUCCESS and not (backup.is_drill or is_mass_change(backup))
    there = backup if is_good else newest
    return [
        ("restore, look first", restore_command(there, settings, backup.label)),
        ("restore by a stack", restore_form(there, settings)),
        ("dashboard", _dashboard(settings)),
        ("snapshot", _snapshot(backup, settings)),
        ("evidence", backup.drill_evidence),
        ("report", backup.series_report),
        ("report's page", console_link(backup.series_report, settings.partition)),
        ("seal", backup.seal_address if backup.seal_status is SealStatus.STORED else None),
        ("log", backup.logs or f"s3://{settings.log_bucket}/"),
        ("log's page", console_link(backup.logs, settings.partition)),
        ("record", f"{settings.table_name}, BackupId {backup.backup_id}"),
        ("record's page", _record(backup, settings)),
        ("instance", _instances(backup)),
        ("AMI", backup.ami_id),
    ]


def restore_command(
    snapshot: BackupRecord | None, settings: OrchestratorSettings, label: str | None = None
) -> str | None:  # fmt: skip
    """The command that brings files back from this snapshot; it only plans until --dry-run is taken off.

    label: of a further row, into whose source the stack does not restore: a machine does that has both mounted.
    """
    if snapshot is None:
        return None
    looks = ("--as-of", _as_of(snapshot), "--dry-run", "--path")
    if label is not None:
        of = ("--label", label, "--interval", str(snapshot.interval))
        return f"efs-backup restore BACKUP TARGET {shlex.join((*of, *looks))} PATH"
    words = ("efs-backup", "stack", "restore", settings.stack_name, "--region", settings.aws_region, *looks)
    return f"{shlex.join(words)} PATH"


def restore_form(snapshot: BackupRecord | None, settings: OrchestratorSettings) -> str | None:
    """The form of a restore stack with everything filled in; None where nobody knows where its template lies."""
    if snapshot is None or not settings.restore_template:
        return None
    given = {f"param_{name}": value for name, value in restore_parameters(snapshot, settings).items()}
    query = {
        "templateURL": settings.restore_template, "stackName": f"{settings.stack_name[:100]}-restore", **given,
    }  # fmt: skip
    return f"{_home('cloudformation', settings)}#/stacks/create/review?{urlencode(query, quote_via=quote)}"


def restore_parameters(snapshot: BackupRecord, settings: OrchestratorSettings) -> Mapping[str, str]:
    """The parameters of a restore stack: into the source, as a plan, told to whom the backups are told."""
    return {
        "DstEFS": settings.backup_file_system,
        "SrcEFS": settings.source_file_system,
        "FolderLabel": str(settings.folder_label),
        "IntervalTag": str(snapshot.interval),
        "RestoreAsOf": _as_of(snapshot),
        "RestorePrefix": settings.backup_prefix,
        "DryRun": "Yes",
        "VpcId": settings.vpc_id,
        "Subnets": settings.subnets,
        "SecurityGroupId": settings.security_group,
        "InstanceType": settings.instance_type,
        "RestoreLogBucket": settings.log_bucket,
        "ExistingTopicArn": settings.topic_arn,
    }


def _as_of(snapshot: BackupRecord) -> str:
    """A time at which it is the newest snapshot: the snapshot's name is its start, in UTC."""
    return f"{snapshot.start_time:%Y-%m-%dT%H:%M:%SZ}" if snapshot.snapshot is None else _time_in(snapshot.snapshot)


def _time_in(name: str) -> str:
    """`20261122T020000Z` as `2026-11-22T02:00:00Z`."""
    return f"{name[:4]}-{name[4:6]}-{name[6:8]}T{name[9:11]}:{name[11:13]}:{name[13:15]}Z"


def console_link(address: str | None, partition: str = "aws") -> str | None:
    """Where the console of Amazon S3 shows an object, `s3://BUCKET/KEY`, to who may read it."""
    bucket, _, key = (address or "").removeprefix("s3://").partition("/")
    return f"https://{_host(partition)}/s3/object/{bucket}?prefix={quote(key, safe='')}" if key else None


def _host(partition: str) -> str:
    return _CONSOLES.get(partition, _CONSOLE)


def _home(service: str, settings: OrchestratorSettings) -> str:
    region = settings.aws_region
    return f"https://{region}.{_host(settings.partition)}/{service}/home?region={region}"


def _dashboard(settings: OrchestratorSettings) -> str | None:
    if not settings.dashboard:
        return None
    return f"{_home('cloudwatch', settings)}#dashboards/dashboard/{quote(settings.dashboard, safe='')}"


def _record(backup: BackupRecord, settings: OrchestratorSettings) -> str:
    table = quote(settings.table_name, safe="")
    return f"{_home('dynamodbv2', settings)}#edit-item?itemMode=2&pk={backup.backup_id}&sk=&table={table}"


def _snapshot(backup: BackupRecord, settings: OrchestratorSettings) -> str | None:
    label = f"{settings.backup_file_system}:/{settings.folder_label}/{backup.interval}"
    return f"{label}/{backup.snapshot}" if backup.snapshot else None


def _instances(backup: BackupRecord) -> str | None:
    return ", after ".join(filter(None, (backup.instance_id, backup.first_instance))) or None
