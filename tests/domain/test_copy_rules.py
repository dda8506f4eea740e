"""A second copy: which snapshots it brings, what both sides say to it, and how it ended."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from efs_backup.domain.errors import (
    BackupChanged,
    BackupError,
    ExitCode,
    SeriesMissing,
    SeriesTorn,
    SourceChanged,
    WrongUsage,
)
from efs_backup.domain.requests.copy_request import CopyRequest
from efs_backup.domain.requests.requests import Asked
from efs_backup.domain.requests.tuning import Copier, Tuning
from efs_backup.domain.snapshots.copy_rules import CopyFound, SettledCopy, settle_copy
from efs_backup.domain.snapshots.identity import FileSystem, Place
from efs_backup.domain.snapshots.names import FolderLabel, Interval, SnapshotName
from efs_backup.domain.snapshots.retention import Retention
from efs_backup.domain.snapshots.second_copy import Brought, CopiedSnapshot, CopyStatus, ended, neighbours, plan_copy
from efs_backup.domain.snapshots.series_file import CopyOf, SeriesFile, torn
from efs_backup.domain.snapshots.verification import Aspect, Difference

NOW = datetime(2026, 11, 26, 2, tzinfo=UTC)
DAYS = [SnapshotName.of(NOW.replace(day=day)) for day in range(1, 6)]
BACKUP = Place("/backup", FileSystem("ext4", "1111"), 2, "/backup")
OTHER = Place("/other", FileSystem("ext4", "2222"), 2, "/other")
HOME = FolderLabel("home")
THEIRS = SeriesFile("home", NOW, retention={Interval.DAILY: Retention(30)})
COPY = SeriesFile("home", NOW, backup=OTHER, retention={Interval.DAILY: Retention(9)}, copy_of=CopyOf("home", BACKUP))
FOUND = CopyFound(THEIRS, COPY, BACKUP, OTHER)


def _settled(found: CopyFound = FOUND, **asked: object) -> SettledCopy:
    return settle_copy(CopyRequest("/backup", "/other", HOME, asked=Asked(**asked)), found, NOW)  # type: ignore[arg-type]


def test_what_is_missing_is_brought_the_oldest_first() -> None:
    """But for what was not asked for, and what the rules of OTHER would drop at once."""
    plan = plan_copy(DAYS, [DAYS[1]], DAYS[1:], newest=4)
    assert (plan.bring, plan.there) == (tuple(DAYS[2:]), (DAYS[1],))
    assert plan.left == {DAYS[0]: "it was not asked for"}
    plan = plan_copy(DAYS, [], DAYS[3:], only=DAYS[2:4])
    assert plan.bring == (DAYS[3],)
    assert plan.left[DAYS[2]] == "the rules of OTHER would drop it"


def test_a_snapshot_shares_with_the_one_before_and_the_one_after() -> None:
    """The one before comes first; there may be neither."""
    assert neighbours(DAYS[2], [DAYS[0], DAYS[1], DAYS[4]]) == [DAYS[1], DAYS[4]]
    assert neighbours(DAYS[0], [DAYS[3], DAYS[2]]) == [DAYS[2]]
    assert neighbours(DAYS[0], []) == []


def test_a_first_copy_begins_with_the_rule_of_backup_or_with_its_own() -> None:
    """And is marked; where BACKUP knows no rule, with that of every series."""
    first = replace(FOUND, ours=None)
    begun = _settled(first, init=True)
    assert (begun.retention, begun.file.copy_of) == (Retention(30), CopyOf("home", BACKUP))
    assert "keeps 30 snapshots from now on, whatever BACKUP keeps" in begun.notes[0]
    assert _settled(first, init=True, retention=Retention(3)).file.retention == {Interval.DAILY: Retention(3)}
    assert _settled(replace(first, theirs=None), init=True).retention == Retention(7)


def test_the_rule_of_other_holds_until_it_is_changed_there() -> None:
    """Given for once, one only adds to it; a hold of BACKUP keeps all."""
    assert (_settled().retention, _settled().notes) == (Retention(9), ())
    assert _settled(retention=Retention(3)).retention == Retention(9)
    assert _settled(retention=Retention(3), saves=True).retention == Retention(3)
    assert _settled(replace(FOUND, hold="held")).terms.hold == "held"


@pytest.mark.parametrize(
    ("found", "error", "told"),
    [
        (replace(FOUND, ours=None), SeriesMissing, "--init"),
        (replace(FOUND, ours=None, unmounted="/other"), SeriesMissing, "nothing is mounted"),
        (replace(FOUND, ours=None, is_known=True), SourceChanged, "second copy"),
        (replace(FOUND, ours=THEIRS), SourceChanged, "is made by backups"),
        (replace(FOUND, backup=replace(BACKUP, path="/elsewhere", inode=3)), SourceChanged, "--backup-moved"),
        (replace(FOUND, other=replace(OTHER, file_system=FileSystem("ext4", "3"))), BackupChanged, "--other-moved"),
        (replace(FOUND, ours=torn("series.json", "cut")), SeriesTorn, "cannot be read"),
    ],
)
def test_what_cannot_be_a_second_copy_is_refused(found: CopyFound, error: type[BackupError], told: str) -> None:
    """Before anything is touched, with what to do."""
    with pytest.raises(error) as raised:
        _settled(found)
    assert told in f"{raised.value.message} {raised.value.next_step}"


def test_another_place_can_be_meant() -> None:
    """Of BACKUP, and of OTHER; both are known from then on."""
    moved = replace(BACKUP, path="/elsewhere", inode=3)
    settled = _settled(replace(FOUND, backup=moved), source_moved=True)
    assert settled.file.copy_of == CopyOf("home", moved)
    assert _settled(replace(FOUND, other=replace(OTHER, path="/new")), backup_moved=True).file.backup


def test_one_file_system_for_both_is_said() -> None:
    """One file system for both may be meant, and protects from little."""
    assert (
        "one file system"
        in _settled(replace(FOUND, other=replace(BACKUP, path="/backup2")), backup_moved=True).notes[0]
    )


def test_what_a_copy_of_another_interval_wrote_meanwhile_stays() -> None:
    """One label has one file."""
    weekly = COPY.with_rule(Interval.WEEKLY, Retention(4))
    assert _settled().upon(weekly, "daily/x").retention[Interval.WEEKLY] == Retention(4)
    assert _settled().upon(weekly, "daily/x").newest == "daily/x"


def test_the_mark_is_stored_and_goes_with_a_takeover() -> None:
    """Keys that a later version adds stay."""
    text = COPY.to_text()
    read = SeriesFile.parse(text.replace('"newest"', '"later": 1, "newest"'), "series.json")
    assert read == COPY
    taken = replace(read, copy_of=None).to_text()
    assert '"later": 1' in taken
    assert "copy_of" not in taken


def test_the_end_tells_the_worst() -> None:
    """Damage before a stop, and a stop before a success."""
    fine = CopiedSnapshot(DAYS[0], Brought.COPIED, 2, 1)
    bad = CopiedSnapshot(DAYS[1], Brought.DAMAGED, damaged=(Difference("a", Aspect.CONTENT, "x", "y"),))
    gone = CopiedSnapshot(DAYS[2], Brought.GONE, why="it was pruned.")
    assert ended([fine, gone], (), stopped=None).exit_code is ExitCode.DONE
    assert ended([fine], (), stopped="the window closed").exit_code is ExitCode.INCOMPLETE
    assert ended([fine, bad], (), stopped="the window closed").status is CopyStatus.DAMAGED
    assert ended([fine], ("a seal",), stopped=None).exit_code is ExitCode.DIFFERENT
    assert "without 1 name that BACKUP has damaged: a: content is y, was x" in str(bad)
    assert str(gone).endswith("was not copied: it was pruned.")


@pytest.mark.parametrize(
    "asked", [{"newest": 0}, {"newest": 1, "only": frozenset(DAYS)}, {"tuning": Tuning(Copier.RSYNC)}]
)
def test_what_cannot_be_asked_for_is_refused(asked: dict[str, object]) -> None:
    """By the request itself."""
    with pytest.raises(WrongUsage):
        CopyRequest("/backup", "/other", **asked)  # type: ignore[arg-type]
