"""How large the parts of a copy are, and what became of them."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.domain.copying.arrival import Cause, Trouble, warnings_of
from efs_backup.domain.copying.parts import (
    LARGEST_PART_SIZE,
    SMALLEST_PART_SIZE,
    Concurrency,
    CopyReport,
    PartReport,
    Piece,
    WorkerPlan,
    concurrency_of,
    most_few,
    plan_parts,
    plan_pieces,
    plan_workers,
    share_out,
)
from efs_backup.domain.copying.rsync_output import Complaint, Fault
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.errors import BackupError, BackupFull, CopyFailed, SourceUnreadable
from efs_backup.domain.requests.tuning import JOBS_LIMIT, Tuning
from efs_backup.domain.warnings import WarningKind

HARMLESS = Complaint(Fault.HARMLESS, "failed to hard-link")
FULL = Complaint(Fault.BACKUP_FULL, '[receiver] write failed on "/b/x": No space left on device (28)', "/b/x")
REFUSED = Complaint(Fault.TARGET, '[receiver] mkstemp "/b/.x.a" failed: Read-only file system (30)', "/b/.x.a")
VANISHED = Complaint(Fault.VANISHED, 'file has vanished: "/s/gone"', "/s/gone")
UNREADABLE = Complaint(
    Fault.SOURCE_UNREADABLE, '[sender] send_files failed to open "/s/x": Permission denied (13)', "/s/x"
)

files = st.integers(0, 10**9)
sizes = st.integers(0, 10**16)
jobs = st.integers(1, JOBS_LIMIT)
kinds = st.sampled_from(["ext4", "xfs", "tmpfs", "nfs4", "fuse.efs_sim"])
concurrencies = st.builds(concurrency_of, kinds, st.integers(1, 1024))


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "fuse", "fuse.efs_sim", "cifs", "smb3", "lustre", "9p", "efs"])
def test_over_a_network_many_wait_at_a_time(kind: str) -> None:
    """Whatever the number of processors; our own walks wait as rsync does."""
    concurrency, other = concurrency_of(kind, 1), concurrency_of(kind, 64)
    of_workers = {"workers": 0, "worker_threads": 0, "workers_at_once": 0}
    assert replace(concurrency, **of_workers) == replace(other, **of_workers)
    assert concurrency.jobs > 16
    assert concurrency.changing_threads >= concurrency.jobs


@pytest.mark.parametrize("kind", ["ext4", "xfs", "tmpfs", "overlay", ""])
@pytest.mark.parametrize(("processors", "expected"), [(1, 2), (2, 3), (4, 5), (8, 9), (15, 16), (16, 16), (96, 16)])
def test_a_local_disk_is_served_by_a_few(kind: str, processors: int, expected: int) -> None:
    """One more than there are processors, within bounds; a kind that nobody knows is taken for one."""
    assert concurrency_of(kind, processors).jobs == expected


def test_over_a_network_parts_are_smaller_and_more() -> None:
    """There waiting costs most, on a local disk the start of an rsync."""
    network, local = concurrency_of("nfs4", 4), concurrency_of("ext4", 4)
    assert network.smallest_part_files < local.smallest_part_files
    assert network.largest_part_files < local.largest_part_files
    assert network.parts_per_job > local.parts_per_job
    assert network.threads > local.threads


@given(concurrencies)
def test_what_suits_a_file_system_could_be_ordered(concurrency: Concurrency) -> None:
    """No more jobs than an order may have, and nothing is left without a worker or a part."""
    assert 1 <= concurrency.jobs <= JOBS_LIMIT
    assert min(concurrency.threads, concurrency.parts_per_job) >= 1
    assert 1 <= concurrency.smallest_part_files <= concurrency.largest_part_files


@given(files, sizes, concurrencies, jobs)
def test_the_jobs_of_an_order_come_before_what_suits(
    number: int, size: int, concurrency: Concurrency, ordered: int
) -> None:
    """Where none are ordered, there are as many as suit the file system."""
    assert plan_parts(number, size, concurrency, Tuning(jobs=ordered)).jobs == ordered
    assert plan_parts(number, size, concurrency, Tuning()).jobs == concurrency.jobs


@given(files, sizes, concurrencies, st.none() | jobs)
def test_parts_are_neither_tiny_nor_huge(number: int, size: int, concurrency: Concurrency, ordered: int | None) -> None:
    """The start of one must not cost most, nor its loss hurt."""
    plan = plan_parts(number, size, concurrency, Tuning(jobs=ordered))
    assert concurrency.smallest_part_files <= plan.files <= concurrency.largest_part_files
    assert SMALLEST_PART_SIZE <= plan.size <= LARGEST_PART_SIZE


MOST = plan_pieces(Tuning())
pieces = st.lists(st.builds(Piece, st.integers(0, MOST.files), st.integers(0, 10 * LARGEST_PART_SIZE)), max_size=300)


@given(pieces, files, sizes, concurrencies)
def test_every_piece_goes_into_exactly_one_part(
    listed: list[Piece], number: int, size: int, concurrency: Concurrency
) -> None:
    """In their order, and no part is empty."""
    shares = share_out(listed, MOST, plan_parts(number, size, concurrency, Tuning()))
    assert [position for share in shares for position in share] == list(range(len(listed)))
    assert all(shares)


@given(st.integers(1, 3000), st.integers(1, 300))
def test_no_part_has_more_files_than_ordered(ordered: int, number: int) -> None:
    """However many are ordered: each piece is a part then."""
    tuning = Tuning(files_per_part=ordered)
    plan = plan_parts(10**6, 0, concurrency_of("nfs4", 2), tuning)
    most = plan_pieces(tuning)
    assert most.files == ordered
    assert len(share_out([Piece(ordered, 0)] * number, most, plan)) == number


@given(st.integers(8, 2000), st.sampled_from(["nfs4", "ext4"]), st.integers(1, 16))
def test_all_jobs_have_the_same_work(number: int, kind: str, processors: int) -> None:
    """No part is larger than another by more than a piece, and each job gets as many of them."""
    listed = [Piece(MOST.files, 0)] * number
    plan = plan_parts(number * MOST.files, 0, concurrency_of(kind, processors), Tuning())
    lengths = [len(share) for share in share_out(listed, MOST, plan)]
    assert max(lengths) - min(lengths) <= 1
    assert len(lengths) <= plan.jobs or len(lengths) % plan.jobs == 0


def test_large_files_are_shared_out_as_well() -> None:
    """Parts are bounded by bytes, too."""
    plan = plan_parts(3, 3 * LARGEST_PART_SIZE, concurrency_of("nfs4", 2), Tuning(jobs=1))
    assert share_out([Piece(1, LARGEST_PART_SIZE)] * 3, MOST, plan) == [range(1), range(1, 2), range(2, 3)]


@pytest.mark.parametrize("kind", ["ext4", "nfs4"])
def test_workers_threads_and_files_of_a_part_can_be_ordered(kind: str) -> None:
    """Whatever suits the file system."""
    concurrency = concurrency_of(kind, 2)
    ordered = Tuning(jobs=5, threads=3, files_per_part=7)
    assert plan_workers(concurrency, ordered) == WorkerPlan(5, 3, at_once=5)
    assert plan_parts(10**6, 10**9, concurrency, ordered).files == 7
    assert plan_workers(concurrency, Tuning()) == WorkerPlan(
        concurrency.workers, concurrency.worker_threads, concurrency.workers_at_once
    )


@pytest.mark.parametrize("processors", [1, 2, 3, 4, 8, 96])
def test_the_workers_send_as_many_requests_as_a_client_may(processors: int) -> None:
    """From one process for each processor, and never from more than eight; on a local disk two at a time in each."""
    concurrency = concurrency_of("nfs4", processors)
    assert JOBS_LIMIT * 0.9 < concurrency.workers * concurrency.worker_threads <= JOBS_LIMIT
    assert concurrency.workers == min(processors, 8)
    local = concurrency_of("ext4", processors)
    assert (local.workers, local.worker_threads) == (concurrency.workers, 2)
    assert (concurrency.workers_at_once, local.workers_at_once) == (concurrency.workers, 1)


@pytest.mark.parametrize(("ordered", "most"), [(None, 1000), (5000, 1000), (160, 159), (1, 0)])
def test_few_files_are_brought_by_ourselves(ordered: int | None, most: int) -> None:
    """Never as many as a part has where its size is ordered."""
    assert most_few(Tuning(files_per_part=ordered)).files == most


@given(files, sizes, concurrencies, st.none() | jobs)
def test_every_job_has_its_share_of_the_parts(
    number: int, size: int, concurrency: Concurrency, ordered: int | None
) -> None:
    """No more parts than that but where one is the largest, no fewer but where one is the smallest."""
    plan = plan_parts(number, size, concurrency, Tuning(jobs=ordered))
    share = plan.jobs * concurrency.parts_per_job
    assert plan.files * share >= number or plan.files == concurrency.largest_part_files
    assert (plan.files - 1) * share < number or plan.files == concurrency.smallest_part_files
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
    assert PartReport(1, exit_code, complaints=complaints).is_finished is is_finished


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
    assert str(PartReport(7, exit_code)) == sentence


def _part(exit_code: int | None, *complaints: Complaint, number: int = 0) -> PartReport:
    return PartReport(number, exit_code, CopyStatistics(number_of_files=1), complaints)


GOOD = _part(0)
_unreadable, _refused = Trouble("x", Cause.UNREADABLE, "Permission denied"), Trouble("y", Cause.REFUSED, "Read-only")
_shape = Trouble("z", Cause.SHAPE, "File name too long")


def _settled(*parts: PartReport, troubles: tuple[Trouble, ...] = ()) -> CopyReport:
    return CopyReport(True, (), parts, is_settled=True, troubles=troubles)


@pytest.mark.parametrize(
    "report",
    [
        _settled(),
        _settled(GOOD),
        _settled(GOOD, _part(24, VANISHED)),
        _settled(_part(23, UNREADABLE), _part(None), _part(12)),
        _settled(GOOD, troubles=(_shape, _shape)),
    ],
)
def test_a_copy_of_which_every_name_was_looked_at_has_no_fault(report: CopyReport) -> None:
    """Whatever exit codes its parts had; and one user's odd tree does not cost the others their night."""
    assert report.fault() is None


@pytest.mark.parametrize(
    ("report", "error", "words"),
    [
        (CopyReport(True, (), (GOOD,), is_full=True), BackupFull, "backup file system is full"),
        (CopyReport(True, (), (GOOD,)), CopyFailed, "stopped before its end"),
        (
            _settled(GOOD, troubles=(_unreadable,)),
            SourceUnreadable,
            r"has 1 name that cannot be read: 'x' \(Permission",
        ),
        (_settled(GOOD, troubles=(_refused, _unreadable)), CopyFailed, r"refused 1 name: 'y' \(Read-only\)"),
        (CopyReport(False, (), (GOOD,)), CopyFailed, "Not all of the source was listed"),
        (CopyReport(False, (), ()), CopyFailed, "Not all of the source was listed"),
        (CopyReport(False, ("fts_read: Input/output error",), (GOOD,)), CopyFailed, "listed: .*Input/output error"),
    ],
)
def test_a_copy_that_is_not_whole_says_why(report: CopyReport, error: type[BackupError], words: str) -> None:
    """Each cause has its error, and the sentence carries what is known; no exit code is evidence."""
    fault = report.fault()
    assert type(fault) is error
    assert re.search(words, fault.message), fault.message


def test_a_full_backup_is_the_first_reason() -> None:
    """Failures after the disk is full follow from it."""
    report = CopyReport(False, ("crawl: broke off",), (_part(None),), is_full=True, troubles=(_unreadable,))
    assert isinstance(report.fault(), BackupFull)


def test_so_many_unreadable_names_are_tolerated_as_the_operator_says() -> None:
    """And none of what the backup file system refuses."""
    report = _settled(troubles=(_unreadable, replace(_unreadable, path="other")))
    assert report.fault(tolerated=2) is None
    assert isinstance(report.fault(tolerated=1), SourceUnreadable)
    assert isinstance(_settled(troubles=(_refused,)).fault(tolerated=9), CopyFailed)


def test_a_fault_uses_the_words_of_the_caller() -> None:
    """A restore reads a snapshot and writes to a target."""
    full = CopyReport(True, (), (), is_full=True).fault("snapshot", "target")
    unread = _settled(troubles=(_unreadable,)).fault("snapshot", "target")
    crawl = CopyReport(False, (), ()).fault("snapshot", "target")
    assert [fault.message for fault in (full, unread, crawl) if fault] == [
        "The target is full.",
        "The snapshot has 1 name that cannot be read: 'x' (Permission denied).",
        "Not all of the snapshot was listed.",
    ]


def test_many_faults_make_a_short_sentence() -> None:
    """All are counted, and the first few named."""
    fault = _settled(troubles=tuple(replace(_unreadable, path=str(number)) for number in range(9))).fault()
    assert fault is not None
    assert fault.message.startswith("The source has 9 names that cannot be read: '0' (Permission denied), '1' (")
    assert fault.message.endswith(" and 6 more.")


def test_each_cause_has_its_warning() -> None:
    """With all names of it in order, whether a snapshot is published without them or not."""
    warned = warnings_of((_shape, replace(_refused, path="b"), replace(_refused, path="a"), _unreadable))
    assert [(one.kind, one.paths) for one in warned] == [
        (WarningKind.LEFT_OUT, ("z",)), (WarningKind.UNREADABLE, ("x",)), (WarningKind.REFUSED, ("a", "b")),
    ]  # fmt: skip
    assert warned[1].message == "Not copied, for it cannot be read (Permission denied)"


def test_the_statistics_of_a_copy_are_those_of_its_parts_and_of_the_look_at_them() -> None:
    """The sum counts what vanished, and what was brought one by one."""
    one = PartReport(0, 0, CopyStatistics(8, 5, 0, 800, 500, vanished_files=1))
    other = PartReport(1, 24, CopyStatistics(5, 1, 0, 50, 10), (VANISHED,))
    report = replace(_settled(one, other), vanished=2, brought=1, brought_size=7)
    assert report.statistics == CopyStatistics(13, 7, 0, 850, 517, vanished_files=3)


def test_what_had_to_be_done_by_hand_is_told_with_its_cause() -> None:
    """The operator sees that a program did not do its work, though everything is there."""
    report = replace(_settled(GOOD, _part(23, UNREADABLE, number=4)), brought=2)
    [told] = report.told()
    assert told.startswith("2 names had to be copied one by one, for part 4 ended with rsync's exit code 23")
    assert UNREADABLE.text in told
    assert list(replace(report, brought=0).told()) == []
