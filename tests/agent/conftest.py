"""An instance in this process: a stack on an emulated AWS, folders for file systems, and a `mount` that binds them."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import boto3
import pytest

from efs_backup.agent.backup import back_up
from efs_backup.agent.services import BackupServices, FleetServices, Machine, RestoreServices, document_of
from efs_backup.domain.operations.agent_settings import AgentSettings, RestoreSettings
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus
from efs_backup.engine.machine.mounts import kind_of
from efs_backup.lib.asg import BackupGroup
from efs_backup.lib.bus import EventBus
from efs_backup.lib.ddb import RecordTable
from efs_backup.lib.efs import FileSystems
from efs_backup.lib.hold_table import HoldTable
from efs_backup.lib.notify import Notifier
from efs_backup.lib.pin_table import PinTable
from efs_backup.lib.s3 import LogBucket, SealBucket
from efs_backup.lib.ssm import Secrets
from efs_backup.lib.sts import Roles
from tests.builders import small_tree
from tests.cloud import GROUP, REGION, TABLE, Cloud, Faults, a_stack

_MOUNT = """#!/bin/sh
# mount -t nfs4 -o OPTIONS ADDRESS:/ AT, for a folder named by the address
[ -e "{folders}/hangs" ] && exec sleep 60
echo "$@" >>"{folders}/mount.log"
for last; do before=$at; at=$last; done
folder="{folders}/${{before%:/}}"
[ -d "$folder" ] || {{ echo "mount.nfs4: access denied by server while mounting $before" >&2; exit 32; }}
[ -e "{folders}/lies" ] && exit 0
exec /bin/mount --bind "$folder" "$at"
"""


def _one(names: list[str]) -> str:
    (name,) = names
    return name


@dataclass
class Instance:
    """An instance of the stack; `source` and `backup` are the folders that it mounts."""

    cloud: Cloud
    folders: Path
    machine: Machine
    source: Path
    backup: Path
    environment: dict[str, str] = field(default_factory=dict)

    def services(self, instance_id: str = "") -> BackupServices:
        """The services of a backup's agent; of the only instance, unless told."""
        settings = AgentSettings.from_env(self.environment)
        instance_id = instance_id or _one(self.cloud.instances())
        return BackupServices(
            settings, replace(self.machine, instance_id=instance_id, clock=self.cloud.now, booted=self.cloud.now()),
            RecordTable(boto3.client("dynamodb"), TABLE), BackupGroup(boto3.client("autoscaling"), GROUP),
            FileSystems(boto3.client("efs")), LogBucket(boto3.client("s3"), settings.log_bucket),
            SealBucket(boto3.client("s3"), settings.seal_bucket) if settings.seal_bucket else None,
            Roles(boto3.client("sts")) if settings.drill_role else None,
            document_of(settings, boto3.client) if settings.quiesce_document else None,  # type: ignore[arg-type]
            Secrets(boto3.client("ssm")) if settings.ping_url_parameter else None,
            HoldTable(boto3.client("dynamodb"), TABLE), PinTable(boto3.client("dynamodb"), TABLE),
            FleetServices.of_settings(settings, boto3.client) if settings.share_queue_url else None,  # type: ignore[arg-type]
        )  # fmt: skip

    def restore_services(self, **given: str) -> RestoreServices:
        """The services of a restore's agent; of the stack `stack/1` on the instance `i-1`, unless told."""
        instance_id = given.pop("INSTANCE_ID", "i-1")
        settings = RestoreSettings.from_env({
            **self.environment, "STACK_ID": "stack/1", "TOPIC_ARN": self.cloud.environment["TOPIC_ARN"],
            "BACKUP_NUMBER": "0",
            "TARGET_FILE_SYSTEM": self.environment["SOURCE_FILE_SYSTEM"], "RESTORE_AS_OF": "", "RESTORE_PREFIX": "/",
            "RESTORE_SUB_DIR": "/", "RESTORE_MODE": "overlay", "DRY_RUN": "No", **given,
        })  # fmt: skip
        machine = replace(self.machine, instance_id=instance_id, clock=self.cloud.now)
        return RestoreServices(
            settings, machine, BackupGroup(boto3.client("autoscaling"), GROUP),
            FileSystems(boto3.client("efs")), LogBucket(boto3.client("s3"), settings.log_bucket),
            Notifier(boto3.client("sns"), settings.topic_arn), EventBus(boto3.client("events")),
        )  # fmt: skip

    def logs(self) -> list[str]:
        """The keys in the log bucket."""
        found = boto3.client("s3").list_objects_v2(Bucket=self.environment["LOG_BUCKET"]).get("Contents", [])
        return [entry["Key"] for entry in found]

    def mounts(self) -> list[str]:
        """The mounts that are left below the agent's place."""
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        return [line for line in lines if str(self.machine.place) in line]


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try once what AWS refuses; who tests the patience gives it back, and waits for nothing all the same."""
    monkeypatch.setattr("efs_backup.lib.insisting.SECONDS", 0.0)
    monkeypatch.setattr("efs_backup.lib.insisting.PAUSE", 0.0)
    monkeypatch.setattr("efs_backup.lib.s3.MARK_SECONDS", 0.0)
    monkeypatch.setattr("efs_backup.lib.s3.SEAL_SECONDS", 0.0)
    monkeypatch.setattr("efs_backup.agent.backup.CLAIM_SECONDS", 0.0)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A stack before its first night."""
    with a_stack(monkeypatch.setenv) as made:
        boto3.client("s3").create_bucket(Bucket=made.environment["LOG_BUCKET"])
        yield made


@pytest.fixture
def faults(cloud: Cloud) -> Faults:
    """Refusals of AWS."""
    assert boto3.DEFAULT_SESSION
    return Faults(boto3.DEFAULT_SESSION)


@pytest.fixture
def instance(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Instance]:
    """An instance that can mount both file systems of its stack."""
    folders = tmp_path / "folders"
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "mount").write_text(_MOUNT.format(folders=folders))
    (programs / "mount").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    source, backup = (
        folders / _mount_target(cloud.environment[name]) for name in ("SOURCE_FILE_SYSTEM", "BACKUP_FILE_SYSTEM")
    )
    backup.mkdir(parents=True)
    small_tree(source)
    place = tmp_path / "place"
    machine = Machine(
        "", f"{REGION}a", frozenset({kind_of(str(tmp_path))}), place, tmp_path / "agent.log", tmp_path / "boot.log",
        ami_id="ami-1", scratch=tmp_path / "scratch", credentials=tmp_path / "aws" / "credentials",
    )  # fmt: skip
    machine.log.write_text("the agent's log\n")
    machine.boot_log.write_text("the boot's log\n")
    yield Instance(cloud, folders, machine, source, backup, cloud.environment)
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        if str(place) in line:
            subprocess.run(["umount", "--lazy", line.split()[4]], check=True)


def _mount_target(file_system: str) -> str:
    subnet = boto3.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    return boto3.client("efs").create_mount_target(FileSystemId=file_system, SubnetId=subnet)["IpAddress"]


def successful_night(instance: Instance, day: int) -> BackupRecord:
    """One night; gives its record as it has ended, which is a success."""
    instance.cloud.time = f"2026-11-{day}T02:00:00Z"
    backup = instance.cloud.schedule_fires()
    back_up(instance.services())
    instance.cloud.deliver()
    if instance.cloud.instances():
        instance.cloud.hold_times_out()
        instance.cloud.deliver()
    ended = instance.cloud.store.get(backup.backup_id)
    assert ended.status is BackupStatus.SUCCESS
    return ended
