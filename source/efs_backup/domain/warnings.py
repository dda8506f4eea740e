"""Warnings: what the operator has to know about a backup, of a success too."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from efs_backup.domain.snapshots.scrubbing import Damage

_DAMAGE_TOLD = 5
PATHS_NAMED = 20
"""Paths that a warning names; it counts them all."""


class WarningKind(StrEnum):
    """The kind of a warning, as the record has it in its attribute `Warning`."""

    LEFT_OUT = "LeftOut"
    UNREADABLE = "Unreadable"
    REFUSED = "Refused"
    CLOCK_JUMPED = "ClockJumped"
    UNCONFIRMED_RULE = "UnconfirmedRule"
    NOT_DELETED = "NotDeleted"
    ANOTHER_SOURCE = "AnotherSource"
    MOUNT_MISSING = "MountMissing"
    SERIES_TORN = "SeriesTorn"
    SERIES_NOT_WRITTEN = "SeriesNotWritten"
    BACKUP_IN_SOURCE = "BackupInSource"
    MANIFEST_MISSING = "ManifestMissing"
    DAMAGED = "Damaged"
    NOT_SCRUBBED = "NotScrubbed"
    SEAL_NOT_STORED = "SealNotStored"
    SEAL_DIFFERS = "SealDiffers"
    WINDOW_FILLS = "WindowFills"
    HOOK_FAILED = "HookFailed"
    MASS_CHANGE = "MassChange"
    HELD = "Held"


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


def damage_warning(damaged: Sequence[Damage], good_copies: Sequence[Sequence[str]]) -> Warned:
    """Warn of stored files that are not what was stored. good_copies: snapshots in which each is whole, elsewhere."""
    told = [_damage_sentence(*pair) for pair in zip(damaged, good_copies, strict=True)]
    more = (
        f" And {len(told) - _DAMAGE_TOLD:,} more: see `efs-backup repair --dry-run`."
        if len(told) > _DAMAGE_TOLD
        else ""
    )
    text = f"Stored files are damaged. {' '.join(told[:_DAMAGE_TOLD])}{more} No new snapshot takes them over"
    return Warned.about(WarningKind.DAMAGED, text, [one.path for one in damaged])


def _damage_sentence(one: Damage, good: Sequence[str]) -> str:
    where = f"{one.path!r} in {', '.join(one.snapshots)}"
    if good:
        return f"{where}: the same content is whole in {good[0]}."
    return f"{where}: no snapshot has the same content in another file; the next backup copies what the source has."


def kinds_of(warnings: Iterable[Warned]) -> str | None:
    """The kinds of these warnings as one word for the record, each once; None where there is none."""
    return ", ".join(sorted({str(warned.kind) for warned in warnings})) or None
