"""The answer of a series to a backup: whether it may go on, by which rules, and whether it may drop anything."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from efs_backup.domain.errors import BackupChanged, SeriesMissing, SeriesTorn, SourceChanged, WrongUsage
from efs_backup.domain.requests.excludes import ExcludePattern, matching
from efs_backup.domain.requests.requests import Asked, BackupRequest
from efs_backup.domain.snapshots.identity import Likeness, Mount, Place, compare, missing_mounts
from efs_backup.domain.snapshots.link_budget import LinkBudget
from efs_backup.domain.snapshots.pruning import NO_TERMS, PruneTerms
from efs_backup.domain.snapshots.retention import DEFAULT_RETENTION, RETENTION_LIMIT, Retention
from efs_backup.domain.snapshots.series_file import CopyOf, SeriesFile
from efs_backup.domain.warnings import Warned, WarningKind

_T = TypeVar("_T")

_MOVED = "Check what is mounted. If the change is meant, say so once with --source-moved."
_ANOTHER = (
    "Give each source a --label of its own. If it is the same source at another place, say so once with --source-moved."
)
_STACK_MOVED = (
    "Give another source another FolderLabel. If it is to go on under this one, take `source` out of series.json in the"
    " label's folder on the backup file system."
)


@dataclass(frozen=True)
class Found:
    """The facts of a backup's places, found before anything is touched.

    snapshots: how many the series has. is_known: whether any series of the label has one, or a partial. recorded: the
    rule of the newest record. backup_holds: BACKUP in words. unmounted: where /etc/fstab has BACKUP mounted, though
    nothing is. held: the paths of missing mounts at which the newest snapshot of the series holds anything. pins: how
    many snapshots of the label are pinned.
    """

    file: SeriesFile | SeriesTorn | None
    source: Place
    mounts: tuple[Mount, ...]
    backup: Place
    snapshots: int = 0
    is_known: bool = False
    recorded: Retention | None = None
    backup_holds: str = ""
    unmounted: str = ""
    held: frozenset[str] = frozenset()
    pins: int = 0

    @property
    def carried_out(self) -> Retention | None:
        """By which rule a series was pruned that has none yet: what is there was meant to be there."""
        there = Retention(min(self.snapshots, RETENTION_LIMIT)) if self.snapshots else None
        return self.recorded or there


@dataclass(frozen=True)
class Settled:
    """The settled order of a backup, with its rules, and the series' file as it is to be.

    file: None where it must not be written. at_once: whether it is written before the backup rather than after it.
    hold: why nothing may be dropped; "" where it may. begins_anew: the snapshots that the file knows of are gone, and
    that is meant. entered: the mounts below the source that the backup goes into. terms: by what the series is
    pruned beside the rules of the order.
    """

    request: BackupRequest
    file: SeriesFile | None
    at_once: bool = False
    notes: tuple[str, ...] = ()
    warnings: tuple[Warned, ...] = ()
    hold: str = ""
    begins_anew: bool = False
    entered: tuple[Mount, ...] = ()
    terms: PruneTerms = NO_TERMS

    def upon(self, stored: SeriesFile | None, newest: str = "") -> SeriesFile | None:
        """The file to write where this one is stored by now: backups of other intervals may have written to it.

        newest: the snapshot that was published; "" where none was.
        """
        mine, interval = self.file, self.request.interval
        if mine is None:
            return None
        if stored is None:
            return replace(mine, newest=newest)
        if self.request.asked.saves:
            stored = replace(stored, excludes=mine.excludes, window_minutes=mine.window_minutes)
        return replace(
            stored.with_rule(interval, mine.retention[interval], mine.carried_out_by(interval)),
            label=mine.label, source=mine.source, mounts=mine.mounts, backup=mine.backup,
            newest=newest or ("" if self.begins_anew else stored.newest), copy_of=mine.copy_of, told=mine.told,
        )  # fmt: skip


def said_once(settled: Settled, what: str) -> tuple[Settled, bool]:
    """(the same with this as said, whether it is said now): what is so each night is told in the first one alone."""
    file = settled.file
    if file is None or what in file.told:
        return settled, file is None
    return replace(settled, file=replace(file, told=(*file.told, what)[-_MOST_TOLD:])), True


_MOST_TOLD = 20
"""Of what was said: each is a version of a program, and the file stays small."""


def settle(request: BackupRequest, found: Found, now: datetime) -> Settled:
    """Decide. Raises SeriesMissing, SourceChanged and BackupChanged, each with what was found and what to do."""
    settled = _decide(request, found, now)
    return replace(
        settled,
        entered=_entered(request, found.mounts, settled.request.excludes),
        terms=_terms(request, settled.file),
    )


def _terms(request: BackupRequest, file: SeriesFile | None) -> PruneTerms:
    if file is None:
        return PruneTerms()
    interval = request.interval
    return PruneTerms(file.retention[interval], file.carried_out_by(interval), request.asked.confirms)


def lost_mounts(settled: Settled, now: Iterable[Mount]) -> Warned | None:
    """Why nothing may be dropped where mounts that the backup goes into are gone meanwhile; None where none is.

    Raises SourceChanged where their files have not just vanished. What users and containers end at any time is no
    reason to refuse, or one of them could cost everybody the night.
    """
    lost = missing_mounts(settled.entered, now)
    refused = [mount for mount in lost if not mount.file_system.ends_at_any_time]
    if refused:
        told = "; ".join(f"at {mount.path!r} there was {mount.file_system}" for mount in refused)
        raise SourceChanged(
            f"Something in the source {settled.request.source!r} was unmounted during the backup: {told}.",
            "Mount it and run the backup again, which continues from what is copied.",
        )
    gone = "Unmounted during the backup, so that the snapshot may lack some of their files, and nothing is dropped"
    return Warned.about(WarningKind.MOUNT_MISSING, gone, [mount.path for mount in lost]) if lost else None


def _decide(request: BackupRequest, found: Found, now: datetime) -> Settled:
    if isinstance(found.file, SeriesTorn):
        return _held_by_a_torn_file(request, found, found.file)
    if found.file is None:
        return _begin(request, found, now)
    if found.file.copy_of:
        return _take_over(request, found, found.file, found.file.copy_of)
    return _go_on(request, found, found.file)


def _take_over(request: BackupRequest, found: Found, file: SeriesFile, copied: CopyOf) -> Settled:
    """Make a second copy the series itself, where that is meant. Raises SourceChanged."""
    if not request.asked.source_moved:
        where = f" of {copied.backup.path!r}" if copied.backup else ""
        raise SourceChanged(
            f"The label {request.label} in {request.backup!r} is a second copy of the label {copied.label}{where}: a"
            " backup in it would part both, and nothing could be copied into it any more.",
            "Give another --label, or the backup file system itself as BACKUP. If that is lost and this copy is to take"
            " its place, say so once with --source-moved.",
        )
    settled = _go_on(request, found, replace(file, copy_of=None))
    return replace(
        settled, notes=(f"The second copy {request.label} is a series of backups from now on.", *settled.notes)
    )


def _begin(request: BackupRequest, found: Found, now: datetime) -> Settled:
    if not found.is_known:
        _refuse_what_is_not_there(request, found)
    asked = request.asked
    file = SeriesFile(
        str(request.label), now, found.source, (), found.backup, asked.excludes or (), asked.window_minutes
    ).with_rule(request.interval, _first_rule(found, asked), found.carried_out)
    rule = file.retention[request.interval]
    _refuse_too_many_links(file, rule, LinkBudget({}, found.pins), found.pins)
    adopted = (
        f"The label {request.label} was made by an earlier version. From now on its file series.json knows its source"
        f" and its rule, to keep {rule.kept_in_words}."
    )
    return Settled(
        replace(request, retention=rule, excludes=file.excludes),
        replace(file, mounts=_entered(request, found.mounts, file.excludes)),
        at_once=True, notes=(*((adopted,) if found.is_known else ()), *filter(None, [file.crowd(found.pins)])),
    )  # fmt: skip


def _refuse_too_many_links(file: SeriesFile, rule: Retention, before: LinkBudget, pins: int) -> None:
    file.budget(pins).refuse(f"The rule to keep {rule.kept_in_words}", before)


def _refuse_what_is_not_there(request: BackupRequest, found: Found) -> None:
    if found.unmounted:
        raise SeriesMissing(
            f"/etc/fstab has a file system at {found.unmounted!r}, but nothing is mounted there, and the backup"
            f" {request.backup!r} holds no backup of the label {request.label}.",
            "Mount it and run the backup again.",
        )
    if not request.asked.init:
        raise SeriesMissing(
            f"The backup {request.backup!r} holds no backup of the label {request.label}: {found.backup_holds}.",
            "If the backup file system is not mounted, mount it. If this is to be the first backup there, say so once"
            " with --init, or with `efs-backup init SOURCE BACKUP`.",
        )


def _refuse_lost_snapshots(request: BackupRequest, found: Found, file: SeriesFile) -> None:
    if request.asked.init or not _is_lost(found, file):
        return
    raise SeriesMissing(
        f"The label {request.label} has no snapshot any more, though the newest, {file.newest}, is noted in its"
        f" series.json. In {request.backup!r}: {found.backup_holds}.",
        "Find out where they are, and bring them back. If the series is to begin anew, say so once with --init, or with"
        f" `efs-backup init SOURCE BACKUP --label {request.label}`.",
    )


def _go_on(request: BackupRequest, found: Found, file: SeriesFile) -> Settled:
    asked = request.asked
    _refuse_lost_snapshots(request, found, file)
    likeness = compare(file.source, found.source) if file.source else Likeness.SAME
    is_another = likeness is Likeness.ANOTHER and not asked.source_moved
    if is_another and asked.init:
        return _held_by_another_source(request, found, file)
    excludes = _for_once(asked.excludes, file.excludes)
    if not asked.source_moved and file.source:
        _refuse_another_source(request, likeness, file.source, found.source)
        _refuse_missing_mounts(request, _missing(request, found, file, excludes))
    if file.backup and not (asked.backup_moved or asked.named):
        _refuse_another_backup(request, file.backup, found.backup)
    return _ruled(request, found, file, likeness)


def _is_lost(found: Found, file: SeriesFile) -> bool:
    return bool(file.newest) and not found.is_known


def _ruled(request: BackupRequest, found: Found, file: SeriesFile, likeness: Likeness) -> Settled:
    asked, interval = request.asked, request.interval
    begins, rule = interval not in file.retention, _rule(found, file, request)
    if asked.saves and asked.retention:
        rule = asked.retention
    excludes = _for_once(asked.excludes, file.excludes)
    missed = [] if asked.source_moved else _missed(request, found, file, excludes)
    saved = replace(
        file.with_rule(interval, rule, found.carried_out),
        label=str(request.label), source=found.source, backup=found.backup,
        mounts=_expected(request, file, (*found.mounts, *missed), excludes),
        excludes=excludes if asked.saves else file.excludes,
        window_minutes=_for_once(asked.window_minutes, file.window_minutes) if asked.saves else file.window_minutes,
    )  # fmt: skip
    _refuse_too_many_links(saved, rule, file.budget(found.pins), found.pins)
    anew = _is_lost(found, file)
    at_once = asked.source_moved or asked.backup_moved or asked.saves or begins or likeness is Likeness.MOVED or anew
    settled = replace(request, retention=_most(asked.retention, rule), excludes=excludes)
    gone = f"All snapshots are gone, the newest being {file.newest}; the series begins anew, for --init was given."
    notes = (
        *([gone] if anew else ()),
        *_notes_on_places(file, saved, likeness),
        *_notes_on_rules(settled, file, rule),
        *filter(None, [saved.crowd(found.pins)]),
    )
    warned = _warning_of(missed)
    return Settled(settled, saved, at_once, notes, (warned,) if warned else (), str(warned or ""), anew)


def _missed(
    request: BackupRequest, found: Found, file: SeriesFile, excludes: tuple[ExcludePattern, ...]
) -> list[Mount]:
    """The mounts that go with a logout, a reboot or a container, and of which the newest snapshot holds anything.

    They are expected until there is a snapshot without them.
    """
    missing = _missing(request, found, file, excludes) if file.source else {}
    return [mount for mount in missing if mount.path in found.held]


def _warning_of(missed: Iterable[Mount]) -> Warned | None:
    paths = [mount.path for mount in missed]
    message = (
        "Not mounted in the source, as it was in the last backup, so that this snapshot has nothing of it, and nothing"
        " is dropped this time; mount it, or leave it out with --exclude"
    )
    return Warned.about(WarningKind.MOUNT_MISSING, message, paths) if paths else None


def _refuse_another_source(request: BackupRequest, likeness: Likeness, was: Place, now: Place) -> None:
    if likeness is Likeness.NOT_MOUNTED:
        raise SourceChanged(
            f"The source {request.source!r} is not on the file system of the last backup: it was on {_where(was)}, and"
            f" is on {_where(now)}.",
            _STACK_MOVED if request.asked.named else _MOVED,
        )
    if likeness is Likeness.ANOTHER:
        raise SourceChanged(
            f"The label {request.label} holds the backups of {was.path!r} on {_where(was)}, not of {now.path!r} on"
            f" {_where(now)}: its snapshots would be dropped one by one for those of another source.",
            _STACK_MOVED if request.asked.named else _ANOTHER,
        )


def _missing(
    request: BackupRequest, found: Found, file: SeriesFile, excludes: tuple[ExcludePattern, ...]
) -> dict[Mount, Mount | None]:
    return missing_mounts(_entered(request, file.mounts, excludes), found.mounts)


def _refuse_missing_mounts(request: BackupRequest, missing: dict[Mount, Mount | None]) -> None:
    lasting = {mount: there for mount, there in missing.items() if not mount.file_system.is_passing}
    if lasting:
        told = "; ".join(
            f"at {mount.path!r} there was {mount.file_system}, now {there.file_system if there else 'there is nothing'}"
            for mount, there in lasting.items()
        )
        raise SourceChanged(
            f"Not all is mounted in the source {request.source!r} that was there in the last backup: {told}.", _MOVED
        )


def _refuse_another_backup(request: BackupRequest, was: Place, now: Place) -> None:
    mine, its = was.file_system, now.file_system
    if mine.uuid and its.uuid and mine.uuid != its.uuid:
        raise BackupChanged(
            f"The backup {request.backup!r} is not on the file system of the last backup: it was {mine}, and is {its}.",
            "Check what is mounted. If the snapshots were brought to another one, say so once with --backup-moved.",
        )


def _held_by_another_source(request: BackupRequest, found: Found, file: SeriesFile) -> Settled:
    """Let both be there: --init says that this source begins here, and nothing of the other is dropped for it."""
    was = file.source.path if file.source else ""
    hold = (
        f"The label {request.label} holds the backups of another source, {was!r}; those of {request.source!r} are put"
        " beside them, for --init was given, and nothing is dropped. Give each source a --label of its own, or say once"
        " with --source-moved that this one takes its place."
    )
    excludes = _for_once(request.asked.excludes, file.excludes)
    return Settled(
        replace(request, retention=_rule(found, file, request), excludes=excludes), None,
        warnings=(Warned(WarningKind.ANOTHER_SOURCE, hold),), hold=hold,
    )  # fmt: skip


def _held_by_a_torn_file(request: BackupRequest, found: Found, torn: SeriesTorn) -> Settled:
    """A backup is better than none; what it must not do is drop by a rule that nobody knows."""
    hold = f"{torn.message} Nothing is dropped. {torn.next_step}"
    return Settled(
        replace(request, retention=_first_rule(found, request.asked), excludes=request.asked.excludes or ()), None,
        warnings=(Warned(WarningKind.SERIES_TORN, hold),), hold=hold,
    )  # fmt: skip


def _first_rule(found: Found, asked: Asked) -> Retention:
    """The rule of a series that has none yet: what was said, but never less than its last backup was told to keep.

    Where nothing was said and nothing is on record, what is there stays.
    """
    if asked.retention:
        return asked.retention if asked.saves else _most(asked.retention, found.recorded or asked.retention)
    there = Retention(min(found.snapshots, RETENTION_LIMIT)) if found.snapshots else DEFAULT_RETENTION
    return found.recorded or _most(DEFAULT_RETENTION, there)


def _rule(found: Found, file: SeriesFile, request: BackupRequest) -> Retention:
    return file.retention.get(request.interval) or _first_rule(found, request.asked)


def _most(given: Retention | None, rule: Retention) -> Retention:
    """Rules that keep what one of both keeps; the rule alone where a file could not have so many links."""
    try:
        return rule.joined(given) if given else rule
    except WrongUsage:
        return rule


def _for_once(given: _T | None, stored: _T) -> _T:
    return stored if given is None else given


def _entered(
    request: BackupRequest, mounts: Iterable[Mount], excludes: tuple[ExcludePattern, ...]
) -> tuple[Mount, ...]:
    """Those that a backup goes into."""
    if request.one_file_system:
        return ()
    return tuple(mount for mount in mounts if not any(matching(excludes, path) for path in _and_above(mount.path)))


def _expected(
    request: BackupRequest, file: SeriesFile, now: Iterable[Mount], excludes: tuple[ExcludePattern, ...]
) -> tuple[Mount, ...]:
    """Those that the next backup has to find: what this one goes into, and what it leaves out for once."""
    entered = _entered(request, now, excludes)
    for_once = () if request.asked.saves else set(file.mounts) - set(_entered(request, file.mounts, excludes))
    return tuple(sorted({mount.path: mount for mount in (*for_once, *reversed(entered))}.values(), key=_path_of))


def _path_of(mount: Mount) -> str:
    return mount.path


def _and_above(path: str) -> list[str]:
    names = path.split("/")
    return ["/".join(names[: number + 1]) for number in range(len(names))]


def _where(place: Place) -> str:
    return f"{place.file_system} mounted at {place.mount_point!r}"


def _notes_on_places(file: SeriesFile, saved: SeriesFile, likeness: Likeness) -> list[str]:
    notes = []
    if file.source and saved.source and likeness is not Likeness.SAME:
        same = " It is the same directory." if likeness is Likeness.MOVED else ""
        notes.append(f"The series goes on with the source {saved.source.path!r}; it was {file.source.path!r}.{same}")
    known = {mount.path for mount in file.mounts}
    new = [f"{mount.path!r} ({mount.file_system})" for mount in saved.mounts if mount.path not in known]
    if new:
        notes.append(f"New in the source, and expected there from now on: what is mounted at {', '.join(new)}.")
    return notes


def _notes_on_rules(request: BackupRequest, file: SeriesFile, rule: Retention) -> list[str]:
    asked, notes = request.asked, []
    if request.interval not in file.retention:
        notes.append(f"The {request.interval} series begins; its rule is to keep {rule.kept_in_words}.")
    notes += _notes_on_retention(asked.retention, rule, request.retention) if asked.retention else []
    if not asked.saves and request.excludes != file.excludes:
        stored = ", ".join(repr(pattern.text) for pattern in file.excludes) or "nothing"
        notes.append(
            f"What --exclude says holds for this backup; the series leaves out {stored}. To change it: --save."
        )
    return notes


def _notes_on_retention(asked: Retention, rule: Retention, holds: Retention) -> list[str]:
    """Notes on rules that hold for once beside the rule of the series, which never keeps less for them."""
    if asked == rule:
        return []
    if rule.includes(asked):
        text = f"{asked.options} would drop more than the rule of the series, to keep {rule.told}, which holds."
        return [f"{text} To change it: efs-backup prune BACKUP {asked.options} --save."]
    if holds == rule:
        return [f"{asked.options} and the rule of the series, {rule.told}, would keep too many: the rule alone holds."]
    also = "" if asked.includes(rule) else ", which holds too"
    return [f"{asked.options} holds for this backup; the rule of the series is {rule.told}{also}."]
