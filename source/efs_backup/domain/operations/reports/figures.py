"""How much there was, beside the night before."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from efs_backup.domain.humanize import counted, shown, sized
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.reports.around import Around
from efs_backup.domain.operations.reports.times import Clock, took
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.tripwire import percent

_NAME_LETTERS = len("changed or gone")


class _Figure(NamedTuple):
    name: str
    of: Callable[[BackupRecord], str | None]


def figures(backup: BackupRecord, around: Around) -> str:
    """A table: this backup, and the one before where one is on record; what this one has not is left out."""
    if backup.status is BackupStatus.SKIPPED:
        return ""
    before = around.before if backup.number_of_files is not None else None
    rows = [(name, tell(backup), tell(before) if before else None) for name, tell in _FIGURES]
    known = [(name, this, other or "") for name, this, other in rows if this]
    head = [("", "this one", around.clock.day(before.start_time))] if before and known else []
    return "\n".join([*_alone(backup, around.clock), *_aligned([*head, *known])])


def _aligned(rows: Iterable[tuple[str, str, str]]) -> Iterable[str]:
    lines = [(name, shown(this), other) for name, this, other in rows]
    widths = [max((len(line[column]) for line in lines), default=0) for column in range(2)]
    widths[0] = max(widths[0], _NAME_LETTERS)
    return (f"  {name:<{widths[0]}}  {this:<{widths[1]}}  {other}".rstrip() for name, this, other in lines)


def _alone(backup: BackupRecord, clock: Clock) -> Iterable[str]:
    """Rows of figures that have nothing to be compared with."""
    rows = (
        ("started", clock.at(backup.start_time)),
        ("ended", clock.at(backup.stop_time) if backup.stop_time else None),
        ("window", counted(backup.window_minutes, "minute")),
        ("made by", _instances(backup)),
        ("may take", _forecast(backup)),
        ("source", _size(backup.source_size)),
        ("snapshots", _size(backup.backup_size)),
        ("burst credits", _credits(backup)),
    )
    return _aligned((name, value, "") for name, value in rows if value)


def _instances(backup: BackupRecord) -> str | None:
    """How many of the instances came that were wanted, where several were."""
    if backup.workers is None or backup.wanted_workers is None:
        return None
    return f"{counted(backup.wanted_workers, 'instance')}, {len(backup.workers)} came"


def _count(of: Callable[[BackupRecord], int | None]) -> Callable[[BackupRecord], str | None]:
    """A number, of which none is no news."""
    return lambda backup: f"{number:,}" if (number := of(backup)) else None


def _copied(backup: BackupRecord) -> str | None:
    """Nothing copied is another news than nothing known."""
    number = backup.number_of_files_transferred
    return None if number is None else f"{number:,}"


_FIGURES = (
    _Figure("took", lambda backup: took(backup.seconds)),
    _Figure("files", _count(lambda backup: backup.number_of_files)),
    _Figure("size", lambda backup: _size(backup.total_file_size)),
    _Figure("copied", _copied),
    _Figure("copied size", lambda backup: _size(backup.total_transferred_file_size)),
    _Figure("changed or gone", lambda backup: percent(backup.changed_share) if backup.changed_share else None),
    _Figure("other content", _count(lambda backup: backup.changed_files)),
    _Figure("gone", _count(lambda backup: backup.removed_files)),
    _Figure("renamed", _count(lambda backup: backup.renamed_files)),
    _Figure("attributes only", _count(lambda backup: backup.attribute_changes)),
    _Figure("went meanwhile", _count(lambda backup: backup.vanished_files)),
)


def _size(size: float | None) -> str | None:
    """A size; that of nothing is no news, as of a file system that Amazon EFS has not measured yet."""
    return sized(size) if size else None


def _credits(backup: BackupRecord) -> str | None:
    """How many there were, and are, of a source that bursts."""
    before, after = _size(backup.source_burst_credit_balance), _size(backup.source_burst_credit_balance_after)
    return f"{before} before, {after} after" if before and after else before or after


def _forecast(backup: BackupRecord) -> str | None:
    """How long a backup may take these days, and for how long that fits."""
    longest, days = took(backup.forecast_seconds), backup.forecast_days_left
    return longest if longest is None or days is None else f"{longest}, and fills its window in {days:,.0f} days"
