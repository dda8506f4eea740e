"""Whether a clock has jumped, so that nothing may be dropped by the times that it gives."""

from datetime import datetime, timedelta

from efs_backup.domain.snapshots.names import Interval, SnapshotName

APART = timedelta(days=1)
"""Further apart than clocks get by themselves, and than a time zone that was set wrongly."""

_SILENCE = timedelta(days=30)
_PERIOD = {
    Interval.HOURLY: timedelta(0),
    Interval.DAILY: timedelta(days=1),
    Interval.WEEKLY: timedelta(days=7),
    Interval.MONTHLY: timedelta(days=31),
}
_DROPS_LATER = "Nothing is dropped this time."


def clock_fault(now: datetime, server: datetime | None, newest: SnapshotName | None, interval: Interval) -> str:
    """A sentence on what is odd; "" where nothing is.

    server: the time that the backup file system gives to a file made now; None where nobody asked it.
    """
    if server and abs(server - now) > APART:
        return (
            f"This machine's clock says {_told(now)}, and the backup file system's {_told(server)}. {_DROPS_LATER}"
            " Set the clocks right."
        )
    if newest and newest.time - now > APART:
        return (
            f"The newest snapshot, {newest}, lies in the future of this machine's clock, which says {_told(now)}."
            f" {_DROPS_LATER} Set the clock right, or delete what a wrong clock has named."
        )
    if newest and now - newest.time > _SILENCE + _PERIOD[interval]:
        return (
            f"The newest snapshot, {newest}, is {(now - newest.time).days} days old. {_DROPS_LATER} Look at the"
            " clock, if backups were made meanwhile; the next backup drops again."
        )
    return ""


def _told(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"
