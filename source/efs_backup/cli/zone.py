"""The zone of this machine, or of the variable TZ, as the C library knows it."""

from datetime import UTC, datetime, timedelta, tzinfo


class LocalZone(tzinfo):
    """The zone in which people here tell the time; whatever TZ may hold serves, and no data of zones are loaded."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        """See tzinfo."""
        return _local(moment).utcoffset() or timedelta(0)

    def dst(self, _moment: datetime | None) -> None:
        """See tzinfo; nobody asks for it."""

    def tzname(self, moment: datetime | None) -> str:
        """See tzinfo."""
        return _local(moment).tzname() or ""

    def fromutc(self, moment: datetime) -> datetime:
        """See tzinfo."""
        return moment.replace(tzinfo=UTC).astimezone().replace(tzinfo=self)


def _local(moment: datetime | None) -> datetime:
    """The moment by the C library; `astimezone` takes a time without a zone for a local one."""
    return (moment.replace(tzinfo=None) if moment else datetime.now(UTC)).astimezone()
