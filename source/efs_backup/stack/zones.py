"""The zone of a stack's schedules, and that of the person who looks."""

from datetime import datetime

from efs_backup.cli.zone import LocalZone
from efs_backup.domain.snapshots.when import Reading


def local_time(moment: datetime) -> str:
    """A moment by the clock of whoever looks, with its zone."""
    return Reading(moment, LocalZone()).shown(moment)
