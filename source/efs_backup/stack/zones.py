"""The zone of a stack's schedules, and that of the person who looks."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from efs_backup.cli.zone import LocalZone
from efs_backup.domain.snapshots.when import Reading


def zone_of(name: str) -> tzinfo | None:
    """The zone of this name, UTC for ""; None where this machine has no data of it."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def local_time(moment: datetime) -> str:
    """A moment by the clock of whoever looks, with its zone."""
    return Reading(moment, LocalZone()).shown(moment)
