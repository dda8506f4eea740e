"""The rules of a second copy by both sides: whether it may be made there, and by which rules OTHER keeps it."""

from dataclasses import dataclass, replace
from datetime import datetime

from efs_backup.domain.errors import BackupChanged, SeriesMissing, SeriesTorn, SourceChanged, WrongUsage
from efs_backup.domain.requests.copy_request import CopyRequest
from efs_backup.domain.snapshots.identity import Likeness, Place, compare
from efs_backup.domain.snapshots.link_budget import LinkBudget
from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.snapshots.pruning import PruneTerms
from efs_backup.domain.snapshots.retention import DEFAULT_RETENTION, Retention
from efs_backup.domain.snapshots.series_file import CopyOf, SeriesFile


@dataclass(frozen=True)
class CopyFound:
    """The facts of a second copy, found before anything is touched.

    theirs, ours: what the series of BACKUP and of OTHER know of themselves. backup, other: the two places. is_known:
    whether OTHER has snapshots or partials of the label. unmounted: where /etc/fstab has OTHER mounted, though nothing
    is. other_holds: OTHER in words. pins: snapshots of the label that are pinned in OTHER. hold: why nothing may be
    dropped in OTHER, for something is odd in BACKUP; "" where nothing is.
    """

    theirs: SeriesFile | SeriesTorn | None
    ours: SeriesFile | SeriesTorn | None
    backup: Place
    other: Place
    is_known: bool = False
    unmounted: str = ""
    other_holds: str = ""
    pins: int = 0
    hold: str = ""


@dataclass(frozen=True)
class SettledCopy:
    """The settled terms of a copy. file: that of OTHER as it is to be; retention, terms: its prune of the interval."""

    file: SeriesFile
    interval: Interval
    retention: Retention
    terms: PruneTerms
    notes: tuple[str, ...] = ()

    def upon(self, stored: SeriesFile | None, newest: str = "") -> SeriesFile:
        """The file to write where this one is stored by now: copies of other intervals may have written to it.

        newest: the snapshot of OTHER that was published last, as `daily/NAME`; "" where none was.
        """
        mine, interval = self.file, self.interval
        if stored is None:
            return mine
        return replace(
            stored.with_rule(interval, mine.retention[interval], mine.carried_out_by(interval)),
            label=mine.label, source=mine.source, mounts=mine.mounts, backup=mine.backup, excludes=mine.excludes,
            window_minutes=mine.window_minutes, copy_of=mine.copy_of, newest=newest or stored.newest,
        )  # fmt: skip


def settle_copy(request: CopyRequest, found: CopyFound, now: datetime) -> SettledCopy:
    """Decide. Raises SeriesMissing, SeriesTorn, SourceChanged, BackupChanged and WrongUsage."""
    if isinstance(found.ours, SeriesTorn):
        raise found.ours
    theirs = found.theirs if isinstance(found.theirs, SeriesFile) else None
    if found.ours is None:
        _refuse_what_is_not_there(request, found)
        file = SeriesFile(str(request.label), now)
    else:
        file = found.ours
        _refuse_another(request, found, file)
    return _ruled(request, found, file, theirs)


def _ruled(request: CopyRequest, found: CopyFound, file: SeriesFile, theirs: SeriesFile | None) -> SettledCopy:
    asked, interval = request.asked, request.interval
    is_new = interval not in file.retention
    rule = file.retention.get(interval) or asked.retention or _rule_of(theirs, request)
    if asked.saves and asked.retention:
        rule = asked.retention
    ruled = file.with_rule(interval, rule)
    ruled.budget(found.pins).refuse(f"The rule to keep {rule.kept_in_words}", _before(file, found, is_new=is_new))
    wanted = replace(
        ruled, copy_of=CopyOf(str(request.label), found.backup), backup=found.other,
        source=theirs.source if theirs else file.source, mounts=theirs.mounts if theirs else file.mounts,
        excludes=theirs.excludes if theirs else file.excludes,
        window_minutes=theirs.window_minutes if theirs else file.window_minutes,
    )  # fmt: skip
    begins = (
        f"OTHER keeps {rule.kept_in_words} from now on, whatever BACKUP keeps: `efs-backup prune OTHER` changes it."
    )
    terms = PruneTerms(rule, wanted.carried_out_by(interval), asked.confirms, found.hold)
    same = found.backup.file_system.is_surely(found.other.file_system)
    notes = [
        *([begins] if is_new else []),
        *(["BACKUP and OTHER are on one file system: who loses it loses both."] if same else []),
        *filter(None, [wanted.crowd(found.pins)]),
    ]
    return SettledCopy(wanted, interval, _most(asked.retention, rule), terms, tuple(notes))


def _before(file: SeriesFile, found: CopyFound, *, is_new: bool) -> LinkBudget:
    return LinkBudget({}, found.pins) if is_new and not file.retention else file.budget(found.pins)


def _rule_of(theirs: SeriesFile | None, request: CopyRequest) -> Retention:
    return (theirs.retention.get(request.interval) if theirs else None) or DEFAULT_RETENTION


def _most(given: Retention | None, rule: Retention) -> Retention:
    """Rules that keep what one of both keeps; the rule alone where a file could not have so many links."""
    try:
        return rule.joined(given) if given else rule
    except WrongUsage:
        return rule


def _refuse_what_is_not_there(request: CopyRequest, found: CopyFound) -> None:
    if found.unmounted:
        raise SeriesMissing(
            f"/etc/fstab has a file system at {found.unmounted!r}, but nothing is mounted there, and {request.other!r}"
            f" holds no second copy of the label {request.label}.",
            "Mount it and run the copy again.",
        )
    if found.is_known:
        raise SourceChanged(
            f"{request.other!r} has snapshots of the label {request.label}, which nothing tells to be a second copy.",
            "Give a directory that holds nothing of this label.",
        )
    if not request.asked.init:
        raise SeriesMissing(
            f"{request.other!r} holds no second copy of the label {request.label}: {found.other_holds}.",
            "If its file system is not mounted, mount it. If this is to be the first copy, say so once with --init.",
        )


def _refuse_another(request: CopyRequest, found: CopyFound, file: SeriesFile) -> None:
    if file.copy_of is None:
        raise SourceChanged(
            f"The label {request.label} in {request.other!r} is made by backups, and is no second copy: both would be"
            " mixed, and pruned by one rule.",
            "Give another directory as OTHER.",
        )
    was = file.copy_of.backup
    unlike = {Likeness.ANOTHER, Likeness.NOT_MOUNTED}
    if was and compare(was, found.backup) in unlike and not request.asked.source_moved:
        raise SourceChanged(
            f"The label {request.label} in {request.other!r} is a second copy of {was.path!r} on {was.file_system}, and"
            f" not of {found.backup.path!r} on {found.backup.file_system}.",
            "Check what is mounted. If BACKUP is at another place by now, say so once with --backup-moved.",
        )
    mine, its = (file.backup.file_system if file.backup else None), found.other.file_system
    if mine and mine.uuid and its.uuid and mine.uuid != its.uuid and not request.asked.backup_moved:
        raise BackupChanged(
            f"{request.other!r} is not on the file system of the last copy: it was {mine}, and is {its}.",
            "Check what is mounted. If the second copy was brought to another one, say so once with --other-moved.",
        )
