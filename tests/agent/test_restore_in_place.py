"""The agent's restore into the source: what it brings back, keeps aside, records and never does twice."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest

from efs_backup.agent.backup import back_up
from efs_backup.agent.running import present
from efs_backup.domain.errors import FailureReason
from efs_backup.domain.operations.mounting import HELPER
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.restore_record import first_paths, restore_id_of
from efs_backup.domain.operations.triggers import restore_event
from efs_backup.domain.requests.requests import RestoreMode
from efs_backup.domain.requests.restore_order import RestoreOrder
from efs_backup.domain.results import BackupStatus
from tests.agent.instance import Instance
from tests.support.builders import account, write
from tests.support.leave import a_leave

pytestmark = pytest.mark.root

_FILE = "directory 1/file 1"
_ORDER = RestoreOrder((f"/{_FILE}",), to_original=True)


@pytest.fixture(autouse=True)
def snapshot(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """There is something to restore, and the stack may write to its source."""
    with a_leave(monkeypatch.setenv):
        instance.cloud.schedule_fires()
        back_up(instance.services())
        _ends(instance)
        instance.cloud.time = "2026-11-22T12:00:00Z"
        (instance.folders / "mount.log").unlink()
        yield


def _ends(instance: Instance) -> None:
    cloud = instance.cloud
    cloud.deliver()
    if cloud.instances():
        cloud.hold_times_out()
        cloud.deliver()


def _begins(instance: Instance, order: RestoreOrder = _ORDER, event_id: str = "e1") -> BackupRecord:
    instance.cloud.call(restore_event(order, event_id))
    return instance.cloud.store.get(restore_id_of(event_id))


def _restored(instance: Instance, order: RestoreOrder = _ORDER, event_id: str = "e1") -> BackupRecord:
    """One restore; gives its record as it has ended."""
    begun = _begins(instance, order, event_id)
    assert begun.status is BackupStatus.RUNNING, begun.message
    back_up(instance.services())
    _ends(instance)
    return instance.cloud.store.get(begun.backup_id)


def _mounted(instance: Instance) -> dict[str, bool]:
    """The file systems that were mounted, and whether for reading only."""
    lines = (instance.folders / "mount.log").read_text().splitlines()
    return {
        name: ",ro " in line
        for line in lines for name, folder in (("source", instance.source), ("backup", instance.backup))
        if folder.name in line
    }  # fmt: skip


def test_one_file_comes_back_to_its_place(instance: Instance) -> None:
    """And nothing else changes; the snapshots are mounted for reading only; mail and record say it all."""
    truth, backups = account(instance.source), account(instance.backup)
    (instance.source / _FILE).unlink()
    write(instance.source / "since", "written after the backup")
    ended = _restored(instance)
    assert ended.status is BackupStatus.SUCCESS, ended.message
    assert (instance.source / "since").exists()
    found = account(instance.source)
    assert {path: found[path] for path in truth if path != "."} == {path: truth[path] for path in truth if path != "."}
    assert account(instance.backup) == backups
    assert (ended.restore_created, ended.restore_replaced) == (1, 0)
    assert first_paths(ended)["created"] == [_FILE]
    assert _mounted(instance) == {"source": False, "backup": True}
    assert (ended.logs or "").split("/")[3] == "efs-restore-logs"
    subject, text = instance.cloud.mails()[-1]
    assert "EFS restore succeeded" in subject
    assert str(instance.machine.place) not in text
    assert (instance.mounts(), instance.cloud.capacity()) == ([], 0)


def test_what_is_replaced_is_kept_and_an_undo_puts_it_back(instance: Instance) -> None:
    """By the same group; the quarantine is named from the file system's root."""
    (instance.source / _FILE).write_text("what a user has written since")
    ended = _restored(instance)
    assert (instance.source / _FILE).read_text() != "what a user has written since"
    aside = str(ended.restore_quarantine)
    assert aside.startswith("/")
    assert (instance.source / aside.strip("/") / _FILE).read_text() == "what a user has written since"
    assert f"efs-backup stack undo --restore {ended.backup_id}" in str(ended.next_step)
    undone = _restored(instance, RestoreOrder(undoes=aside), "e2")
    assert undone.status is BackupStatus.SUCCESS, undone.message
    assert (instance.source / _FILE).read_text() == "what a user has written since"
    assert "EFS undo of a restore succeeded" in instance.cloud.mails()[-1][0]


def test_a_dry_run_mounts_for_reading_and_tells_what_would_be(instance: Instance) -> None:
    """A dry run touches nothing."""
    (instance.source / _FILE).unlink()
    before = account(instance.source)
    ended = _restored(instance, replace(_ORDER, dry_run=True))
    assert (ended.status, ended.restore_created, ended.restore_quarantine) == (BackupStatus.SUCCESS, 1, None)
    assert account(instance.source) == before
    assert _mounted(instance) == {"source": True, "backup": True}
    assert "would be restored" in str(ended.message)


def test_a_directory_goes_into_another_as_it_was(instance: Instance) -> None:
    """Into a new one, from the root of the file system; a mirror into it moves away what is not of it."""
    order = RestoreOrder(("/directory 1",), "/restored here", mode=RestoreMode.NEW)
    ended = _restored(instance, order)
    assert ended.status is BackupStatus.SUCCESS, ended.message
    there = instance.source / "restored here"
    assert account(there) == account(instance.source / "directory 1")
    again = _restored(instance, order, "e2")
    assert (again.status, "not empty" in str(again.message)) == (BackupStatus.FAILED, True)
    assert str(instance.machine.place) not in f"{again.message} {again.next_step}"
    write(there / "foreign")
    mirrored = _restored(instance, replace(order, mode=RestoreMode.MIRROR), "e3")
    assert (mirrored.restore_extra, mirrored.restore_quarantine is not None) == (1, True)
    assert not (there / "foreign").exists()


@pytest.mark.long
def test_a_path_that_is_not_in_the_snapshot_fails_and_touches_nothing(instance: Instance) -> None:
    """By its name."""
    before = account(instance.source)
    ended = _restored(instance, replace(_ORDER, paths=("/plugh",)))
    assert (ended.status, "plugh" in str(ended.message)) == (BackupStatus.FAILED, True)
    assert account(instance.source) == before


def test_a_symlink_in_the_way_leads_nowhere(instance: Instance, tmp_path: Path) -> None:
    """The file system may be hostile: neither `into` nor a path of the source is followed out of it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (instance.source / "way out").symlink_to(outside)
    (instance.source / "directory 1").rename(instance.source / "moved away")
    (instance.source / "directory 1").symlink_to(outside)
    for order in (
        RestoreOrder(("/directory 1",), "/way out/deeper"),
        RestoreOrder(("/directory 1",), "/way out"),
        _ORDER,
    ):
        ended = _restored(instance, order, order.told())
        assert list(outside.iterdir()) == [], (order, ended.message)


@pytest.mark.long
def test_a_source_that_cannot_be_mounted_fails_with_that_reason(instance: Instance) -> None:
    """As of a backup."""
    instance.source.rename(instance.source.with_name("elsewhere"))
    ended = _restored(instance)
    assert (ended.status, ended.failure_reason) == (BackupStatus.FAILED, FailureReason.MOUNT_FAILED)


@pytest.mark.long
def test_the_instance_that_was_interrupted_goes_on_and_no_other(instance: Instance) -> None:
    """An agent that was killed left its record open; another instance goes home, and touches nothing."""
    (instance.source / _FILE).unlink()
    begun = _begins(instance)
    services = instance.services()
    instance.cloud.store.update(begun, replace(begun, instance_id="i-lost"))
    back_up(services)
    assert not (instance.source / _FILE).exists()
    taken = instance.cloud.store.get(begun.backup_id)
    assert taken.status is BackupStatus.RUNNING
    instance.cloud.store.update(taken, replace(taken, instance_id=services.machine.instance_id))
    back_up(services)
    assert (instance.source / _FILE).exists()
    assert instance.cloud.store.get(begun.backup_id).status is BackupStatus.SUCCESS


def test_what_was_done_is_not_done_again(instance: Instance) -> None:
    """An agent that is started once more finds its record closed."""
    _begins(instance)
    services = instance.services()
    back_up(services)
    (instance.source / _FILE).unlink()
    back_up(services)
    assert not (instance.source / _FILE).exists()


@pytest.mark.long
def test_a_machine_that_only_boots_anew_goes_on_afterwards(instance: Instance) -> None:
    """Its record stays open, and its instance too."""
    instance.source.rename(instance.source.with_name("elsewhere"))
    begun = _begins(instance)
    services = instance.services()
    services.machine.place.mkdir(parents=True, exist_ok=True)
    (services.machine.place / "reboots").touch()
    with present(services.machine.place):
        back_up(services)
    assert instance.cloud.store.get(begun.backup_id).status is BackupStatus.RUNNING
    assert instance.cloud.capacity() == 1
    (services.machine.place / "reboots").unlink()
    instance.source.with_name("elsewhere").rename(instance.source)
    back_up(services)
    assert instance.cloud.store.get(begun.backup_id).status is BackupStatus.SUCCESS


@pytest.mark.long
def test_with_the_helper_both_are_mounted_by_the_role_of_the_instance(instance: Instance) -> None:
    """Whose leave to write is what IAM goes by; the snapshots stay for reading only."""
    helper = Path(os.environ["PATH"].split(":", maxsplit=1)[0]) / HELPER
    helper.write_text("#!/bin/sh\n")
    helper.chmod(0o755)
    for name, folder in (("BACKUP_FILE_SYSTEM", instance.backup), ("SOURCE_FILE_SYSTEM", instance.source)):
        (instance.folders / instance.environment[name]).symlink_to(folder)
    ended = _restored(instance)
    assert ended.status is BackupStatus.SUCCESS, ended.message
    backup, source = (instance.folders / "mount.log").read_text().splitlines()
    assert backup.startswith("-t efs -o tls,iam,mounttargetip=")
    assert ",ro " in backup
    assert source.startswith("-t efs -o tls,iam,mounttargetip=")
    assert ",ro " not in source


@pytest.mark.long
def test_the_next_backup_does_not_take_a_restore_for_its_predecessor(instance: Instance) -> None:
    """Its success is none of a backup."""
    _restored(instance)
    assert boto3.DEFAULT_SESSION
    newest = instance.cloud.store.newest_success()
    assert newest is not None
    assert newest.is_backup
    instance.cloud.time = "2026-11-23T02:00:00Z"
    instance.cloud.schedule_fires()
    back_up(instance.services())
    assert instance.cloud.newest().status is BackupStatus.SUCCESS
