"""Names: of snapshots, of series, of labels, and the numbers beside them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from efs_backup.domain.errors import WrongUsage

PARTIAL_PREFIX = ".partial-"
SPARE_PREFIX = ".spare-"
MANIFESTS_NAME = ".manifests"
SHARES_NAME = ".shares"
RESTORES_NAME = ".restores"
TRASH_NAME = ".trash"
HOLD_NAME = ".hold.json"
LOCK_NAME = ".lock"
PINS_NAME = ".pins"
READERS_NAME = ".readers"
RECORDS_NAME = ".records"
UNFINISHED_NAME = ".unfinished"
DEFAULT_LABEL = "efs-backup"

_NAME_FORMAT = "%Y%m%dT%H%M%SZ"
_NAME_PATTERN = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_NAME_BYTES = 255
_NUMBER_PATTERN = re.compile(r"0|[1-9]\d{0,3}", re.ASCII)
_YEARS = range(1000, 9999)
ONE_SECOND = timedelta(seconds=1)


class Interval(StrEnum):
    """How often a series is made; the name of its directory."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, order=True)
class SnapshotName:
    """The UTC second at which a backup started, written `20261122T020000Z`."""

    time: datetime

    def __str__(self) -> str:
        return self.time.strftime(_NAME_FORMAT)

    @classmethod
    def of(cls, time: datetime) -> "SnapshotName":
        """The name for an aware time; fractions of the second are cut off."""
        return cls(time.astimezone(UTC).replace(microsecond=0))

    @classmethod
    def parse(cls, text: str) -> "SnapshotName | None":
        """The name that the text spells, or None where it spells none."""
        if not _NAME_PATTERN.fullmatch(text):
            return None
        try:
            time = datetime.strptime(text, _NAME_FORMAT).replace(tzinfo=UTC)
        except ValueError:
            return None
        return cls(time) if time.year in _YEARS else None

    @classmethod
    def following(cls, taken: Iterable["SnapshotName"], now: datetime) -> "SnapshotName":
        """The name of a new snapshot: now, or one second after the newest taken where the clock has jumped back."""
        wanted = cls.of(now)
        newest = max(taken, default=None)
        return wanted if newest is None or newest < wanted else cls(newest.time + ONE_SECOND)


@dataclass(frozen=True)
class FolderLabel:
    """The directory on the backup file system under which the series of one source live."""

    text: str

    def __post_init__(self) -> None:
        reason = _label_fault(self.text)
        if reason:
            raise WrongUsage(f"The label {self.text!r} {reason}; use one directory name such as {DEFAULT_LABEL!r}.")

    def __str__(self) -> str:
        return self.text


def _label_fault(text: str) -> str | None:
    if not text:
        return "is empty"
    if text.startswith("."):
        return "begins with a dot"
    if "/" in text or "\0" in text:
        return "holds a character that no directory name can have"
    if len(text.encode(errors="surrogateescape")) > _NAME_BYTES:
        return "is longer than 255 bytes"
    return None


def number_links(interval: Interval, snapshots: Iterable[SnapshotName]) -> dict[str, str]:
    """The relative links for people who browse: `daily.0` to `daily/<newest>`, and so on."""
    newest_first = sorted(snapshots, reverse=True)
    return {f"{interval}.{number}": f"{interval}/{name}" for number, name in enumerate(newest_first)}


def backup_number(interval: Interval, text: str) -> int | None:
    """The number in `daily.3` (or in a bare `3`), or None where the text is no backup number of this interval."""
    digits = text.removeprefix(f"{interval}.")
    return int(digits) if _NUMBER_PATTERN.fullmatch(digits) else None
