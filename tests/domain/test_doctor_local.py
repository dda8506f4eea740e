"""Decisions of `efs-backup doctor`: each fact that is wrong is named by its own check, and by no other."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from efs_backup.domain.doctor.answer import Known, Unknown
from efs_backup.domain.doctor.finding import Level, examine, exit_code_of
from efs_backup.domain.doctor.local_facts import (
    Configuration,
    Directory,
    LocalFacts,
    Probe,
    Rights,
    Room,
    SeriesState,
    Tools,
)
from efs_backup.domain.doctor.series_checks import LOCAL_CHECKS
from efs_backup.domain.errors import ExitCode, FailureReason
from efs_backup.domain.operations.record import BackupId, BackupRecord, Mode
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.identity import FileSystem, Likeness, Mount
from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.snapshots.retention import Retention
from efs_backup.domain.snapshots.series_file import SeriesFile

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
GIB = 2**30
SOURCE = Directory("/src", FileSystem("nfs4", "", "10.0.0.1:/"), "/src", frozenset({"rw", "hard"}))
BACKUP = Directory("/mnt/my backup", FileSystem("nfs4", "", "10.0.0.2:/"), "/mnt/my backup", frozenset({"rw", "hard"}))
PROBE = Probe("", "", "", 1, NOW, NOW, 0, most_links=177)
ROOM = Room(1000 * GIB, 500 * GIB, 0, 0)


def night(status: BackupStatus, hours: int = 10, reason: FailureReason | None = None) -> BackupRecord:
    """A backup that began so many hours ago."""
    begun = BackupRecord(
        backup_id=BackupId(f"{hours:08x}"), status=BackupStatus.RUNNING, start_time=NOW - timedelta(hours=hours),
        window_minutes=180, interval=Interval.DAILY, retention=7, expires=NOW, total_transferred_file_size=GIB,
    )  # fmt: skip
    ended = begun.ended(status, now=NOW, message="It ended.", reason=reason)
    return replace(ended, total_transferred_file_size=GIB)


FILE = SeriesFile("home", NOW).with_rule(Interval.DAILY, Retention(30))
SERIES = SeriesState(
    Interval.DAILY, FILE, source=Likeness.SAME, snapshots=7, records=(night(BackupStatus.SUCCESS),)
)  # fmt: skip
SOUND = LocalFacts(
    "home",
    0,
    NOW,
    tools=Known(Tools({}, {"rsync": (3, 5, 0), "fpart": (1, 7)})),
    temporary=Known(()),
    source=Known(SOURCE),
    is_source_empty=Known(False),
    backup=Known(BACKUP),
    nesting="",
    room=Known(ROOM),
    source_room=Known(ROOM),
    probe=Known(PROBE),
    rights=Rights(0),
    series=Known(SERIES),
    configuration=Configuration("/etc/efs-backup/home.toml", is_readable=False, has_secret=True),
)


def _probe(**changed: Any) -> LocalFacts:
    return replace(SOUND, probe=Known(replace(PROBE, **changed)))


def _series(**changed: Any) -> LocalFacts:
    return replace(SOUND, series=Known(replace(SERIES, **changed)))


def _backup(**changed: Any) -> LocalFacts:
    return replace(SOUND, backup=Known(replace(BACKUP, **changed)))


def _many() -> SeriesFile:
    """More links than a file has."""
    return FILE.with_rule(Interval.WEEKLY, Retention(150))


Make = Callable[[], LocalFacts]
WRONG: list[tuple[str, Make, Level, str]] = [
    ("tools", lambda: replace(SOUND, tools=Known(Tools({"fpart": "fpart", "rsync": "rsync"}, {}))), Level.FAULT,
     "apt-get install fpart rsync"),
    ("versions", lambda: replace(SOUND, tools=Known(Tools({}, {"rsync": (3, 2, 7)}))), Level.WARNING, "3.2.7"),
    ("versions", lambda: replace(SOUND, tools=Known(Tools({}, {"rsync": (3, 1, 2)}))), Level.FAULT, "nanoseconds"),
    ("versions", lambda: replace(SOUND, tools=Known(Tools({}, {"fpart": (1, 2, 0)}))), Level.WARNING, "fpart 1.2.0"),
    ("temporary", lambda: replace(SOUND, temporary=Known(("It is noexec.",))), Level.WARNING, "TMPDIR"),
    ("temporary", lambda: replace(SOUND, temporary=Unknown("There is no place.")), Level.FAULT, "no place"),
    ("rights", lambda: replace(SOUND, rights=Rights(1000, ("CAP_CHOWN",))), Level.WARNING, "CAP_CHOWN"),
    ("rights", lambda: _probe(owner=65534), Level.FAULT, "squashes root"),
    ("source", lambda: replace(SOUND, is_source_empty=Known(True)), Level.WARNING, "is empty"),
    ("mounted", lambda: _backup(unmounted="/mnt"), Level.FAULT, "mount /mnt"),
    ("nested", lambda: replace(SOUND, nesting="BACKUP lies inside SOURCE."), Level.FAULT, "inside"),
    ("apart", lambda: _backup(system=SOURCE.system, mount="/src"), Level.WARNING, "one file system"),
    ("mount-options", lambda: _backup(options=frozenset({"soft"})), Level.FAULT, "mount -o hard '/mnt/my backup'"),
    ("mount-options", lambda: replace(SOUND, source=Known(replace(SOURCE, options=frozenset({"strictatime"})))),
     Level.WARNING, "strictatime"),
    ("writable", lambda: replace(SOUND, room=Known(replace(ROOM, is_read_only=True))), Level.FAULT, "remount,rw"),
    ("hard-links", lambda: _probe(links="Operation not permitted"), Level.FAULT, "not permitted"),
    ("names", lambda: _probe(knows_case=False), Level.FAULT, "one name"),
    ("names", lambda: _probe(symlinks="Operation not permitted"), Level.FAULT, "no symlinks"),
    ("times", lambda: _probe(time_step_ns=2 * 10**9), Level.WARNING, "steps of 2 s"),
    ("clock", lambda: _probe(server=NOW + timedelta(minutes=5)), Level.WARNING, "300 s behind"),
    ("clock", lambda: _probe(server=NOW - timedelta(days=2)), Level.FAULT, "48.0 h ahead of"),
    ("locks", lambda: _probe(locks="No locks available"), Level.FAULT, "vers=4.1"),
    ("space", lambda: replace(SOUND, room=Known(replace(ROOM, free=2 * GIB))), Level.WARNING, "--retain N"),
    ("space", lambda: replace(SOUND, room=Known(replace(ROOM, free=0))), Level.FAULT, "is full"),
    ("space", lambda: replace(SOUND, room=Known(replace(ROOM, inodes=1000, free_inodes=9))), Level.WARNING, "inodes"),
    ("space", lambda: replace(_series(snapshots=0), room=Known(replace(ROOM, free=9))), Level.FAULT, "SOURCE uses"),
    ("series", lambda: _series(file=None, torn="It is torn."), Level.FAULT, "series.json"),
    ("series", lambda: _series(file=None, snapshots=0, records=()), Level.WARNING, "efs-backup init"),
    ("series", lambda: _series(source=Likeness.NOT_MOUNTED), Level.FAULT, "findmnt"),
    ("series", lambda: _series(source=Likeness.ANOTHER), Level.FAULT, "--source-moved"),
    ("series", lambda: _series(is_backup_moved=True), Level.FAULT, "--backup-moved"),
    (
        "series",
        lambda: _series(gone=(Mount("home", FileSystem("ext4", "1")),)),
        Level.FAULT,
        "What was mounted at '/src/home'",
    ),
    ("series", lambda: _series(gone=(Mount("run", FileSystem("tmpfs")),)), Level.WARNING, "/src/run"),
    ("series", lambda: _series(old_layout=3), Level.WARNING, "3 snapshots of the old layout"),
    ("partial", lambda: _series(partials=1), Level.WARNING, "1 backup was cut off"),
    ("partial", lambda: _series(running="process 7"), Level.WARNING, "process 7"),
    ("hold", lambda: _series(hold="all that is older stays"), Level.WARNING, "efs-backup release"),
    ("damage", lambda: _series(damaged=2), Level.FAULT, "repair '/mnt/my backup'"),
    ("link-budget", lambda: _series(file=_many()), Level.WARNING, "above 170"),
    ("link-budget", lambda: _probe(most_links=20), Level.WARNING, "20 hard links"),
    ("last-backup", lambda: _series(records=(night(BackupStatus.FAILED, 1, FailureReason.BACKUP_FULL),
                                             night(BackupStatus.SUCCESS))), Level.FAULT, "Failed (BackupFull)"),
    ("last-backup", lambda: _series(records=(night(BackupStatus.INCOMPLETE, 1), night(BackupStatus.SUCCESS))),
     Level.WARNING, "Incomplete"),
    ("last-backup", lambda: _series(records=(night(BackupStatus.SUCCESS, 40),)), Level.FAULT, "40 hours ago"),
    ("configuration", lambda: replace(SOUND, configuration=Configuration("/c.toml", is_readable=True, has_secret=True)),
     Level.WARNING, "chmod 600 /c.toml"),
]  # fmt: skip
"""(id, facts, level, words of the finding or its command)."""


@pytest.mark.parametrize("mode", [Mode.RESTORE, Mode.DRILL])
@pytest.mark.parametrize("status", [BackupStatus.FAILED, BackupStatus.SUCCESS])
def test_a_restore_is_no_backup(mode: Mode, status: BackupStatus) -> None:
    """One that failed says nothing of the last night, and one that succeeded is no success of it."""
    other = replace(night(status, 1), mode=mode)
    facts = _series(records=(other, night(BackupStatus.SUCCESS)))
    assert [one.level for one in examine(LOCAL_CHECKS, facts) if one.id == "last-backup"] == [Level.OK]
    late = _series(records=(other, night(BackupStatus.SUCCESS, 40)))
    (told,) = (one.what for one in examine(LOCAL_CHECKS, late) if one.id == "last-backup")
    assert "40 hours ago" in told


def test_where_nothing_is_wrong_all_is_well() -> None:
    """Each check says so by a sentence of its own."""
    found = examine(LOCAL_CHECKS, SOUND)
    assert {finding.level for finding in found} == {Level.OK}
    assert exit_code_of(found) is ExitCode.DONE


@pytest.mark.parametrize(("check", "facts", "level", "words"), WRONG)
def test_what_is_wrong_is_named_by_its_own_check_alone(check: str, facts: Make, level: Level, words: str) -> None:
    """With its level; the words stand in the sentence or in the command."""
    wrong = [one for one in examine(LOCAL_CHECKS, facts()) if one.level is not Level.OK]
    assert [(one.id, one.level) for one in wrong] == [(check, level)], wrong
    assert words in f"{wrong[0].what} {wrong[0].command}"
    assert wrong[0].why


def test_each_check_has_facts_that_are_wrong_for_it() -> None:
    """A check that nothing breaks would prove nothing."""
    assert {check for check, *_ in WRONG} == {check.id for check in LOCAL_CHECKS}


def test_a_fault_is_six_what_cannot_be_seen_is_three_and_a_warning_is_nothing() -> None:
    """A script may go by it."""
    codes = {
        Level.OK: ExitCode.DONE, Level.WARNING: ExitCode.DONE, Level.UNKNOWN: ExitCode.INCOMPLETE,
        Level.FAULT: ExitCode.DIFFERENT,
    }  # fmt: skip
    for level, code in codes.items():
        found = [replace(one, level=level) for one in examine(LOCAL_CHECKS[:1], SOUND)]
        assert exit_code_of(found) is code


def test_what_hangs_or_is_refused_is_unknown() -> None:
    """And only the checks that need it say so."""
    found = examine(LOCAL_CHECKS, replace(SOUND, room=Unknown("There was no answer.")))
    wrong = {one.id: one for one in found if one.level is not Level.OK}
    assert wrong.keys() == {"space"}
    assert {one.level for one in wrong.values()} == {Level.UNKNOWN}
    assert wrong["space"].what == "There was no answer."
