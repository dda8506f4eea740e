"""The agent stores seals outside the file system, in a bucket where it can write each of them once."""

import logging
import os
import stat
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
from efs_backup.engine.machine.patience import supervised
from efs_backup.engine.proof.manifests import CHANGES, MANIFEST, SEAL, Manifests
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
        supervised(lambda: upload.bring(earlier), lambda: upload.moved)
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
    name = str(result.snapshot)
    is_ours = upload.stored.get(name) == result.seal
    if not is_ours and name not in upload.others:
        upload.changed.append(f"{name}{SEAL}")
    return replace(
        result,
        seal_status=SealStatus.STORED if is_ours else SealStatus.LOCAL,
        seal_address=upload.bucket.address(upload.keys.seal(name)) if is_ours else None,
        warnings=(*result.warnings, *upload.warnings()),
    )


@dataclass
class _Upload:
    """Brings the seals of one series, the oldest first, so that those that are stored have no gap.

    stored: the digests of the seals that are stored, by snapshot. others: snapshots for which another is. changed:
    files that are not what was sealed. moved: a number that changes with everything that is done, for a new bucket gets
    years of seals.
    """

    bucket: SealBucket
    keys: SealKeys
    manifests: Manifests
    stored: dict[str, str] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    moved: int = 0

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
        """Warnings to the operator about what was found in the bucket."""
        others = [warned_of_others(self.others, self.bucket.address(""))] if self.others else []
        return [*others, *([warned_of_changed(self.changed)] if self.changed else [])]

    def _seal(self, name: str, text: bytes) -> None:
        """Who finds one there has been interrupted, or is not alone."""
        self.moved += 1
        key, sha256 = self.keys.seal(name), digest(text)
        if not self.bucket.store(key, text, sha256) and self.bucket.read(key) != text:
            self.others.append(name)
        else:
            self.stored[name] = sha256

    def _files(self, name: str, seal: Seal) -> None:
        """The changes; and the manifest where they begin from nothing, so that both together tell of every path."""
        if seal.changes:
            self._file(f"{name}{CHANGES}", self.keys.changes(name), seal.changes.sha256)
        if seal.manifest and (seal.changes is None or seal.changes.since is None):
            self._file(f"{name}{MANIFEST}", self.keys.manifest(name), seal.manifest.sha256)

    def _file(self, name: str, key: str, sha256: str) -> None:
        """Upload a file, unless it is gone by now or too large for one request; the seal has its digest in any case."""
        self.moved += 1
        with suppress(FileNotFoundError):
            found = (self.manifests.path / name).lstat()
            if not stat.S_ISREG(found.st_mode) or self.manifests.sha256(name) != sha256:
                self.changed.append(name)
            elif found.st_size > LARGEST_OBJECT:
                _logger.warning("%s is too large to be stored outside", name)
            else:
                with self.manifests.opened(name) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
                    self.bucket.store_file(key, file, sha256)
