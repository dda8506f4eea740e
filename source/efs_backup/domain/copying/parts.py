"""The parts of a copy: how large, and what became of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import ceil

from efs_backup.domain.copying.arrival import Trouble, fault_of
from efs_backup.domain.copying.commands import (
    RSYNC_EXIT_CODES,
    RSYNC_SOME_FILES_FAILED,
    RSYNC_SOME_FILES_VANISHED,
    PartSizes,
)
from efs_backup.domain.copying.rsync_output import Complaint, Fault
from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.errors import BackupError, BackupFull, CopyFailed
from efs_backup.domain.humanize import counted
from efs_backup.domain.requests.tuning import JOBS_LIMIT, Tuning

SMALLEST_PART_SIZE = 256 * 1024**2
LARGEST_PART_SIZE = 4 * 1024**3
MOST_FEW_FILES = 1000
MOST_FEW_SIZE = 256 * 1024**2
MOST_PIECE_FILES = 50
MOST_PIECE_SIZE = 64 * 1024**2

_NETWORK_KINDS = ("nfs", "fuse", "cifs", "smb", "lustre", "9p", "ceph", "beegfs", "afs", "efs")
_MOST_WORKERS = 8
_LEAST_WEIGHT = 1e-6
_GOOD_CODES = frozenset({0, RSYNC_SOME_FILES_VANISHED})


@dataclass(frozen=True)
class Concurrency:
    """How much is done at a time on a file system.

    jobs, parts_per_job, smallest_part_files, largest_part_files: of fpsync. threads, changing_threads: of our own walks
    in this process, which list or also change. workers, worker_threads: of the walk that copies; workers_at_once: with
    how many it begins.
    Measured on a simulated EFS and on a local disk (docs/performance.md).
    """

    jobs: int
    parts_per_job: int
    smallest_part_files: int
    largest_part_files: int
    threads: int
    changing_threads: int
    workers: int
    worker_threads: int
    workers_at_once: int


def concurrency_of(kind: str, processors: int) -> Concurrency:
    """Choose what suits a file system of this kind.

    Over a network every operation waits: as many at a time as the client sends. On a local disk processors are the
    limit, so that the start of each further process, and each further thread of Python, only costs: a small tree needs
    one worker alone; two threads are in each, for one of them waits for a cold disk.
    """
    workers = max(1, min(processors, _MOST_WORKERS))
    if is_over_a_network(kind):
        return Concurrency(32, 2, 150, 2000, 16, 64, workers, JOBS_LIMIT // workers, workers)
    return Concurrency(max(2, min(processors + 1, 16)), 1, 2500, 10_000, 2, 2, workers, 2, 1)


def is_over_a_network(kind: str) -> bool:
    """Whether a file system of this kind is that of a server."""
    return kind.startswith(_NETWORK_KINDS)


def plan_parts(files: int, size: int, concurrency: Concurrency, tuning: Tuning) -> PartSizes:
    """Plan some parts for each job: all end at about the same time, and none is so small that its start costs most."""
    jobs = tuning.jobs or concurrency.jobs
    share = jobs * concurrency.parts_per_job
    fitting = max(concurrency.smallest_part_files, min(-(-files // share), concurrency.largest_part_files))
    return PartSizes(
        jobs,
        tuning.files_per_part or fitting,
        max(SMALLEST_PART_SIZE, min(-(-size // share), LARGEST_PART_SIZE)),
    )


@dataclass(frozen=True)
class WorkerPlan:
    """How many copy workers there are at most, how many threads each has, and how many workers begin at once."""

    workers: int
    threads: int
    at_once: int


def plan_workers(concurrency: Concurrency, tuning: Tuning) -> WorkerPlan:
    """Plan the workers of a walk, as the operator wishes or as suits the file systems; wishes begin at once."""
    return WorkerPlan(
        tuning.jobs or concurrency.workers, tuning.threads or concurrency.worker_threads,
        tuning.jobs or concurrency.workers_at_once,
    )  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """Some files that are listed together: how many, and the bytes of their contents."""

    files: int
    size: int


def plan_pieces(tuning: Tuning) -> Piece:
    """The most that one piece holds: parts are made of whole pieces, once it is known how many there are."""
    return Piece(tuning.files_per_part or MOST_PIECE_FILES, MOST_PIECE_SIZE)


def most_few(tuning: Tuning) -> Piece:
    """Return the most that we bring ourselves, one by one: fpsync and its rsyncs would have to start first.

    Where parts shall have fewer files, as soon as there is a part's worth.
    """
    return Piece(
        min(tuning.files_per_part - 1 if tuning.files_per_part else MOST_FEW_FILES, MOST_FEW_FILES), MOST_FEW_SIZE
    )


def share_out(pieces: Sequence[Piece], most: Piece, sizes: PartSizes) -> list[range]:
    """The pieces of each part, by their positions; `most` is what one piece may hold.

    Parts are of equal weight, and few, and each job gets the same number of them where there are more parts than jobs.
    A piece goes to the part in which its middle lies. Where a part may hold no more than a piece, each piece is one.
    """
    if sizes.files <= most.files:
        return [range(position, position + 1) for position in range(len(pieces))]
    weights = [max(piece.files / sizes.files, piece.size / sizes.size, _LEAST_WEIGHT) for piece in pieces]
    whole = sum(weights)
    parts = max(1, ceil(whole - _LEAST_WEIGHT * len(pieces)))
    if parts > sizes.jobs:
        parts = -(-parts // sizes.jobs) * sizes.jobs
    middles = [end - weight / 2 for weight, end in zip(weights, accumulate(weights), strict=True)]
    chosen = [int(middle / whole * parts) for middle in middles]
    starts = [position for position, part in enumerate(chosen) if position == 0 or part != chosen[position - 1]]
    return [range(start, end) for start, end in pairwise((*starts, len(pieces)))]


@dataclass(frozen=True)
class PartReport:
    """The report on one part: its exit code as rsync's (None: it never said one), and what it said."""

    number: int
    exit_code: int | None
    statistics: CopyStatistics = CopyStatistics()
    complaints: tuple[Complaint, ...] = ()

    @property
    def is_finished(self) -> bool:
        """Whether it says that everything in it is copied that was still there."""
        if self.exit_code in _GOOD_CODES:
            return True
        excused = {found.fault for found in self.complaints} <= {Fault.HARMLESS, Fault.VANISHED}
        return self.exit_code == RSYNC_SOME_FILES_FAILED and bool(self.complaints) and excused

    @property
    def is_full(self) -> bool:
        """Whether the backup file system had no space for it."""
        return any(found.fault is Fault.BACKUP_FULL for found in self.complaints)

    def __str__(self) -> str:
        if self.exit_code is None:
            return f"part {self.number} never finished"
        meaning = RSYNC_EXIT_CODES.get(self.exit_code, "killed or unknown")
        return f"part {self.number} ended with rsync's exit code {self.exit_code} ({meaning})"


@dataclass(frozen=True)
class CopyReport:
    """A whole copy: whether all parts were listed, what was said about that, the parts, and what a look at them found.

    is_settled: every name that another program was asked to bring was looked at: `vanished` of them are gone from the
    source, `brought` of them, of brought_size bytes, were copied one by one, and `troubles` are not in the copy.
    """

    crawl_finished: bool
    crawl_complaints: tuple[str, ...]
    parts: tuple[PartReport, ...]
    is_full: bool = False
    is_settled: bool = False
    vanished: int = 0
    brought: int = 0
    brought_size: int = 0
    troubles: tuple[Trouble, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def statistics(self) -> CopyStatistics:
        """The sum over all parts and what came after them; linked files are counted elsewhere."""
        copied = sum((part.statistics for part in self.parts), CopyStatistics())
        return copied + CopyStatistics(
            number_of_files_transferred=self.brought,
            total_transferred_file_size=self.brought_size,
            vanished_files=self.vanished,
        )

    def fault(
        self, source: str = "source", target: str = "backup file system", tolerated: int = 0
    ) -> BackupError | None:
        """Why this copy is not whole, the most telling reason first; None where everything is there that can be.

        tolerated: so many unreadable names are no fault. No exit code is evidence: fpsync's is 0 after a killed rsync,
        and 1 after a harmless warning; an rsync's is 0 where a second one takes the remains of the first for done.
        """
        if self.is_full:
            return BackupFull(f"The {target} is full.")
        if not self.crawl_finished:
            said = f": {'; '.join(self.crawl_complaints[:3])}" if self.crawl_complaints else ""
            return CopyFailed(f"Not all of the {source} was listed{said}.")
        if not self.is_settled:
            return CopyFailed("The copy was stopped before its end.")
        return fault_of(self.troubles, tolerated, source, target)

    def told(self) -> Iterator[str]:
        """Tell what is no failure, and good to know."""
        yield from self.notes
        unfinished = [part for part in self.parts if not part.is_finished]
        if self.brought:
            said = next((found.text for part in unfinished for found in part.complaints), "")
            detail = f"; it said: {said}" if said else ""
            cause = f"{unfinished[0]}{detail}" if unfinished else "they were not there as they are in the source"
            yield f"{counted(self.brought, 'name')} had to be copied one by one, for {cause}."
