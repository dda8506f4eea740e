"""Seals outside the file system: which are missing there, and what is said of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.seal_store import SealKeys, not_stored, stored_last, warned_of_local
from efs_backup.domain.results import BackupStatus, SealStatus
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.seal import Seal
from efs_backup.domain.warnings import WarningKind
from tests.support.records import RUNNING, START

_HERE = "s3://seals/seals/efs-backup/daily/"
_NIGHTS = tuple(f"202611{day}T020000Z" for day in (20, 21, 22))
_KEYS = SealKeys(FolderLabel("efs-backup"), Interval.DAILY)


def _night(name: str, status: SealStatus | None, address: str = _HERE) -> BackupRecord:
    day = datetime.strptime(name, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return replace(
        RUNNING, status=BackupStatus.SUCCESS, start_time=day, stop_time=day + timedelta(hours=1), snapshot=name,
        seal="ab" * 32, seal_status=status, seal_address=f"{address}{name}.json" if status else None,
    )  # fmt: skip


def _seal(name: str, sealed: datetime = START, *, late: bool = False) -> bytes:
    return Seal("efs-backup", "daily", name, sealed, None, None, (name,), (), None, None, "efs-backup", late).text()


def test_each_file_has_a_key_of_its_own() -> None:
    """By kind, label, interval and snapshot, so that a role can be let write to these alone."""
    assert _KEYS.seal("A") == "seals/efs-backup/daily/A.json"
    assert _KEYS.changes("A") == "changes/efs-backup/daily/A.changes.gz"
    assert _KEYS.manifest("A") == "manifests/efs-backup/daily/A.mtree.gz"


def test_what_is_newer_than_the_last_stored_one_is_missing() -> None:
    """The records say which that was; where they say nothing all are."""
    seals = {name: _seal(name) for name in _NIGHTS}
    backups = [_night(_NIGHTS[0], SealStatus.STORED), _night(_NIGHTS[1], SealStatus.LOCAL)]
    assert not_stored(seals, stored_last(backups, _HERE)) == list(_NIGHTS[1:])
    assert not_stored(seals, stored_last([], _HERE)) == list(_NIGHTS)


def test_another_bucket_knows_of_no_seal() -> None:
    """One that was made anew gets all of them."""
    backups = [_night(_NIGHTS[1], SealStatus.STORED, "s3://another/seals/efs-backup/daily/")]
    assert stored_last(backups, _HERE) is None
    assert stored_last([_night(_NIGHTS[1], SealStatus.STORED, "s3://seals/seals/efs-backup/weekly/")], _HERE) is None


def test_an_older_one_that_was_sealed_late_is_missing_too() -> None:
    """Its own night could not seal it."""
    last = _night(_NIGHTS[1], SealStatus.STORED)
    seals = {_NIGHTS[0]: _seal(_NIGHTS[0], START + timedelta(days=1), late=True), _NIGHTS[1]: _seal(_NIGHTS[1])}
    assert not_stored(seals, last) == [_NIGHTS[0]]
    assert not_stored({"20261119T020000Z": b"no seal"}, last) == []


_L, _S = SealStatus.LOCAL, SealStatus.STORED


@pytest.mark.parametrize(
    ("earlier", "warns"), [([], False), ([_L], False), ([_L, _L], True), ([_S, _L, _L], True), ([_L, _S, _L], False)]
)
def test_three_nights_in_a_row_are_a_warning(earlier: Sequence[SealStatus], warns: bool) -> None:
    """Tonight's is one of them; earlier ones are given the oldest first."""
    backups = [_night(f"202611{day}T020000Z", status) for day, status in enumerate(earlier, start=10)]
    warned = warned_of_local(backups, "no answer")
    assert (warned is not None) is warns
    if warned:
        assert warned.kind is WarningKind.SEAL_NOT_STORED
        assert "3 backups in a row" in warned.message
