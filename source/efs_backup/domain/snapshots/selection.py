"""Selection: which snapshot of a series is meant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from efs_backup.domain.errors import NothingThere, WrongUsage
from efs_backup.domain.snapshots.names import SnapshotName

_FIRST = datetime(1000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Selection:
    """Which snapshot is meant: at most one of a number, a name and a time; the newest where none is given."""

    number: int | None = None
    name: str | None = None
    as_of: str | None = None

    def __post_init__(self) -> None:
        if sum(given is not None for given in (self.number, self.name, self.as_of)) > 1:
            raise WrongUsage("Give only one of --number, --snapshot and --as-of.")

    def choose(self, newest_first: Sequence[SnapshotName]) -> SnapshotName:
        """The snapshot that is meant.

        Raises NothingThere where there is none, WrongUsage where the time or the name cannot be read.
        """
        if not newest_first:
            raise NothingThere("There is no snapshot in this series.")
        if self.name is not None:
            return _by_name(newest_first, self.name)
        if self.as_of is not None:
            return _as_of(newest_first, parse_time(self.as_of))
        return _by_number(newest_first, self.number or 0)


def _by_number(newest_first: Sequence[SnapshotName], number: int) -> SnapshotName:
    if number < 0:
        raise WrongUsage(f"A backup number counts from 0, the newest; {number} is none.")
    if number >= len(newest_first):
        raise NothingThere(f"There is no backup number {number}: the series holds 0 to {len(newest_first) - 1}.")
    return newest_first[number]


def _by_name(newest_first: Sequence[SnapshotName], text: str) -> SnapshotName:
    name = SnapshotName.parse(text)
    if name is None:
        raise WrongUsage(f"{text!r} is no snapshot name; one looks like 20261122T020000Z.")
    if name not in newest_first:
        raise NothingThere(f"There is no snapshot {name}: the newest is {newest_first[0]}.")
    return name


def _as_of(newest_first: Sequence[SnapshotName], time: datetime) -> SnapshotName:
    for name in newest_first:
        if name.time <= time:
            return name
    raise NothingThere(f"No snapshot is as old as {time.isoformat()}: the oldest is {newest_first[-1]}.")


def parse_time(text: str) -> datetime:
    """An ISO 8601 time; UTC where it names no offset. Raises WrongUsage."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise WrongUsage(f"{text!r} is no ISO 8601 time; one looks like 2026-11-22T02:00:00Z.") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def since_name(text: str) -> str:
    """The name that a snapshot of a time has, which is an ISO 8601 one, or a snapshot's name. Raises WrongUsage."""
    name = SnapshotName.parse(text)
    try:
        return str(name or SnapshotName.of(max(parse_time(text), _FIRST)))
    except OverflowError as error:
        raise WrongUsage(f"{text!r} lies too far from now.") from error
