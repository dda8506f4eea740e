"""`efs-backup history`: what each backup came to."""

import hashlib
import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.support.builders import write
from tests.support.cli import Cli
from tests.support.mounts import mounted_tmpfs


def test_every_end_of_a_backup_is_on_record(cli: Cli, source: Path, backup: Path) -> None:
    """Newest first, with status, snapshot, figures and message."""
    cli("run", source, backup)
    (source / "directory 0").rename(source / "moved")
    for path in source.iterdir():
        path.rename(backup.parent / path.name)
    cli("run", source, backup, code=1)
    newest, first = cli("history", backup, "--json").json["backups"]
    assert (first["status"], first["files"]) == ("Success", 13)
    assert first["snapshot"] == cli("list", backup, "--json").json["snapshots"][0]["snapshot"]
    assert (newest["status"], newest["failure_reason"]) == ("Failed", "SourceUnreadable")
    assert "is empty" in newest["message"]
    assert newest["label"] == "efs-backup"


def test_people_get_a_table(cli: Cli, source: Path, backup: Path) -> None:
    """One line for each backup."""
    cli("run", source, backup)
    said = cli("history", backup).stdout
    assert "Success" in said
    assert "13" in said


def test_the_record_has_the_digest_of_the_seal(cli: Cli, source: Path, backup: Path) -> None:
    """All of it for programs, its beginning for people; `sha256sum` says the same of the stored seal."""
    cli("run", source, backup)
    (record,) = cli("history", backup, "--json").json["backups"]
    seal = backup / f"efs-backup/daily/.manifests/{record['snapshot']}.seal.json"
    assert record["seal_sha256"] == hashlib.sha256(seal.read_bytes()).hexdigest()
    assert record["seal_status"] is None
    assert record["seal_sha256"][:12] in cli("history", backup).stdout


def test_where_no_backup_was_made_there_is_no_history(cli: Cli, backup: Path) -> None:
    """Exit code 5, and the reason for programs."""
    assert "no record" in cli("history", backup, "--json", code=5).json["message"]
    assert "no record" in cli("history", backup, code=5).stderr


@pytest.mark.usefixtures("slow_rsync")
def test_a_killed_backup_is_unknown_as_soon_as_another_looks(cli: Cli, source: Path, backup: Path) -> None:
    """A killed backup could not say so itself."""
    process = cli.start("run", source, backup)
    records = backup / "efs-backup" / "daily" / ".records"
    while not list(records.glob("*.json")):
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    (running,) = cli("history", backup, "--json").json["backups"]
    assert running["status"] == "Running"
    cli.let_rsync_be_fast()
    cli("run", source, backup)
    assert [record["status"] for record in cli("history", backup, "--json").json["backups"]] == ["Success", "Unknown"]


@pytest.mark.usefixtures("slow_rsync")
@pytest.mark.usefixtures("slow_rsync")
@pytest.mark.long
def test_a_backup_that_is_locked_out_leaves_the_record_of_the_running_one_alone(
    cli: Cli, source: Path, backup: Path
) -> None:
    """Only who holds the lock writes."""
    cli.let_rsync_take(4)
    process = cli.start("run", source, backup)
    records = backup / "efs-backup" / "daily" / ".records"
    while not list(records.glob("*.json")):
        time.sleep(0.05)
    cli("run", source, backup, code=4)
    process.wait()
    assert [record["status"] for record in cli("history", backup, "--json").json["backups"]] == ["Success"]


def test_records_of_more_than_90_days_ago_are_forgotten(cli: Cli, source: Path, backup: Path) -> None:
    """By the next backup."""
    cli("run", source, backup)
    (file,) = (backup / "efs-backup" / "daily" / ".records").glob("*.json")
    old = json.loads(file.read_text())
    file.write_text(json.dumps({**old, "ExpireItem": 1}))
    write(source / "new")
    cli("run", source, backup)
    (left,) = cli("history", backup, "--json").json["backups"]
    assert left["backup_id"] != old["BackupId"]


@pytest.mark.root
def test_a_record_that_cannot_be_written_is_no_failure_of_the_backup(cli: Cli, source: Path, backup: Path) -> None:
    """A record that could not be written is noted."""
    cli("run", source, backup)
    with mounted_tmpfs(backup / "efs-backup" / "daily" / ".records", "nr_inodes=1"):
        ended = cli("run", source, backup, "--json").json
    assert ended["status"] == "Success"
    assert any("could not be written" in note for note in ended["notes"])
