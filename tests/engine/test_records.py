"""Records on the backup file system: whatever is found there stops neither the recording nor the backup."""

import fcntl
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from efs_backup.domain.forecast import RECORDS_READ
from efs_backup.domain.operations.record import BackupId
from efs_backup.domain.requests.requests import BackupRequest
from efs_backup.domain.requests.tuning import Tuning
from efs_backup.domain.results import BackupResult, BackupStatus
from efs_backup.domain.snapshots.names import RECORDS_NAME, FolderLabel, Interval
from efs_backup.domain.snapshots.retention import Retention
from efs_backup.engine.series.journal import Journal, read_records
from efs_backup.engine.series.private_files import PrivateFiles
from efs_backup.engine.series.records import RecordDirectory
from tests.support.records import RUNNING, START

_ORDER = BackupRequest("s", "b", FolderLabel("efs-backup"), Interval.DAILY, Retention(7), Tuning())
_SUCCESS = BackupResult(BackupStatus.SUCCESS, "Done.")


def _back_up(series: Path, number: int) -> list[str]:
    """A recorded backup; gives what was noted."""
    notes = list[str]()
    journal = Journal(series, notes.append)
    journal.begin(_ORDER, f"seed {number}", START + timedelta(days=number))
    journal.end(_SUCCESS)
    return notes


def _newest(records: Path) -> Path:
    return records / f"{(records / 'latest').read_text()}.json"


def _instead(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


def _changed(**values: object) -> Callable[[Path], object]:
    return lambda path: path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


TORN: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "half": lambda path: os.truncate(path, 50),
    "zeros": lambda path: path.write_bytes(bytes(400)),
    "a list": lambda path: path.write_text("[]"),
    "a string": lambda path: path.write_text('"text"'),
    "not UTF-8": lambda path: path.write_bytes(b'{"BackupId": "\xff\xfe"}'),
    "deep": lambda path: path.write_text("[" * 100_000),
    "huge": lambda path: os.truncate(path, 2**40),
    "of a huge number": lambda path: path.write_text(f'{{"BackupWindow": {"9" * 5000}}}'),
    "of no number": _changed(RetainPeriod={"a": 1}),
    "of another time": _changed(BackupStartTime="tomorrow"),
    "of a time beyond all": _changed(ExpireItem=10**18),
    "of an unknown status": _changed(BackupStatus="Perhaps"),
    "of another backup": _changed(BackupId="../../../outside"),
    "a directory": lambda path: _instead(path, os.mkdir),
    "a FIFO": lambda path: _instead(path, os.mkfifo),
    "a dangling link": lambda path: _instead(path, lambda link: link.symlink_to("nowhere")),
    "a loop": lambda path: _instead(path, lambda link: link.symlink_to(link)),
    "a link to a device": lambda path: _instead(path, lambda link: link.symlink_to("/dev/zero")),
}


@pytest.mark.parametrize("name", TORN)
@pytest.mark.timeout(20)
def test_a_torn_record_stops_nobody_and_is_said(tmp_path: Path, name: str) -> None:
    """The next backups are recorded, the history goes on without it, and both name it."""
    _back_up(tmp_path, 1)
    torn = _newest(tmp_path / RECORDS_NAME)
    TORN[name](torn)
    assert any(str(torn) in note for note in _back_up(tmp_path, 2))
    _back_up(tmp_path, 3)
    records, faults = read_records(tmp_path)
    assert [record.start_time for record in records] == [START + timedelta(days=number) for number in (3, 2)]
    assert {record.status for record in records} == {BackupStatus.SUCCESS}
    assert [str(torn) in str(fault) for fault in faults] == [True]


@pytest.mark.parametrize("name", [*TORN, "is gone"])
@pytest.mark.timeout(20)
def test_a_record_that_is_torn_while_its_backup_runs_is_written_anew(tmp_path: Path, name: str) -> None:
    """Its end is known all the same."""
    notes = list[str]()
    journal = Journal(tmp_path, notes.append)
    journal.begin(_ORDER, "seed", START)
    torn = _newest(tmp_path / RECORDS_NAME)
    TORN.get(name, Path.unlink)(torn)
    journal.end(_SUCCESS)
    records, faults = read_records(tmp_path)
    assert ([record.status for record in records], faults) == ([BackupStatus.SUCCESS], [])
    assert notes


LATEST: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(bytes(8)),
    "not UTF-8": lambda path: path.write_bytes(b"\xff\xfe"),
    "of nowhere": lambda path: path.write_text("0badcafe"),
    "of a way out": lambda path: path.write_text("../../../etc/passwd"),
    "missing": lambda path: path.unlink(),
    "a directory": lambda path: _instead(path, os.mkdir),
    "a FIFO": lambda path: _instead(path, os.mkfifo),
    "a loop": lambda path: _instead(path, lambda link: link.symlink_to(link)),
}


@pytest.mark.parametrize("name", LATEST)
@pytest.mark.timeout(20)
def test_a_torn_latest_stops_nobody(tmp_path: Path, name: str) -> None:
    """Also a backup that died is known as such: by its record."""
    Journal(tmp_path, _fail).begin(_ORDER, "seed 1", START)
    LATEST[name](tmp_path / RECORDS_NAME / "latest")
    _back_up(tmp_path, 2)
    records, faults = read_records(tmp_path)
    assert ([record.status for record in records], faults) == ([BackupStatus.SUCCESS, BackupStatus.UNKNOWN], [])
    assert RecordDirectory(tmp_path / RECORDS_NAME).latest() == records[0].backup_id


IN_THE_WAY: dict[str, Callable[[Path, Path], object]] = {
    "a file": lambda path, _outside: path.write_text("text"),
    "a FIFO": lambda path, _outside: os.mkfifo(path),
    "a link to a directory": lambda path, outside: path.symlink_to(outside),
    "a dangling link": lambda path, _outside: path.symlink_to("nowhere"),
}


@pytest.mark.parametrize("what", [RECORDS_NAME, f"{RECORDS_NAME}/.lock", f"{RECORDS_NAME}/latest"])
@pytest.mark.parametrize("name", IN_THE_WAY)
@pytest.mark.timeout(20)
def test_what_is_in_the_way_is_not_followed(tmp_path: Path, what: str, name: str) -> None:
    """Recording goes on, twice, and what a link leads to stays as it was."""
    series, outside = tmp_path / "series", tmp_path / "outside"
    (series / what).parent.mkdir(parents=True)
    outside.mkdir()
    IN_THE_WAY[name](series / what, outside)
    for number in (1, 2):
        _back_up(series, number)
    records, faults = read_records(series)
    assert ([record.status for record in records], faults) == ([BackupStatus.SUCCESS] * 2, [])
    assert os.listdir(outside) == []
    assert not (series / RECORDS_NAME).is_symlink()


def test_a_link_to_a_file_is_not_written_through(tmp_path: Path) -> None:
    """Neither where a record is to be, nor the lock, nor what is unfinished."""
    decoy = tmp_path / "decoy"
    decoy.write_text("as it was")
    records = tmp_path / RECORDS_NAME
    records.mkdir()
    for name in (".lock", "latest", f"{RUNNING.backup_id}.json", f".{RUNNING.backup_id}.json"):
        (records / name).symlink_to(decoy)
    RecordDirectory(records).put_anew(RUNNING)
    assert RecordDirectory(records).get(RUNNING.backup_id) == RUNNING
    assert decoy.read_text() == "as it was"


def test_what_is_set_aside_is_said_and_kept(tmp_path: Path) -> None:
    """Each time under another name."""
    notes = list[str]()
    for number in (1, 2):
        place = tmp_path / "records"
        if place.exists():
            shutil.rmtree(place)
        place.write_text(f"content {number}")
        with PrivateFiles(place, notes.append).writing():
            pass
    assert (tmp_path / "records.odd").read_text() == "content 1"
    assert (tmp_path / "records.odd.1").read_text() == "content 2"
    assert [note.endswith("now.") for note in notes] == [True, True]


def test_records_are_nobody_elses_and_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files and directory are flushed before anybody believes them, and private whatever the umask."""
    flushed = list[str]()
    real = os.fsync

    def fsync(descriptor: int) -> None:
        flushed.append(os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}")))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    before = os.umask(0)
    try:
        RecordDirectory(tmp_path / "records").start(RUNNING, None)
    finally:
        os.umask(before)
    assert [name.endswith(".new") or name for name in flushed] == [True, "records"] * 2
    for path in (tmp_path / "records", *(tmp_path / "records").iterdir()):
        assert path.stat().st_mode & 0o077 == 0


def test_what_was_cut_off_and_what_nobody_can_read_is_removed_in_time(tmp_path: Path) -> None:
    """The former at the next start, the latter as old as any record gets."""
    records = tmp_path / "records"
    records.mkdir()
    for name in (".0123.new", ".0badcafe.json", "old.json", "young.json"):
        (records / name).write_text("torn")
    os.utime(records / "old.json", (0, 0))
    RecordDirectory(records).start(RUNNING, None)
    assert {path.name for path in records.iterdir()} == {".lock", "latest", "young.json", f"{RUNNING.backup_id}.json"}


def test_one_record_that_cannot_be_removed_does_not_stop_the_others(tmp_path: Path) -> None:
    """Here one that is a directory by now."""
    store = RecordDirectory(tmp_path)
    for number in range(3):
        store.put(replace(RUNNING, backup_id=BackupId(f"old{number}"), expires=START - timedelta(days=number + 1)))
    _instead(tmp_path / "old1.json", os.mkdir)
    os.utime(tmp_path / "old1.json", (0, 0))
    store.start(RUNNING, None)
    assert {path.name for path in tmp_path.glob("*.json")} == {"old1.json", f"{RUNNING.backup_id}.json"}


def test_writers_wait_for_each_other(tmp_path: Path) -> None:
    """The lock is that of the file that all of them open."""
    with (
        PrivateFiles(tmp_path, _fail).writing(),
        open(tmp_path / ".lock", "rb") as lock,
        pytest.raises(BlockingIOError),
    ):
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)


def _fail(text: str) -> None:
    raise AssertionError(text)


def test_a_backup_reads_the_newest_records_alone(tmp_path: Path) -> None:
    """A series that is made each hour has thousands; one that died is among the newest, and is closed."""
    records, dead = RecordDirectory(tmp_path / RECORDS_NAME), BackupId("dead0000")
    records.put_anew(replace(RUNNING, backup_id=BackupId("00000000"), status=BackupStatus.SUCCESS))
    (tmp_path / RECORDS_NAME / "torn0000.json").write_text("{")
    os.utime(tmp_path / RECORDS_NAME / "torn0000.json", (1, 1))
    for number in range(1, RECORDS_READ):
        shutil.copy(tmp_path / RECORDS_NAME / "00000000.json", tmp_path / RECORDS_NAME / f"{number:08}.json")
        _changed(BackupId=f"{number:08}")(tmp_path / RECORDS_NAME / f"{number:08}.json")
    records.put_anew(replace(RUNNING, backup_id=dead))
    assert _back_up(tmp_path, 1) == []
    assert records.get(dead).has_ended
