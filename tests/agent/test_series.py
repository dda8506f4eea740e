"""The agent and the series of its stack: what it begins, and what it refuses to begin."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from efs_backup.agent.backup import back_up
from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus
from tests.agent.instance import Instance
from tests.support.cli import Cli

pytestmark = pytest.mark.root


def night(instance: Instance, time: str = "2026-11-22T02:00:00Z") -> BackupRecord:
    """One backup as the schedule starts it; gives its record."""
    instance.cloud.time = time
    backup = instance.cloud.schedule_fires()
    back_up(instance.services())
    instance.cloud.events.clear()
    instance.cloud.hold_times_out()
    return instance.cloud.store.get(backup.backup_id)


def second_night(instance: Instance) -> BackupRecord:
    """The one after it."""
    return night(instance, "2026-11-23T02:00:00Z")


def stored(instance: Instance, label: str = "efs-backup") -> dict[str, Any]:
    """The content of the label's file."""
    found: dict[str, Any] = json.loads((instance.backup / label / "series.json").read_text())
    return found


def test_a_first_backup_begins_the_series_with_the_rules_of_the_stack(instance: Instance) -> None:
    """File systems are known by their ids: an instance mounts them by any address."""
    assert night(instance).status is BackupStatus.SUCCESS
    found = stored(instance)
    source, backup = (instance.environment[name] for name in ("SOURCE_FILE_SYSTEM", "BACKUP_FILE_SYSTEM"))
    assert (found["source"]["path"], found["source"]["uuid"], found["backup"]["uuid"]) == (
        f"{source}:/",
        source,
        backup,
    )
    retain = int(instance.environment["RETENTION"])
    assert found["intervals"] == {"daily": {"retain": retain, "carried_out": f"last={retain}"}}


def test_a_file_system_without_the_stacks_snapshots_is_not_filled(instance: Instance) -> None:
    """Another one is mounted, or a new one was made: Failed, with what to do, and nothing is written to it."""
    first = night(instance)
    shutil.rmtree(instance.backup / "efs-backup")
    ended = second_night(instance)
    assert (ended.status, ended.failure_reason) == (BackupStatus.FAILED, FailureReason.SERIES_MISSING)
    assert str(first.snapshot) in str(ended.message)
    assert "ExistingBackupEFS" in str(ended.next_step)
    assert list(instance.backup.iterdir()) == []
    assert instance.cloud.capacity() == 0


@pytest.mark.long
def test_a_new_file_system_can_be_begun_by_hand(instance: Instance, cli: Cli, tmp_path: Path) -> None:
    """From any machine, and from any directory as its source: the stack's own takes its place."""
    night(instance)
    shutil.rmtree(instance.backup / "efs-backup")
    anything = tmp_path / "anything"
    anything.mkdir()
    cli("init", anything, instance.backup)
    assert second_night(instance).status is BackupStatus.SUCCESS
    assert stored(instance)["source"]["uuid"] == instance.environment["SOURCE_FILE_SYSTEM"]


def test_a_label_whose_snapshots_are_gone_is_not_begun_anew_by_itself(
    instance: Instance, cli: Cli, tmp_path: Path
) -> None:
    """Its file stays, and is no proof: Failed, until somebody begins by hand; from then on it goes on."""
    night(instance)
    shutil.rmtree(instance.backup / "efs-backup" / "daily")
    ended = second_night(instance)
    assert (ended.status, ended.failure_reason) == (BackupStatus.FAILED, FailureReason.SERIES_MISSING)
    assert not (instance.backup / "efs-backup" / "daily").exists()
    anything = tmp_path / "anything"
    anything.mkdir()
    cli("init", anything, instance.backup, "--source-moved")
    assert night(instance, "2026-11-24T02:00:00Z").status is BackupStatus.SUCCESS
    assert night(instance, "2026-11-25T02:00:00Z").status is BackupStatus.SUCCESS


@pytest.mark.long
def test_another_label_beside_the_old_one_just_begins(instance: Instance) -> None:
    """The right file system is there, for it has the newest snapshot."""
    night(instance)
    instance.environment["FOLDER_LABEL"] = "web"
    assert second_night(instance).status is BackupStatus.SUCCESS
    assert stored(instance, "web")["label"] == "web"


def test_another_source_under_the_label_is_refused(instance: Instance) -> None:
    """Somebody has changed the stack's source or prefix, and not its label."""
    night(instance)
    instance.environment["BACKUP_PREFIX"] = "/directory 1"
    ended = second_night(instance)
    assert (ended.status, ended.failure_reason) == (BackupStatus.FAILED, FailureReason.SOURCE_CHANGED)
    assert "another FolderLabel" in str(ended.next_step)


def test_the_retention_of_the_stack_is_the_rule(instance: Instance) -> None:
    """Who lowers it in the stack means it."""
    night(instance)
    instance.environment["RETENTION"] = "2"
    assert second_night(instance).status is BackupStatus.SUCCESS
    assert stored(instance)["intervals"]["daily"]["retain"] == 2


def test_the_rules_of_the_stack_take_the_place_of_its_number(instance: Instance) -> None:
    """They are the rule of the series; wrong ones end the backup with what is wrong, and nothing is touched."""
    instance.environment["RETENTION_RULES"] = "daily=30,weekly=12"
    assert night(instance).status is BackupStatus.SUCCESS
    assert stored(instance)["intervals"]["daily"]["rules"] == "daily=30,weekly=12"
    instance.environment["RETENTION_RULES"] = "daily=30,daily=12"
    ended = second_night(instance)
    assert (ended.status, ended.failure_reason) == (BackupStatus.FAILED, FailureReason.RULES_REFUSED)
    assert "The parameter RetentionRules is wrong. The rules 'daily=30,daily=12' cannot be read" in str(ended.message)
    assert stored(instance)["intervals"]["daily"]["rules"] == "daily=30,weekly=12"


def test_a_first_backup_that_did_not_end_is_gone_on_with(instance: Instance) -> None:
    """The series has begun, and nothing is on record as a success."""
    instance.source.rename(instance.source.with_name("gone"))
    assert night(instance).failure_reason is FailureReason.MOUNT_FAILED
    instance.source.with_name("gone").rename(instance.source)
    assert second_night(instance).status is BackupStatus.SUCCESS


def test_a_series_of_an_earlier_version_is_adopted(instance: Instance) -> None:
    """A series that is there needs nobody to say that it begins."""
    night(instance)
    (instance.backup / "efs-backup" / "series.json").unlink()
    ended = second_night(instance)
    assert ended.status is BackupStatus.SUCCESS
    assert "made by an earlier version" in str(ended.message)
