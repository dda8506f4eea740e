"""Rows of further file systems, for timelines of several."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import boto3
import pytest

from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.operations.triggers import due_event
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.sources.row import Policy, Source
from efs_backup.lib.source_table import SourceRows
from efs_backup.orchestrator import handler
from efs_backup.orchestrator.rows import first_taken
from tests.support.cloud import TABLE, Cloud

NIGHTLY = Policy("", Interval.DAILY, "daily=7", "cron(0 2 * * ? *)", "", 120)


@contextmanager
def further_sources(cloud: Cloud, concurrent: int = 1) -> Iterator[None]:
    """A stack with `FurtherSources`, whose group is as large as `ConcurrentBackups` says."""
    boto3.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName="efs-backup-worker", MaxSize=concurrent)
    cloud.environment |= {"FURTHER_SOURCES": "Yes", "CONCURRENT_BACKUPS": str(concurrent)}
    with pytest.MonkeyPatch.context() as patched:
        for name in ("FURTHER_SOURCES", "CONCURRENT_BACKUPS"):
            patched.setenv(name, cloud.environment[name])
        handler.services.cache_clear()
        yield
    handler.services.cache_clear()


def rows_of() -> SourceRows:
    """The table of the stack."""
    return SourceRows(boto3.client("dynamodb"), TABLE)


def add_row(cloud: Cloud, label: str, **given: object) -> Source:
    """A row for a new file system; it is due at two."""
    made = boto3.client("efs").create_file_system(CreationToken=label)["FileSystemId"]
    since = cloud.now().replace(day=1)
    row = replace(Source(FolderLabel(label), made, "/", NIGHTLY, since), **given)  # type: ignore[arg-type]
    store = rows_of()
    store.write(store.read().with_row(row, first_taken(cloud.settings), cloud.settings.backup_file_system))
    return row


def look(cloud: Cloud, time: str | None = None) -> dict[str, str]:
    """The regular look for what is due."""
    cloud.time = time or cloud.time
    return cloud.call(due_event())


def records(cloud: Cloud) -> dict[str, BackupRecord]:
    """The newest record of each label; the first row's has none."""
    return {each.label or "": each for each in sorted(cloud.store.backups(), key=lambda one: one.start_time)}


def ends(cloud: Cloud, backup_id: BackupId, status: BackupStatus = BackupStatus.SUCCESS) -> None:
    """The agent of the only instance reports, goes home, and is let go; whoever waits begins then."""
    if not cloud.store.get(backup_id).instance_id:
        cloud.agent_claims(backup_id)
    cloud.agent_reports(backup_id, status, snapshot="20261122T020000Z" if status is BackupStatus.SUCCESS else None)
    cloud.agent_goes_home()
    cloud.deliver()
    cloud.agent_lets_go()
    cloud.deliver()
