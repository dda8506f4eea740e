"""Each way to somebody: a mail, an event on the bus, a chat; none of them holds up another."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from efs_backup.domain.errors import EfsBackupError, ReportFailed
from efs_backup.domain.operations.events import events_of_end, started
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.report import report_on
from efs_backup.domain.operations.reports.around import Around, around_of
from efs_backup.domain.operations.reports.message import Report
from efs_backup.domain.operations.telling import Channel
from efs_backup.domain.sources.serving import headed, settings_for
from efs_backup.domain.sources.table import SourceTable
from efs_backup.lib.insisting import tried
from efs_backup.orchestrator.services import Services

_logger = logging.getLogger(__name__)


def send_all(services: Services, backup: BackupRecord, due: Iterable[Channel], now: datetime) -> list[Channel]:
    """Tell those who are due how a backup ended; gives who has been told. What fails is in the log."""
    around = _around(services, backup, now)
    report = headed(backup, report_on(backup, around))
    ways: Mapping[Channel, Callable[[], None]] = {
        Channel.MAIL: lambda: services.notifier.report(report),
        Channel.EVENT: lambda: services.bus.put(events_of_end(backup, around)),
        Channel.CHAT: lambda: _chat(services, report),
    }
    return [channel for channel in due if _is_sent(ways[channel], channel)]


def _around(services: Services, backup: BackupRecord, now: datetime) -> Around:
    """A report that compares with nothing is better than none; with other rows it compares nothing."""
    nothing = list[BackupRecord]()
    records = tried(lambda: [each for each in services.store.backups() if _is_of_its_row(each, backup)], nothing)
    settings, zone = services.settings, services.zone
    if backup.label is not None:
        settings = replace(settings_for(settings, backup), backup_schedule=_schedule_of_row(services, backup))
    return around_of(backup, records, settings, now, zone)


def _is_of_its_row(other: BackupRecord, backup: BackupRecord) -> bool:
    """Whether it is of the same row. The first row is one, whatever its interval was before an update of the stack."""
    return other.label == backup.label and (backup.label is None or other.interval is backup.interval)


def _schedule_of_row(services: Services, backup: BackupRecord) -> str:
    """The expression of the row that a backup is of; "" where the row is gone or inactive, or has a zone of its own."""
    try:
        row = tried(services.sources.read, SourceTable()).row(str(backup.label), backup.interval)
    except EfsBackupError:
        return ""
    is_told = row.is_active and row.policy.zone == services.settings.schedule_time_zone
    return row.policy.schedule if is_told else ""


def _is_sent(send: Callable[[], None], channel: Channel) -> bool:
    try:
        send()
    except ReportFailed:
        _logger.exception("What is to be told by %s waits for the next reconcile", channel)
        return False
    return True


def _chat(services: Services, report: Report) -> None:
    if services.chat is not None:
        services.chat.notify(report)


def tell_of_start(services: Services, backup: BackupRecord) -> None:
    """Put the event of a start, once: a start that is told late is no news."""
    if backup.is_backup:
        _is_sent(lambda: services.bus.put([started(backup, settings_for(services.settings, backup))]), Channel.EVENT)


def tell_at_once(services: Services, report: Report) -> None:
    """Mail what nobody has a record of, and tell the chat. Raises ReportFailed where the mail cannot be sent."""
    services.notifier.report(report)
    _is_sent(lambda: _chat(services, report), Channel.CHAT)
