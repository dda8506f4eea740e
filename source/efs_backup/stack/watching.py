"""A backup that is followed on a terminal, and how it has ended."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from efs_backup.cli.output import print_facts, print_json, print_notes
from efs_backup.domain.errors import Locked, ServiceFault
from efs_backup.domain.operations.record import BackupId, BackupRecord
from efs_backup.domain.operations.record_fields import backup_fields
from efs_backup.domain.operations.workflow import Action, Decision
from efs_backup.domain.results import exit_code_of
from efs_backup.stack.deployment import Deployment
from efs_backup.stack.following import follow
from efs_backup.stack.words import ended_line, kind_of, progress_line

INTERRUPTED = 130
"""As a shell tells of a program that SIGINT has ended."""

_TRIES, _PAUSE = 40, 15.0
"""Ten minutes in which a network may be away, or a table ask for patience."""

_SEE = "How far it is says: efs-backup stack status"


def utc_now() -> datetime:
    """The time of the machine's clock, in UTC."""
    return datetime.now(UTC)


def refuse_beside(decided: Decision, next_step: str) -> None:
    """Raises Locked: the orchestrator would record, and mail, that nothing was started; a person is told at once."""
    if decided.action is Action.SKIP:
        raise Locked(f"Nothing was asked for: {decided.reason}.", next_step)


def watch(found: Deployment, record: BackupRecord) -> BackupRecord | None:
    """Tell on standard error how far it is, until it has ended; None where SIGINT has ended the watching."""
    last, kind = record, kind_of(record)
    try:
        for last in followed(found, record):
            if not last.has_ended:
                print_notes([progress_line(last, utc_now())])
    except KeyboardInterrupt:
        print_notes([f"Nobody follows any more; the {kind} goes on. {_SEE}"])
        return None
    return last


def followed(found: Deployment, record: BackupRecord) -> Iterator[BackupRecord]:
    """The record as it is, and each time that it has changed, until it has ended. Raises ServiceFault, RecordGone."""
    with going_on(f"The {kind_of(record)} {record.backup_id}"):
        yield from follow(_patient(lambda: found.find(record.backup_id)), utc_now, time.sleep)


@contextmanager
def going_on(what: str) -> Iterator[None]:
    """Say of whatever refuses the following that it ends nothing else. Raises ServiceFault."""
    from efs_backup.lib.aws_errors import explained  # noqa: PLC0415 - of an extra, which the account has found

    try:
        with explained():
            yield
    except ServiceFault as error:
        raise ServiceFault(
            f"Nobody can follow any more: {error.message.rstrip('.')}. {what} is not touched by that.",
            f"{error.next_step} {_SEE}",
        ) from error


def _patient(read: Callable[[], BackupRecord | None]) -> Callable[[], BackupRecord | None]:
    """The same reading, for which a network that is away for minutes is no end; that is said once for each time."""
    from efs_backup.lib.aws_errors import passing  # noqa: PLC0415 - as above

    def patiently() -> BackupRecord | None:
        refused = list[str]()
        for _ in range(_TRIES):
            found, before = list[BackupRecord | None](), len(refused)
            with passing(refused.append):
                found.append(read())
            if found:
                return found[0]
            if not before:
                print_notes([f"It is tried again, for ten minutes: {refused[0]}"])
            time.sleep(_PAUSE)
        return read()

    return patiently


def started(found: Deployment, backup_id: BackupId, reason: str) -> BackupRecord:
    """The record of what was asked for just now. Raises ServiceFault where there is none: then it was refused."""
    with going_on(f"It was asked for, as {backup_id}, and"):
        record = found.find(backup_id)
    if record is None:
        raise ServiceFault(f"Nothing was started: {reason.rstrip('.')}.", "See: efs-backup stack status")
    return record


def tell_end(found: Deployment, answer: dict[str, Any], record: BackupRecord, *, as_json: bool) -> int:
    """Say how a backup has ended, behind what was answered when it was asked for; gives the exit code."""
    if as_json:
        print_json({**answer, "backup": backup_fields(record.label or found.plan.label, record)})
    else:
        print_facts([
            (kind_of(record), record.backup_id), ("ended", ended_line(record, utc_now())),
            ("snapshot", record.snapshot or ""), ("message", record.message or ""), ("next", record.next_step or ""),
        ])  # fmt: skip
    return exit_code_of(record.status)
