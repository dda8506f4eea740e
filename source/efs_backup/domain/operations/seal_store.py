"""Seals outside the file system: where each lies, which are not there yet, and when that becomes a warning."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.results import BackupStatus, SealStatus
from efs_backup.domain.snapshots.names import FolderLabel, Interval
from efs_backup.domain.snapshots.seal import Seal, read_seal
from efs_backup.domain.warnings import Warned, WarningKind

SEALS, CHANGES, MANIFESTS, DRILLS = "seals", "changes", "manifests", "drills"
"""The beginnings of keys. They stand in the policy of the instance's role too."""

PATIENT_NIGHTS = 3
"""The number of nights in a row whose seal could not be stored, from which on there is a warning."""


@dataclass(frozen=True)
class SealKeys:
    """The keys of one series; names are those of snapshots."""

    label: FolderLabel
    interval: Interval

    def seal(self, name: str) -> str:
        """Where a seal lies."""
        return f"{self._below(SEALS)}/{name}.json"

    def changes(self, name: str) -> str:
        """Where the changes of a snapshot lie."""
        return f"{self._below(CHANGES)}/{name}.changes.gz"

    def manifest(self, name: str) -> str:
        """Where the manifest of a snapshot lies whose changes begin from nothing."""
        return f"{self._below(MANIFESTS)}/{name}.mtree.gz"

    def drill(self, name: str, ending: str) -> str:
        """Where the evidence of a drill lies: `json` or `html`; the name is its time."""
        return f"{self._below(DRILLS)}/drill-{name}.{ending}"

    def _below(self, kind: str) -> str:
        return f"{kind}/{self.label}/{self.interval}"


def stored_last(backups: Iterable[BackupRecord], address: str) -> BackupRecord | None:
    """The newest backup whose seal, and all before it, are known to be stored; `address` is how all of them begin.

    Another bucket, label or interval begins otherwise, and knows of none.
    """
    stored = (backup for backup in backups if backup.seal_status is SealStatus.STORED and backup.snapshot)
    here = (backup for backup in stored if (backup.seal_address or "").startswith(address))
    return max(here, key=lambda backup: str(backup.snapshot), default=None)


def not_stored(seals: Mapping[str, bytes], last: BackupRecord | None) -> list[str]:
    """The snapshots whose seals are not stored yet, the oldest first; of older ones, those that were sealed since."""
    if last is None:
        return sorted(seals)
    newest, since = str(last.snapshot), last.start_time
    return sorted(name for name, text in seals.items() if name > newest or _sealed_since(text, since))


def _sealed_since(text: bytes, time: datetime) -> bool:
    seal = readable_seal(text)
    return seal is not None and seal.is_late and seal.sealed >= time


def readable_seal(text: bytes) -> Seal | None:
    """A seal; None of a text that is none."""
    try:
        return read_seal(text)
    except ValueError:
        return None


def warned_of_local(backups: Iterable[BackupRecord], why: str) -> Warned | None:
    """The warning where the seals of so many nights, tonight's too, could not be stored; None before."""
    successes = (backup for backup in backups if backup.status is BackupStatus.SUCCESS and backup.is_backup)
    newest_first = sorted(successes, key=lambda backup: backup.start_time, reverse=True)
    nights = 1 + sum(1 for _ in takewhile(lambda backup: backup.seal_status is SealStatus.LOCAL, newest_first))
    if nights < PATIENT_NIGHTS:
        return None
    text = f"For {nights} backups in a row the seals could not be stored outside: {why}"
    return Warned(WarningKind.SEAL_NOT_STORED, text)


def warned_of_others(names: Iterable[str], address: str) -> Warned:
    """The warning that other seals than ours are stored outside for these snapshots."""
    text = f"Below {address} other seals are stored than those beside the snapshots; `efs-backup audit` says more"
    return Warned.about(WarningKind.SEAL_DIFFERS, text, list(names))


def warned_of_changed(names: Iterable[str]) -> Warned:
    """The warning that files are not what was sealed, and were not stored outside therefore."""
    text = "Files beside the snapshots are not what was sealed; `efs-backup audit` says more"
    return Warned.about(WarningKind.SEAL_DIFFERS, text, list(names))
