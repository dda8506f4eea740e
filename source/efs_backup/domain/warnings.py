"""Warnings: what the operator has to know about a backup, of a success too."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

PATHS_NAMED = 20
"""Paths that a warning names; it counts them all."""


class WarningKind(StrEnum):
    """The kind of a warning, as the record has it in its attribute `Warning`."""

    LEFT_OUT = "LeftOut"
    UNREADABLE = "Unreadable"
    REFUSED = "Refused"
    CLOCK_JUMPED = "ClockJumped"
    NOT_DELETED = "NotDeleted"
    ANOTHER_SOURCE = "AnotherSource"
    MOUNT_MISSING = "MountMissing"
    SERIES_TORN = "SeriesTorn"
    SERIES_NOT_WRITTEN = "SeriesNotWritten"
    BACKUP_IN_SOURCE = "BackupInSource"
    MANIFEST_MISSING = "ManifestMissing"
    DAMAGED = "Damaged"
    SEAL_NOT_STORED = "SealNotStored"
    SEAL_DIFFERS = "SealDiffers"


@dataclass(frozen=True)
class Warned:
    """One warning: a sentence, the first paths that it is about (relative to the source), and how many there are."""

    kind: WarningKind
    message: str
    paths: tuple[str, ...] = ()
    count: int = 0

    @classmethod
    def about(cls, kind: WarningKind, message: str, paths: Collection[str]) -> "Warned":
        """The warning about these paths, of which the first in order are named."""
        return cls(kind, message, tuple(sorted(paths)[:PATHS_NAMED]), len(paths))

    def __str__(self) -> str:
        named = ", ".join(map(repr, self.paths))
        more = f" and {self.count - len(self.paths):,} more" if self.count > len(self.paths) else ""
        return f"{self.message}: {named}{more}." if named else self.message


def kinds_of(warnings: Iterable[Warned]) -> str | None:
    """The kinds of these warnings as one word for the record, each once; None where there is none."""
    return ", ".join(sorted({str(warned.kind) for warned in warnings})) or None
