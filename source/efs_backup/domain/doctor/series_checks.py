"""Whether the series in BACKUP is well, and the table of all checks of `efs-backup doctor`."""

from collections.abc import Iterator
from datetime import timedelta
from shlex import quote

from efs_backup.domain.doctor.finding import Check, Found, fault, warning
from efs_backup.domain.doctor.local_facts import LocalFacts
from efs_backup.domain.doctor.place_checks import PLACE_CHECKS
from efs_backup.domain.humanize import counted
from efs_backup.domain.results import BackupStatus
from efs_backup.domain.snapshots.identity import Likeness
from efs_backup.domain.snapshots.names import Interval

_SILENCE = {
    Interval.HOURLY: timedelta(hours=4), Interval.DAILY: timedelta(hours=36), Interval.WEEKLY: timedelta(hours=180),
    Interval.MONTHLY: timedelta(hours=756),
}  # fmt: skip


def _on(facts: LocalFacts, command: str) -> str:
    """A command on this BACKUP and label."""
    return f"efs-backup {command} {quote(facts.backup.value.path)} --label {quote(facts.label)}"


def _series(facts: LocalFacts) -> Iterator[Found]:
    state, backup = facts.series.value, facts.backup.value
    pair = f"{quote(facts.source.value.path)} {quote(backup.path)} --label {quote(facts.label)}"
    if state.torn:
        file = quote(f"{backup.path}/{facts.label}/series.json")
        yield fault(state.torn, f"ls -l {file}  # who has put a link or a FIFO there? Of a file: $EDITOR {file}")
    elif state.file is None and not (state.snapshots or state.old_layout):
        yield warning(
            f"{backup.path!r} has no series of the label {facts.label} yet: the first backup needs --init.",
            f"efs-backup init {pair}",
        )
    if state.source is Likeness.NOT_MOUNTED:
        yield fault(
            "SOURCE is not on the file system of the last backup: it may not be mounted.",
            f"findmnt --target {quote(facts.source.value.path)}",
        )
    elif state.source is Likeness.ANOTHER:
        yield fault(
            f"The label {facts.label} holds the backups of another source"
            f" ({state.file.source.path if state.file and state.file.source else 'unknown'!r}).",
            f"efs-backup run {pair} --source-moved",
        )
    if state.is_backup_moved:
        yield fault(
            "BACKUP is on another file system than the last backup was.", f"efs-backup run {pair} --backup-moved"
        )
    for mount in state.gone:
        level = warning if mount.file_system.is_passing else fault
        place = f"{facts.source.value.path}/{mount.path}"
        yield level(
            f"What was mounted at {place!r} in the last backup, {mount.file_system}, is not.", f"mount {quote(place)}"
        )
    if state.old_layout:
        yield warning(f"{counted(state.old_layout, 'snapshot')} of the old layout will be adopted by the next backup.")


def _partial(facts: LocalFacts) -> Iterator[Found]:
    state = facts.series.value
    if state.running:
        yield warning(f"A backup of this series is running: {state.running}.")
    elif state.partials:
        yield warning(
            f"{counted(state.partials, 'backup')} {'was' if state.partials == 1 else 'were'} cut off; the next one"
            " goes on with what is copied.",
            f"efs-backup run {quote(facts.source.value.path)} {quote(facts.backup.value.path)}"
            f" --label {quote(facts.label)}",
        )


def _hold(facts: LocalFacts) -> Iterator[Found]:
    if facts.series.value.hold:
        yield warning(
            f"A hold keeps snapshots from being dropped: {facts.series.value.hold}.",
            f"{_on(facts, 'release')} --reason TEXT",
        )


def _damage(facts: LocalFacts) -> Iterator[Found]:
    if damaged := facts.series.value.damaged:
        yield fault(
            f"{counted(damaged, 'file')} in the snapshots {'is' if damaged == 1 else 'are'} not what was stored.",
            f"{_on(facts, 'repair')} --from {quote(facts.source.value.path)}",
        )


def _links(facts: LocalFacts) -> Iterator[Found]:
    state = facts.series.value
    if state.file is None:
        return
    if crowd := state.file.crowd(state.pins):
        yield warning(crowd, f"{_on(facts, 'prune')} --retain N --save")
        return
    needed, most = state.file.budget(state.pins).links, facts.probe.value.most_links
    if 0 < most < needed:
        yield warning(
            f"A file of BACKUP can have {most} hard links, and the rules of the label need {needed}: beyond that, files"
            " are copied anew.",
            f"{_on(facts, 'prune')} --retain N --save",
        )


def _last(facts: LocalFacts) -> Iterator[Found]:
    records = [one for one in facts.series.value.records if one.has_ended and one.is_backup]
    if not records:
        return
    history = _on(facts, "history")
    newest = max(records, key=lambda one: one.start_time)
    when = f"{newest.start_time:%Y-%m-%d %H:%M} UTC"
    if newest.status is BackupStatus.INCOMPLETE:
        yield warning(f"The backup of {when} is Incomplete: {newest.message or 'it was cut off'}", history)
    elif newest.status is not BackupStatus.SUCCESS:
        reason = f" ({newest.failure_reason})" if newest.failure_reason else ""
        next_step = f" {newest.next_step}" if newest.next_step else ""
        yield fault(f"The backup of {when} is {newest.status}{reason}: {newest.message or ''}{next_step}", history)
    good = [one.start_time for one in records if one.status is BackupStatus.SUCCESS]
    age = facts.now - max(good, default=min(one.start_time for one in records))
    if age > _SILENCE[facts.series.value.interval]:
        yield fault(f"The last success began {age / timedelta(hours=1):,.0f} hours ago, or there was none.", history)


def _configuration(facts: LocalFacts) -> Iterator[Found]:
    found = facts.configuration
    if found and found.is_readable and found.has_secret:
        yield warning(
            f"Others can read {found.path!r}, which holds the address of a ping.", f"chmod 600 {quote(found.path)}"
        )


SERIES_CHECKS: tuple[Check[LocalFacts], ...] = (
    Check("series", "The series knows itself.", "By what it knows a missing mount is no empty source.", _series),
    Check("partial", "No backup was cut off.", "Until one ends, there is no new snapshot.", _partial),
    Check("hold", "No hold keeps snapshots.", "Storage grows, and links are used up, until somebody looks.", _hold),
    Check("damage", "No stored file is known to be damaged.", "What is damaged cannot be restored.", _damage),
    Check("link-budget", "The rules fit the links of a file.", "An unchanged file needs a link in each.", _links),
    Check(
        "last-backup",
        "The last backup, if there is one, was a success.",
        "What it did not bring cannot be restored.",
        _last,
    ),
    Check(
        "configuration", "The configuration gives no secret away.", "Who knows it can feign a success.", _configuration
    ),
)

LOCAL_CHECKS: tuple[Check[LocalFacts], ...] = (*PLACE_CHECKS, *SERIES_CHECKS)
"""All checks of `efs-backup doctor`, in the order in which they are told."""
