"""Results of a drill: what was chosen, what came of it, and what that says of everything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from efs_backup.domain.drill.choice import BUCKETS, Figures, SizeClass, bucket_of
from efs_backup.domain.drill.estimate import Measured, Rates, Stratum, bad_share_below, seconds_for
from efs_backup.domain.errors import ExitCode

MOST_FINDINGS = 1_000
"""The most findings that are told by name."""


class DrillStatus(StrEnum):
    """How a drill ended."""

    PASSED = "Passed"
    DIFFERENT = "Different"
    FAILED = "Failed"
    INCOMPLETE = "Incomplete"


class Group(StrEnum):
    """Why a file is restored: it is pinned, it was drawn, or its directory was, by which the speed is measured."""

    PINNED = "pinned"
    SMALL = "small"
    LARGE = "large"
    SPEED = "speed"


class Verdict(StrEnum):
    """The verdict on a file that a drill has restored."""

    EQUAL = "equal"
    DIFFERENT = "different"
    MISSING = "missing"


class Place(StrEnum):
    """Where a file is not as it was sealed: already in the snapshot, or only as it was restored."""

    SNAPSHOT = "snapshot"
    RESTORE = "restore"


@dataclass(frozen=True)
class Finding:
    """A file that is not as it was sealed. aspects: in what it differs; none where it is missing."""

    path: str
    group: Group
    verdict: Verdict
    place: Place
    aspects: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drawn:
    """A file that was drawn; sha256: of its content, as it was sealed, "" where it is not known or there is none."""

    path: str
    size: int
    sha256: str


@dataclass
class Tally:
    """The outcome of a group's files: how many there are, their bytes, and how many have each verdict.

    without_hash: those of which the content could not be compared, for its hash was never known. seconds: of their
    restore; start: of one that begins alike.
    """

    figures: Figures = Figures()
    equal: int = 0
    different: int = 0
    missing: int = 0
    without_hash: int = 0
    seconds: float = 0.0
    start: float = 0.0

    def add(self, size: int, verdict: Verdict, *, has_hash: bool = True) -> None:
        """Count a file of so many bytes."""
        self.figures += Figures(1, size)
        self.without_hash += verdict is Verdict.EQUAL and not has_hash
        setattr(self, verdict, getattr(self, verdict) + 1)

    @property
    def bad(self) -> int:
        """Files that are not as they were sealed."""
        return self.different + self.missing

    @property
    def compared(self) -> int:
        """Files of which it is known whether they are as they were sealed."""
        return self.figures.files - self.without_hash

    @property
    def measured(self) -> Measured:
        """The group's restore as a measurement: what was restored, and how long it took."""
        return Measured(self.figures.files, self.figures.size, self.seconds, self.start)


@dataclass
class Bucket:
    """The files of a bucket of sizes: how many there are, and what came of those that were restored."""

    files: int = 0
    equal: int = 0
    different: int = 0
    missing: int = 0

    def add(self, verdict: Verdict) -> None:
        """Count a file that was restored."""
        setattr(self, verdict, getattr(self, verdict) + 1)


class Tallies:
    """The outcome of all that a drill has restored. buckets: how many files there are in each bucket of sizes."""

    def __init__(self, buckets: Sequence[int] = ()) -> None:
        self.groups: dict[Group, Tally] = {}
        self.buckets = [Bucket(files) for files in buckets or [0] * (len(BUCKETS) + 1)]
        self.findings: list[Finding] = []

    def of(self, group: Group) -> Tally:
        """The tally of a group."""
        return self.groups.setdefault(group, Tally())

    def add(self, group: Group, size: int, finding: Finding | None, *, has_hash: bool = True) -> None:
        """Count a file of so many bytes; without a finding it is as it was sealed."""
        verdict = finding.verdict if finding else Verdict.EQUAL
        self.of(group).add(size, verdict, has_hash=has_hash)
        self.buckets[bucket_of(size)].add(verdict)
        if finding and len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)


@dataclass(frozen=True)
class DrillPlan:
    """The plan of a drill: what it restores, and by what that was chosen.

    snapshot, seal_sha256, manifest_sha256, sealed: what it is measured by. day, seed: of the draws. whole: how much the
    snapshot has of each class. pinned: paths. drawn: the random files by their class. too_large: files that were drawn,
    and left out for the bytes that were asked for. directories: how many were drawn for the speed.
    """

    label: str
    series: str
    snapshot: str
    seal_sha256: str
    manifest_sha256: str
    sealed: datetime
    day: str
    seed: str
    whole: Mapping[SizeClass, Figures]
    pinned: tuple[str, ...] = ()
    drawn: Mapping[SizeClass, Sequence[Drawn]] = field(default_factory=dict)
    too_large: Figures = Figures()
    directories: int = 0

    @property
    def all(self) -> Figures:
        """How much the snapshot has."""
        return sum(self.whole.values(), Figures())

    @property
    def random(self) -> int:
        """How many files were drawn, and fit."""
        return sum(map(len, self.drawn.values()))


@dataclass(frozen=True)
class DrillResult:
    """A drill and its reasons. It holds no path of the machine that it ran on.

    started: aware. machine: what it ran on. kinds: the file systems of the snapshot and of the scratch directory.
    failure, remedy: why it could not be done, and what to do; "" where it was. notes: what is no failure, and good to
    know.
    """

    plan: DrillPlan
    started: datetime
    seconds: float
    program: str
    machine: str
    kinds: tuple[str, str]
    tallies: Tallies = field(default_factory=Tallies)
    failure: str = ""
    remedy: str = ""
    is_stopped: bool = False
    notes: tuple[str, ...] = ()

    @property
    def status(self) -> DrillStatus:
        """How it ended, the most telling first."""
        if self.is_stopped:
            return DrillStatus.INCOMPLETE
        if self.total.bad:
            return DrillStatus.DIFFERENT
        return DrillStatus.FAILED if self.failure else DrillStatus.PASSED

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the status."""
        return _EXIT_CODES[self.status]

    @property
    def total(self) -> Tally:
        """All groups together."""
        tallies = [*self.tallies.groups.values()]
        return Tally(
            sum((one.figures for one in tallies), Figures()), sum(one.equal for one in tallies),
            sum(one.different for one in tallies), sum(one.missing for one in tallies),
            sum(one.without_hash for one in tallies), sum(one.seconds for one in tallies),
        )  # fmt: skip

    @property
    def rates(self) -> Rates:
        """The measurements: small files in whole directories, or as they were drawn where that was all of them."""
        groups = self.tallies.groups
        small, large = groups.get(Group.SPEED) or groups.get(Group.SMALL), groups.get(Group.LARGE)
        return Rates((small or Tally()).measured, (large or Tally()).measured)

    @property
    def strata(self) -> list[Stratum]:
        """The random files of each class, by what is known of them."""
        return [
            Stratum(self.plan.whole.get(one, Figures()).files, tally.compared, tally.bad)
            for one in SizeClass
            for tally in [self.tallies.groups.get(Group(one)) or Tally()]
        ]

    @property
    def whole_seconds(self) -> float | None:
        """The seconds that a restore of everything would take; None where it cannot be said."""
        small, large = (self.plan.whole.get(one, Figures()) for one in SizeClass)
        return seconds_for(self.rates, small.files, large.size) if self._is_done else None

    @property
    def bad_share_below(self) -> float | None:
        """The share of bad files that is not reached; None where it cannot be said."""
        return bad_share_below(self.strata) if self._is_done else None

    @property
    def _is_done(self) -> bool:
        return self.status in {DrillStatus.PASSED, DrillStatus.DIFFERENT}


_EXIT_CODES = {
    DrillStatus.PASSED: ExitCode.DONE,
    DrillStatus.DIFFERENT: ExitCode.DIFFERENT,
    DrillStatus.FAILED: ExitCode.FAILED,
    DrillStatus.INCOMPLETE: ExitCode.INCOMPLETE,
}
