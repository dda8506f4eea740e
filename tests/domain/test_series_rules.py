"""The answers of a series to a backup."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from efs_backup.domain.errors import BackupChanged, SeriesMissing, SourceChanged, WrongUsage
from efs_backup.domain.requests.excludes import ExcludePattern
from efs_backup.domain.requests.requests import Asked, BackupRequest, Named
from efs_backup.domain.snapshots.identity import FileSystem, Mount, Place
from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.snapshots.retention import Retention
from efs_backup.domain.snapshots.series_file import SeriesFile, torn
from efs_backup.domain.snapshots.series_rules import Found, Settled, lost_mounts, said_once, settle
from efs_backup.domain.warnings import WarningKind

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
DISK, OTHER_DISK = FileSystem("ext4", "1111", "/dev/sda1"), FileSystem("ext4", "2222", "/dev/sdb1")
SOURCE, BACKUP = Place("/srv", DISK, 2, "/srv"), Place("/backup", OTHER_DISK, 2, "/backup")
NEWEST = "daily/20261121T020000Z"
UPLOADS = Mount("www/uploads", FileSystem("nfs4", "", "10.0.0.1:/uploads"))
FILE = SeriesFile(
    "efs-backup",
    NOW,
    SOURCE,
    (UPLOADS,),
    BACKUP,
    (ExcludePattern("*.log"),),
    60.0,
    {Interval.DAILY: Retention(30)},
    carried_out={Interval.DAILY: Retention(30)},
)
FOUND = Found(FILE, SOURCE, (UPLOADS,), BACKUP, snapshots=9, is_known=True)
EMPTY = Found(None, SOURCE, (), BACKUP, backup_holds="it is an empty directory")


def settled(
    found: Found = FOUND, interval: Interval = Interval.DAILY, *, one_file_system: bool = False, **asked: Any
) -> Settled:
    """Settle a backup of /srv to /backup."""
    order = BackupRequest("/srv", "/backup", interval=interval, one_file_system=one_file_system, asked=Asked(**asked))
    return settle(order, found, NOW)


def patterns(*texts: str) -> tuple[ExcludePattern, ...]:
    """Exclude patterns."""
    return tuple(map(ExcludePattern, texts))


def test_a_night_like_the_last_one_has_nothing_to_say() -> None:
    """The stored rules hold, and the file is as it is."""
    night = settled()
    assert (night.request.retention, night.request.excludes) == (Retention(30), FILE.excludes)
    assert (night.notes, night.warnings, night.hold, night.at_once) == ((), (), "", False)
    assert night.upon(FILE) == FILE


@pytest.mark.parametrize(
    ("given", "holds", "said"), [(2, 30, "would drop more"), (30, 30, ""), (60, 60, "holds for this backup")]
)
def test_a_flag_holds_for_once_and_never_drops_more_than_the_rule(given: int, holds: int, said: str) -> None:
    """And says so; the stored rule stays."""
    night = settled(retention=Retention(given))
    assert night.request.retention == Retention(holds)
    assert said in " ".join(night.notes)
    assert night.upon(FILE) == FILE


@pytest.mark.parametrize(
    ("given", "holds", "said"),
    [
        (Retention(daily=9), Retention(last=30, daily=9), "--keep-daily 9 holds for this backup; the rule of the"),
        (Retention(40, weekly=2), Retention(40, weekly=2), "the rule of the series is 30."),
        (Retention(weekly=150), Retention(30), "would keep too many: the rule alone holds"),
    ],
)  # fmt: skip
def test_rules_that_are_given_for_once_hold_beside_the_rule(given: Retention, holds: Retention, said: str) -> None:
    """And never cost a night: where a file could not have so many links, the rule is what counts."""
    night = settled(retention=given)
    assert (night.request.retention, night.upon(FILE)) == (holds, FILE)
    assert said in " ".join(night.notes)


def test_a_rule_is_changed_by_saving_it() -> None:
    """All that was given, at once; what was not given stays."""
    night = settled(retention=Retention(2), excludes=patterns("/tmp"), saves=True)
    assert (night.request.retention, night.request.excludes, night.at_once) == (Retention(2), patterns("/tmp"), True)
    file = night.upon(FILE)
    assert file
    assert (file.retention[Interval.DAILY], file.excludes, file.window_minutes) == (
        Retention(2),
        patterns("/tmp"),
        60.0,
    )


def test_excludes_hold_for_once() -> None:
    """Instead of the stored ones, and it is said."""
    night = settled(excludes=patterns("/cache"))
    assert night.request.excludes == patterns("/cache")
    assert "leaves out '*.log'" in night.notes[0]
    assert night.upon(FILE) == FILE


def test_what_others_wrote_meanwhile_stays() -> None:
    """A backup of another interval has begun, and somebody has changed the excludes."""
    meanwhile = replace(FILE.with_rule(Interval.WEEKLY, Retention(8)), excludes=())
    assert settled().upon(meanwhile) == meanwhile
    first = settled(replace(EMPTY, is_known=True))
    assert first.upon(meanwhile) == replace(meanwhile, mounts=()).with_rule(Interval.DAILY, Retention(7))


def test_a_first_backup_has_to_be_meant() -> None:
    """An unmounted BACKUP looks like a first one."""
    with pytest.raises(SeriesMissing, match="it is an empty directory") as raised:
        settled(EMPTY)
    assert "--init" in raised.value.next_step
    first = settled(EMPTY, init=True, retention=Retention(3), excludes=patterns("a"), window_minutes=5.0)
    assert first.at_once
    assert first.upon(None) == SeriesFile(
        "efs-backup",
        NOW,
        SOURCE,
        (),
        BACKUP,
        patterns("a"),
        5.0,
        {Interval.DAILY: Retention(3)},
        carried_out={Interval.DAILY: Retention(3)},
    )


def test_a_series_whose_snapshots_are_all_gone_begins_anew_only_if_that_is_meant() -> None:
    """Its file knows the newest; a file that knows of none is of a first backup that did not end."""
    known = replace(FILE, newest=NEWEST)
    assert settled(replace(FOUND, is_known=False)).notes == ()
    assert settled(replace(FOUND, file=known)).upon(known) == known
    gone = replace(FOUND, file=known, snapshots=0, is_known=False, backup_holds="it holds 'efs-backup'")
    with pytest.raises(SeriesMissing, match=rf"the newest, {NEWEST}, is noted") as raised:
        settled(gone)
    assert "it holds 'efs-backup'" in raised.value.message
    assert "--init" in raised.value.next_step
    anew = settled(gone, init=True)
    assert NEWEST in anew.notes[0]
    assert anew.at_once
    assert anew.upon(known) == FILE
    assert anew.upon(known, "daily/20261122T020000Z") == replace(FILE, newest="daily/20261122T020000Z")


def test_even_a_meant_one_does_not_fill_what_fstab_says_is_not_mounted() -> None:
    """--init may be in the environment for ever."""
    with pytest.raises(SeriesMissing, match="/etc/fstab has a file system at '/backup'"):
        settled(replace(EMPTY, unmounted="/backup"), init=True)


@pytest.mark.parametrize(
    ("given", "recorded", "snapshots", "rule"),
    [(None, None, 3, 7), (None, None, 30, 30), (None, 14, 30, 14), (5, None, 30, 5), (5, 14, 30, 14), (20, 14, 30, 20),
     (None, None, 500, 170)],
)  # fmt: skip
def test_a_series_of_an_earlier_version_is_adopted_with_the_rule_that_it_had(
    given: int | None, recorded: int | None, snapshots: int, rule: int
) -> None:
    """The rule is what the last backup was told to keep; a forgotten option never drops what is there."""
    found = replace(
        EMPTY, is_known=True, snapshots=snapshots, recorded=Retention(recorded) if recorded else None, mounts=(UPLOADS,)
    )
    night = settled(found, retention=Retention(given) if given else None)
    assert night.request.retention == Retention(rule)
    assert "made by an earlier version" in night.notes[0]
    file = night.upon(None)
    assert file
    assert (file.mounts, file.retention) == ((UPLOADS,), {Interval.DAILY: Retention(rule)})


def test_another_interval_of_a_known_label_just_begins() -> None:
    """The source is known to be the right one."""
    night = settled(replace(FOUND, snapshots=0), Interval.WEEKLY, retention=Retention(8))
    assert night.at_once
    assert night.request.retention == Retention(8)
    assert "The weekly series begins" in night.notes[0]
    file = night.upon(FILE)
    assert file
    assert file.retention == {Interval.DAILY: Retention(30), Interval.WEEKLY: Retention(8)}


def test_a_new_rule_that_needs_more_links_than_a_file_can_have_is_refused() -> None:
    """Series of a label share their files, so the sum counts, with pins and a spare of each; the numbers are told."""
    begins = replace(FOUND, snapshots=0, pins=2)
    assert settled(begins, Interval.WEEKLY, retention=Retention(136)).notes[1:] == ()
    with pytest.raises(WrongUsage, match=r"171 hard links .*\(daily 30, weekly 137, 2 pins, 2 spares\), above .* 170"):
        settled(begins, Interval.WEEKLY, retention=Retention(137))
    with pytest.raises(WrongUsage, match=r"daily 170 \(daily 100, monthly 68, yearly 2\), 2 pins, 1 spare"):
        settled(begins, retention=Retention(daily=100, monthly=68, yearly=2), saves=True)


def test_a_series_that_is_beyond_the_budget_by_an_older_rule_goes_on_and_says_so() -> None:
    """And a rule that keeps less is taken, though it is beyond the budget still."""
    full = replace(FOUND, file=FILE.with_rule(Interval.WEEKLY, Retention(150)))
    assert any("keep 180 snapshots together" in note for note in settled(full).notes)
    assert settled(full, Interval.WEEKLY, retention=Retention(149), saves=True).request.retention == Retention(149)
    with pytest.raises(WrongUsage, match="above the budget"):
        settled(full, Interval.WEEKLY, retention=Retention(151), saves=True)


CHANGED_SOURCES = {
    "another path and directory": Place("/other", DISK, 99, "/"),
    "another file system at the path": replace(SOURCE, file_system=OTHER_DISK),
    "the directory below the mount point": Place("/srv", FileSystem("ext4", "", "/dev/sda3"), 77, "/"),
}


@pytest.mark.parametrize("source", CHANGED_SOURCES.values(), ids=CHANGED_SOURCES)
def test_another_source_is_refused_and_can_be_meant(source: Place) -> None:
    """With what was found, and the option; then the file has the new one."""
    found = replace(FOUND, source=source)
    with pytest.raises(SourceChanged) as raised:
        settled(found)
    assert "--source-moved" in raised.value.next_step
    assert str(source.file_system) in raised.value.message
    meant = settled(found, source_moved=True)
    assert meant.at_once
    assert meant.upon(FILE) == replace(FILE, source=source)


def test_another_source_that_is_said_to_begin_is_put_beside_and_nothing_is_dropped() -> None:
    """--init in the environment for ever must not let one source push out the other."""
    night = settled(replace(FOUND, source=CHANGED_SOURCES["another path and directory"]), init=True)
    assert [warned.kind for warned in night.warnings] == [WarningKind.ANOTHER_SOURCE]
    assert night.hold
    assert night.file is None


@pytest.mark.parametrize("source", list(CHANGED_SOURCES.values())[1:], ids=list(CHANGED_SOURCES)[1:])
def test_a_source_that_is_not_mounted_is_refused_whatever_is_said_to_begin(source: Place) -> None:
    """Nobody has typed another path."""
    with pytest.raises(SourceChanged):
        settled(replace(FOUND, source=source), init=True)


def test_a_source_that_was_moved_is_noted() -> None:
    """The same directory under another path."""
    night = settled(replace(FOUND, source=replace(SOURCE, path="/new", mount_point="/new")))
    assert "It is the same directory" in night.notes[0]
    assert night.at_once


@pytest.mark.parametrize("now", [(), (replace(UPLOADS, file_system=DISK),)])
def test_a_missing_mount_is_refused_and_can_be_meant(now: tuple[Mount, ...]) -> None:
    """Gone, or another file system in its place."""
    found = replace(FOUND, mounts=now)
    with pytest.raises(SourceChanged, match=r"'www/uploads' there was 10\.0\.0\.1:/uploads"):
        settled(found, init=True)
    meant = settled(found, source_moved=True)
    assert meant.upon(FILE) == replace(FILE, mounts=now)


PASSING = Mount("run/user/1000", FileSystem("tmpfs", "", "tmpfs", 1000))


def test_a_missing_mount_that_passes_is_warned_of_where_the_last_snapshot_has_it() -> None:
    """Nothing is dropped for it, and it is expected until a snapshot is without it; else it goes in silence."""
    found = replace(FOUND, file=replace(FILE, mounts=(PASSING, UPLOADS)))
    night = settled(replace(found, held=frozenset({PASSING.path})))
    assert [(warned.kind, warned.paths) for warned in night.warnings] == [
        (WarningKind.MOUNT_MISSING, ("run/user/1000",))
    ]
    assert "nothing is dropped" in night.hold
    assert night.file
    assert night.file.mounts == (PASSING, UPLOADS)
    silent = settled(found)
    assert (silent.warnings, silent.hold, silent.file) == ((), "", FILE)


@pytest.mark.parametrize(
    ("mount", "is_refused"),
    [(UPLOADS, True), (Mount("sub", FileSystem("tmpfs", "", "none")), True), (PASSING, False),
     (Mount("merged", FileSystem("overlay", "", "overlay")), False),
     (Mount("remote", FileSystem("fuse.sshfs", "", "host:/", 1000)), False),
     (Mount("bucket", FileSystem("fuse.s3fs", "", "s3fs")), True)],
)  # fmt: skip
def test_a_mount_that_is_lost_meanwhile_is_refused_unless_users_and_containers_end_it(
    mount: Mount, is_refused: bool
) -> None:
    """A mount that users or containers end could cost everybody the night."""
    night = settled(replace(FOUND, mounts=(UPLOADS, mount)))
    assert lost_mounts(night, (UPLOADS, mount)) is None
    rest = tuple({UPLOADS} - {mount})
    if is_refused:
        with pytest.raises(SourceChanged, match="unmounted during the backup"):
            lost_mounts(night, rest)
    else:
        lost = lost_mounts(night, rest)
        assert lost
        assert (lost.kind, lost.paths) == (WarningKind.MOUNT_MISSING, (mount.path,))


@pytest.mark.parametrize("excludes", ["/www", "/www/uploads", "uploads", "www/*"])
def test_a_mount_that_is_left_out_is_not_missed(excludes: str) -> None:
    """By its name or by a directory above it; what is left out for once is expected again."""
    once = settled(replace(FOUND, mounts=()), excludes=patterns(excludes))
    assert once.upon(FILE) == FILE
    assert settled(replace(FOUND, mounts=()), one_file_system=True).upon(FILE) == FILE
    for_good = settled(replace(FOUND, mounts=()), excludes=patterns(excludes), saves=True).upon(FILE)
    assert for_good
    assert for_good.mounts == ()
    first = settled(replace(EMPTY, mounts=(UPLOADS,)), init=True, excludes=patterns(excludes))
    assert first.file
    assert first.file.mounts == ()


def test_a_new_mount_is_noted_and_expected_once_it_is_backed_up() -> None:
    """Not before: a backup that fails has not seen it."""
    new = Mount("more", DISK)
    night = settled(replace(FOUND, mounts=(UPLOADS, new)))
    assert "New in the source" in night.notes[0]
    assert not night.at_once
    assert night.upon(FILE) == replace(FILE, mounts=(new, UPLOADS))


def test_a_backup_on_another_file_system_is_refused_where_it_can_be_told() -> None:
    """By their UUIDs alone; one who gives ids has checked what he mounted."""
    elsewhere = replace(FOUND, backup=replace(BACKUP, file_system=DISK))
    with pytest.raises(BackupChanged) as raised:
        settled(elsewhere)
    assert "--backup-moved" in raised.value.next_step
    assert settled(elsewhere, backup_moved=True).upon(FILE) == replace(FILE, backup=elsewhere.backup)
    assert settled(elsewhere, named=Named("fs-1", "fs-1:/", "fs-2")).hold == ""
    unknown = replace(FOUND, backup=replace(BACKUP, file_system=FileSystem("nfs4", "", "10.0.0.9:/")))
    assert settled(unknown).hold == ""


def test_a_torn_file_lets_the_backup_go_on_and_drops_nothing() -> None:
    """A torn file is not written over: a person decides."""
    night = settled(replace(FOUND, file=torn("/backup/series.json", "odd"), recorded=Retention(14)))
    assert [warned.kind for warned in night.warnings] == [WarningKind.SERIES_TORN]
    assert "remove it" in night.hold
    assert (night.file, night.request.retention) == (None, Retention(14))


def test_a_file_without_a_source_takes_what_is_there() -> None:
    """A person has taken it out, to say that the next one is right."""
    night = settled(
        replace(FOUND, file=replace(FILE, source=None), source=CHANGED_SOURCES["another path and directory"])
    )
    assert night.file
    assert night.file.source == CHANGED_SOURCES["another path and directory"]


def test_what_is_so_each_night_is_said_in_the_first_one_alone() -> None:
    """The series remembers; where its file cannot be written it is said again, and so is something else."""
    first, is_new = said_once(settled(), "rsync 3.2.7")
    assert is_new
    stored = first.upon(FILE)
    assert stored is not None
    assert SeriesFile.parse(stored.to_text(), "here").told == ("rsync 3.2.7",)
    again = replace(settled(), file=stored)
    assert said_once(again, "rsync 3.2.7") == (again, False)
    assert said_once(again, "rsync 3.3.0")[1]
    torn_file = replace(settled(), file=None)
    assert said_once(torn_file, "rsync 3.2.7") == (torn_file, True)
