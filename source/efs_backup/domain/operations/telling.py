"""Who has to be told how a backup ended, and who has been: a mail, an event on the bus, a chat."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.workflow import has_to_be_reported

FRESH = timedelta(days=1)
"""The time for which an event or a chat is tried again; a mail is tried until it is sent."""


class Channel(StrEnum):
    """A way to somebody."""

    MAIL = "mail"
    EVENT = "event"
    CHAT = "chat"


def due_channels(
    backup: BackupRecord, now: datetime, *, success_too: bool, chats: bool
) -> tuple[Channel, ...]:  # fmt: skip
    """Who has not been told yet how it ended, in the order in which they are told.

    A chat is told what is mailed. Whatever is older than a day is no news for a bus or a chat.
    """
    if not backup.has_ended or backup.report_time:
        return ()
    mails = has_to_be_reported(backup, success_too=success_too)
    is_fresh = now - (backup.stop_time or backup.start_time) < FRESH
    wanted = {Channel.MAIL: mails, Channel.EVENT: is_fresh, Channel.CHAT: is_fresh and mails and chats}
    return tuple(channel for channel in Channel if wanted[channel] and channel not in told_channels(backup))


def told_channels(backup: BackupRecord) -> frozenset[str]:
    """Who has been told, while somebody else has not."""
    return frozenset(filter(None, (backup.told or "").split(", ")))


def after_telling(
    backup: BackupRecord, due: Iterable[Channel], sent: Iterable[Channel], now: datetime
) -> BackupRecord:  # fmt: skip
    """The record when that was tried: reported, where all of them were reached."""
    done = told_channels(backup) | {str(channel) for channel in sent}
    if set(due) <= set(sent):
        return replace(backup, report_time=now, report_claim=None, told=None)
    return replace(backup, report_claim=None, told=", ".join(sorted(done)) or None)
