"""An instance in this process: a stack on an emulated AWS, folders for file systems, and a `mount` that binds them."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from efs_backup.agent.services import Machine
from efs_backup.engine.machine.mounts import kind_of
from tests.agent.instance import MOUNT, Instance, mount_target
from tests.support.builders import small_tree
from tests.support.cloud import REGION, Cloud, Faults, a_stack


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try once what AWS refuses; who tests the patience gives it back, and waits for nothing all the same."""
    monkeypatch.setattr("efs_backup.lib.insisting.SECONDS", 0.0)
    monkeypatch.setattr("efs_backup.lib.insisting.PAUSE", 0.0)
    monkeypatch.setattr("efs_backup.lib.s3.MARK_SECONDS", 0.0)
    monkeypatch.setattr("efs_backup.lib.s3.SEAL_SECONDS", 0.0)
    monkeypatch.setattr("efs_backup.agent.backup.CLAIM_SECONDS", 0.0)


@pytest.fixture
def faults(cloud: Cloud) -> Faults:
    """Refusals of AWS."""
    return Faults()


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A stack before its first night."""
    with a_stack(monkeypatch.setenv) as made:
        boto3.client("s3").create_bucket(Bucket=made.environment["LOG_BUCKET"])
        yield made


@pytest.fixture
def instance(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Instance]:
    """An instance that can mount both file systems of its stack."""
    folders = tmp_path / "folders"
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "mount").write_text(MOUNT.format(folders=folders))
    (programs / "mount").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    source, backup = (
        folders / mount_target(cloud.environment[name]) for name in ("SOURCE_FILE_SYSTEM", "BACKUP_FILE_SYSTEM")
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
