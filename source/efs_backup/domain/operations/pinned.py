"""The pins of a series as the records of its backups have them."""

from collections.abc import Mapping

from efs_backup.domain.humanize import clipped, shown
from efs_backup.domain.snapshots.names import SnapshotName

_LETTERS, _MOST = 200, 200
"""Of what one pin says, and pins: an item of DynamoDB holds 400 KB."""


def written(pins: Mapping[SnapshotName, str] | None) -> str | None:
    """As one text: a line for each, the newest snapshot first; None where they are not known."""
    if pins is None:
        return None
    newest = sorted(pins, reverse=True)[:_MOST]
    return "\n".join(f"{name} {clipped(shown(pins[name]), _LETTERS)}" for name in newest)


def read(text: str | None) -> list[tuple[str, str]] | None:
    """The snapshots and what their pins say; None where there is no such text."""
    if text is None:
        return None
    lines = (line.partition(" ") for line in text.split("\n") if line)
    return [(name, said) for name, _, said in lines]
