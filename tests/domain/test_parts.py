"""How large the parts of a copy are, and what became of them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.backup import CopyStatistics
from efs_backup.domain.errors import BackupError, BackupFull, CopyFailed, SourceUnreadable
from efs_backup.domain.parts import (
    JOBS_LIMIT,
    LARGEST_PART_FILES,
    LARGEST_PART_SIZE,
    SMALLEST_PART_FILES,
    SMALLEST_PART_SIZE,
    CopyReport,
    PartReport,
    default_jobs,
    plan_parts,
)
from efs_backup.domain.rsync_output import Complaint, Fault

HARMLESS = Complaint(Fault.HARMLESS, "failed to hard-link")
VANISHED = Complaint(Fault.VANISHED, 'file has vanished: "/s/gone"', "/s/gone")
UNREADABLE = Complaint(
    Fault.SOURCE_UNREADABLE, '[sender] send_files failed to open "/s/x": Permission denied (13)', "/s/x"
)
FULL = Complaint(Fault.BACKUP_FULL, '[receiver] write failed on "/b/x": No space left on device (28)', "/b/x")
REFUSED = Complaint(Fault.TARGET, '[receiver] mkstemp "/b/.x.a" failed: Read-only file system (30)', "/b/.x.a")

files = st.integers(0, 10**9)
sizes = st.integers(0, 10**16)
jobs = st.integers(1, JOBS_LIMIT)


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "fuse", "fuse.efs_sim", "cifs", "smb3", "lustre", "9p", "efs"])
def test_many_jobs_wait_for_a_network(kind: str) -> None:
    """On either side, and whatever the number of processors."""
    assert default_jobs(1, ["ext4", kind]) == default_jobs(64, [kind, "xfs"]) == default_jobs(4, [kind]) > 16


@pytest.mark.parametrize(("processors", "expected"), [(1, 2), (2, 4), (4, 8), (8, 16), (96, 16)])
def test_a_local_disk_is_served_by_a_few(processors: int, expected: int) -> None:
    """Two for each processor, within bounds."""
    assert default_jobs(processors, ["ext4", "xfs", "tmpfs", "overlay"]) == expected


@given(st.integers(1, 1024), st.lists(st.sampled_from(["ext4", "nfs4", "xfs", "fuse"])))
def test_the_default_is_a_number_that_can_be_ordered(processors: int, kinds: list[str]) -> None:
    """It is never above the limit of an order."""
    assert 1 <= default_jobs(processors, kinds) <= JOBS_LIMIT


@given(files, sizes, jobs)
def test_parts_are_neither_tiny_nor_huge(number: int, size: int, at_a_time: int) -> None:
    """The start of one must not cost most, nor its loss hurt."""
    plan = plan_parts(number, size, at_a_time)
    assert plan.jobs == at_a_time
    assert SMALLEST_PART_FILES <= plan.files <= LARGEST_PART_FILES
    assert SMALLEST_PART_SIZE <= plan.size <= LARGEST_PART_SIZE


@given(files, sizes, jobs)
def test_there_are_about_four_parts_for_each_job(number: int, size: int, at_a_time: int) -> None:
    """No more than that but where a part is the largest, no fewer but where it is the smallest."""
    share, plan = 4 * at_a_time, plan_parts(number, size, at_a_time)
    assert plan.files * share >= number or plan.files == LARGEST_PART_FILES
    assert (plan.files - 1) * share < number or plan.files == SMALLEST_PART_FILES
    assert plan.size * share >= size or plan.size == LARGEST_PART_SIZE
    assert (plan.size - 1) * share < size or plan.size == SMALLEST_PART_SIZE


@pytest.mark.parametrize(
    ("exit_code", "complaints", "is_finished"),
    [
        (0, (), True),
        (0, (HARMLESS,), True),
        (24, (VANISHED,), True),
        (23, (VANISHED,), True),
        (23, (HARMLESS, VANISHED), True),
        (23, (), False),
        (23, (UNREADABLE,), False),
        (23, (REFUSED,), False),
        (23, (FULL,), False),
        (23, (VANISHED, UNREADABLE), False),
        (11, (FULL,), False),
        (11, (VANISHED,), False),
        (12, (), False),
        (20, (), False),
        (137, (), False),
        (None, (), False),
        (None, (VANISHED,), False),
    ],
)
def test_a_part_is_finished_when_all_that_was_still_there_is_copied(
    exit_code: int | None, complaints: tuple[Complaint, ...], is_finished: bool
) -> None:
    """An error without a complaint is no excuse, and a part that never said how it ended is lost."""
    assert PartReport(1, 5, exit_code, complaints=complaints).is_finished is is_finished


@pytest.mark.parametrize(
    ("listed", "found", "complaints", "vanished"),
    [
        (5, 5, (), 0),
        (5, 3, (), 2),
        (5, 5, (VANISHED,), 1),
        (5, 4, (VANISHED,), 2),
        (5, 5, (HARMLESS, UNREADABLE), 0),
        (1, 2, (), 0),
    ],
)
def test_vanished_is_what_rsync_did_not_find_or_lost_later(
    listed: int, found: int, complaints: tuple[Complaint, ...], vanished: int
) -> None:
    """Before it made its list it says nothing, after that it complains."""
    part = PartReport(1, listed, 0, CopyStatistics(number_of_files=found), complaints)
    assert part.vanished == vanished


@pytest.mark.parametrize(
    ("exit_code", "sentence"),
    [
        (None, "part 7 never finished"),
        (23, "part 7 ended with rsync's exit code 23 (some files were not copied)"),
        (20, "part 7 ended with rsync's exit code 20 (stopped by a signal)"),
        (137, "part 7 ended with rsync's exit code 137 (killed or unknown)"),
    ],
)
def test_a_part_says_how_it_ended(exit_code: int | None, sentence: str) -> None:
    """In words, beside the number."""
    assert str(PartReport(7, 5, exit_code)) == sentence


def _part(exit_code: int | None, *complaints: Complaint, number: int = 0) -> PartReport:
    return PartReport(number, 1, exit_code, CopyStatistics(number_of_files=1), complaints)


GOOD = _part(0)


@pytest.mark.parametrize(
    "parts", [(), (GOOD,), (GOOD, _part(24, VANISHED)), (_part(23, VANISHED, HARMLESS), _part(0, HARMLESS))]
)
def test_a_whole_copy_has_no_fault(parts: tuple[PartReport, ...]) -> None:
    """Vanished files and links that became copies are none; an empty source has no parts."""
    assert CopyReport(True, (), parts).fault() is None


@pytest.mark.parametrize(
    ("report", "error", "words"),
    [
        (CopyReport(True, (), (GOOD, _part(11, FULL))), BackupFull, "backup file system is full"),
        (CopyReport(True, (), (_part(23, UNREADABLE),)), SourceUnreadable, "'/s/x'.*Permission denied"),
        (CopyReport(True, ("./d: Permission denied",), (GOOD,)), SourceUnreadable, "listed: ./d: Permission denied"),
        (CopyReport(True, (), (GOOD, _part(23, REFUSED))), CopyFailed, "1 of 2 parts.*Read-only file system"),
        (CopyReport(True, (), (GOOD, _part(None, number=1))), CopyFailed, "1 of 2 parts .* part 1 never finished"),
        (CopyReport(True, (), (_part(137),)), CopyFailed, r"exit code 137 \(killed or unknown\)"),
        (CopyReport(True, (), (_part(23),)), CopyFailed, "exit code 23"),
        (CopyReport(False, (), (GOOD,)), CopyFailed, "fpart did not reach the end"),
        (CopyReport(False, (), ()), CopyFailed, "fpart did not reach the end"),
        (CopyReport(False, ("fts_read: Input/output error",), (GOOD,)), CopyFailed, "end.*Input/output error"),
    ],
)
def test_a_copy_that_is_not_whole_says_why(report: CopyReport, error: type[BackupError], words: str) -> None:
    """Each cause has its error, and the sentence carries what is known."""
    fault = report.fault()
    assert type(fault) is error
    assert re.search(words, fault.message), fault.message


def test_a_full_backup_is_the_first_reason() -> None:
    """What fails after the disk is full follows from it."""
    parts = (_part(23, UNREADABLE), _part(None), _part(11, REFUSED, FULL))
    assert isinstance(CopyReport(False, ("crawl: broke off",), parts).fault(), BackupFull)


def test_an_unreadable_source_is_told_before_parts_that_are_lost() -> None:
    """It is what the operator can mend."""
    assert isinstance(CopyReport(True, (), (_part(None), _part(23, UNREADABLE))).fault(), SourceUnreadable)


def test_a_fault_uses_the_words_of_the_caller() -> None:
    """A restore reads a snapshot and writes to a target."""
    full = CopyReport(True, (), (_part(11, FULL),)).fault("snapshot", "target")
    unread = CopyReport(True, (), (_part(23, UNREADABLE),)).fault("snapshot", "target")
    crawl = CopyReport(False, (), ()).fault("snapshot", "target")
    assert [fault.message.partition(";")[0] for fault in (full, unread, crawl) if fault] == [
        "The target is full.",
        "1 reads of the snapshot failed: '/s/x'",
        "fpart did not reach the end of the snapshot.",
    ]


def test_many_faults_make_a_short_sentence() -> None:
    """All are counted, the first few named."""
    unreadable = [Complaint(Fault.SOURCE_UNREADABLE, "said", f"/s/{number}") for number in range(9)]
    fault = CopyReport(True, (), (_part(23, *unreadable),)).fault()
    assert fault is not None
    assert "9 reads" in fault.message
    assert "'/s/0', '/s/1', '/s/2' and 6 more" in fault.message
    assert "/s/3" not in fault.message


def test_the_statistics_of_a_copy_are_those_of_its_parts() -> None:
    """With what vanished in all of them."""
    one = PartReport(0, 10, 0, CopyStatistics(8, 5, 0, 800, 500))
    other = PartReport(1, 5, 24, CopyStatistics(5, 1, 0, 50, 10), (VANISHED,))
    assert CopyReport(True, (), (one, other)).statistics == CopyStatistics(13, 6, 0, 850, 510, vanished_files=3)


def test_only_finished_parts_are_counted_as_finished() -> None:
    """A next backup continues from these."""
    assert CopyReport(False, (), (GOOD, _part(None), _part(23, UNREADABLE), _part(24, VANISHED))).finished_parts == 2
