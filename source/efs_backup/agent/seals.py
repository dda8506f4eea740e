"""The agent stores seals outside the file system, in a bucket where it can write each of them once."""

import logging
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from efs_backup.agent.services import BackupServices
from efs_backup.domain.errors import BucketRefused, EfsBackupError, Hung
from efs_backup.domain.operations.record import BackupRecord
from efs_backup.domain.operations.seal_store import (
    SealKeys,
    not_stored,
    readable_seal,
    stored_last,
    warned_of_changed,
    warned_of_local,
    warned_of_others,
)
from efs_backup.domain.results import BackupResult, SealStatus
from efs_backup.domain.snapshots.seal import Seal, digest
from efs_backup.domain.warnings import Warned
from efs_backup.engine.machine.patience import within
from efs_backup.engine.proof.manifests import CHANGES, MANIFEST, Manifests
from efs_backup.lib.insisting import insist
from efs_backup.lib.s3 import LARGEST_OBJECT, SealBucket

_logger = logging.getLogger(__name__)


def earlier_backups(services: BackupServices) -> list[BackupRecord]:
    """The records that tell which seals are stored outside; none where none are to be."""
    return insist(lambda: list(services.store.backups())) if services.seal_bucket else []


def stored_outside(
    services: BackupServices, target: Path, result: BackupResult, earlier: Iterable[BackupRecord]
) -> BackupResult:
    """The result, with where its seal lies outside; seals of earlier nights that are missing there are brought too.

    What cannot be stored is no failure of the backup: the next one brings it.
    """
    bucket, settings = services.seal_bucket, services.settings
    if bucket is None or result.seal is None:
        return result
    manifests = Manifests(target / str(settings.folder_label) / str(settings.interval))
    upload = _Upload(bucket, SealKeys(settings.folder_label, settings.interval), manifests)
    try:
        within(lambda: upload.bring(earlier), str(manifests.path))
    except (BucketRefused, Hung, OSError, ValueError) as error:
        _logger.exception("Seals could not be stored outside")
        return _kept_here(upload, result, earlier, error.message if isinstance(error, EfsBackupError) else str(error))
    return _told(upload, result)


def _kept_here(upload: "_Upload", result: BackupResult, earlier: Iterable[BackupRecord], why: str) -> BackupResult:
    note = f"The seal is beside the snapshot alone; the next backup stores it outside, too: {why}"
    warned = warned_of_local(earlier, why)
    warnings = upload.warnings() + ([warned] if warned else [])
    return replace(
        result, seal_status=SealStatus.LOCAL, warnings=(*result.warnings, *warnings), notes=(*result.notes, note)
    )


def _told(upload: "_Upload", result: BackupResult) -> BackupResult:
    """Where another seal lies under tonight's name, ours is not stored, however much else is."""
    is_ours = str(result.snapshot) not in upload.others
    return replace(
        result,
        seal_status=SealStatus.STORED if is_ours else SealStatus.LOCAL,
        seal_address=upload.bucket.address(upload.keys.seal(str(result.snapshot))) if is_ours else None,
        warnings=(*result.warnings, *upload.warnings()),
    )


@dataclass
class _Upload:
    """Brings the seals of one series, the oldest first, so that those that are stored have no gap.

    others: snapshots for which another seal is stored. changed: files that are not what was sealed.
    """

    bucket: SealBucket
    keys: SealKeys
    manifests: Manifests
    others: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)

    def bring(self, backups: Iterable[BackupRecord]) -> None:
        """Store what is missing. Raises BucketRefused, OSError and ValueError."""
        seals = self.manifests.seals()
        last = stored_last(backups, self.bucket.address(self.keys.seal("").removesuffix(".json")))
        for name in not_stored(seals, last):
            self._seal(name, seals[name])
        for name in not_stored(seals, last):
            if (seal := readable_seal(seals[name])) is not None:
                self._files(name, seal)

    def warnings(self) -> list[Warned]:
        """What the operator has to know of what was found."""
        others = [warned_of_others(self.others, self.bucket.address(""))] if self.others else []
        return [*others, *([warned_of_changed(self.changed)] if self.changed else [])]

    def _seal(self, name: str, text: bytes) -> None:
        """Who finds one there has been interrupted, or is not alone."""
        key = self.keys.seal(name)
        if not self.bucket.store(key, text, digest(text)) and self.bucket.read(key) != text:
            self.others.append(name)

    def _files(self, name: str, seal: Seal) -> None:
        """The changes; and the manifest where they begin from nothing, so that both together tell of every path."""
        if seal.changes:
            self._file(f"{name}{CHANGES}", self.keys.changes(name), seal.changes.sha256)
        if seal.manifest and (seal.changes is None or seal.changes.since is None):
            self._file(f"{name}{MANIFEST}", self.keys.manifest(name), seal.manifest.sha256)

    def _file(self, name: str, key: str, sha256: str) -> None:
        """What is gone by now, or too large for one request, is left out; the seal has its digest in any case."""
        with suppress(FileNotFoundError):
            if (self.manifests.path / name).lstat().st_size > LARGEST_OBJECT:
                _logger.warning("%s is too large to be stored outside", name)
            elif self.manifests.sha256(name) != sha256:
                self.changed.append(name)
            else:
                with self.manifests.opened(name) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
                    self.bucket.store_file(key, file, sha256)
