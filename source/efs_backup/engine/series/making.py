"""A manifest made of a snapshot that was published without one."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime

from efs_backup.copy_worker.mtree import NANOSECONDS
from efs_backup.copy_worker.throttle import Throttle
from efs_backup.domain.errors import EfsBackupError
from efs_backup.domain.snapshots.clock import APART
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.seal import ManifestFigures
from efs_backup.domain.snapshots.selection import Selection
from efs_backup.engine.machine.os_errors import refusals_named, temporary_space_named
from efs_backup.engine.machine.stop import Stop
from efs_backup.engine.machine.temporary import temporary_directory
from efs_backup.engine.proof.gathered import Gathered
from efs_backup.engine.proof.index import Index, totals
from efs_backup.engine.proof.index_again import index_made_again
from efs_backup.engine.proof.manifests import CHANGES, INDEX, MANIFEST, SEAL, Manifests, Stored
from efs_backup.engine.proof.read_back import ReadBack
from efs_backup.engine.proof.sealing import Sealer
from efs_backup.engine.series.lock import Owner, locked
from efs_backup.engine.series.series import Series, Snapshot
from efs_backup.engine.trees.tree import Tree

_SPOOL = "proof"
_REMARK = "made of the snapshot itself, after it was published: of its source nothing is known"


@dataclass(frozen=True)
class Made:
    """The manifest that was made. figures: its own. seal: the digest of the seal that was made, None for none.

    unread: files without a hash, for they cannot be read.
    """

    snapshot: SnapshotName
    figures: ManifestFigures
    seal: str | None
    message: str
    unread: tuple[str, ...] = ()


class Making:
    """Makes a manifest. `clock` gives aware times; owner: who holds the lock of the series meanwhile."""

    def __init__(
        self, series: Series, *, clock: Callable[[], datetime], owner: Owner, stop: Stop, throttle: Throttle,
        note: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._series = series
        self._manifests = Manifests(series.path)
        self._clock = clock
        self._owner = owner
        self._stop = stop
        self._throttle = throttle
        self._note = note

    def run(self, selection: Selection) -> Made:
        """Make the manifest of a snapshot, under the lock of the series; what has one is left as it is.

        Raises Locked while a backup of the series runs, NothingThere, Stopped, EfsBackupError of what cannot be mended.
        """
        self._series.prepare()
        with locked(self._series.path, self._owner):
            self._series.adopt(self._note)
            snapshots = {snapshot.name: snapshot for snapshot in self._series.snapshots()}
            snapshot = snapshots[selection.choose([*snapshots])]
            if str(snapshot.name) in self._manifests.names(MANIFEST):
                return self._left_or_mended(snapshot.name)
            self._refuse_what_was_sealed(snapshot.name)
            return self._make(snapshot)

    def _make(self, snapshot: Snapshot) -> Made:
        name = snapshot.name
        stored, unread = read_back(self._manifests, snapshot, self._throttle, self._stop.is_due, self._note)
        with refusals_named(str(self._manifests.path)):
            digest = self._seal(name, stored)
        message = f"The manifest of {name} was made of the snapshot itself."
        return Made(name, stored.manifest, digest, message, unread)

    def _seal(self, name: SnapshotName, stored: Stored) -> str | None:
        """Seal it late; a seal that is there belongs to the chain, and stays."""
        if str(name) in self._manifests.names(SEAL):
            self._note(f"The seal of {name} stays as it is: it was made when there was no manifest, and names none.")
            return None
        sealer = Sealer(self._manifests, str(self._series.label), str(self._series.interval), self._clock)
        return sealer.seal(name, stored, [one.name for one in self._series.snapshots()], is_late=True)

    def _refuse_what_was_sealed(self, name: SnapshotName) -> None:
        seal, is_sealed = self._manifests.seal(name), str(name) in self._manifests.names(SEAL)
        had_one = seal.manifest if seal else is_sealed
        if had_one or str(name) in self._manifests.names(CHANGES):
            raise _unusable("is gone, and another one would not be what was sealed", self._manifests, name)

    def _left_or_mended(self, name: SnapshotName) -> Made:
        """Report on a manifest that is there; its index is made again where only that is lost."""
        message, sha256 = f"The snapshot {name} has a manifest already; nothing was touched.", self._checked(name)
        try:
            index = self._manifests.index(name)
        except (OSError, ValueError):
            index, message = self._index_again(name), f"The index of the manifest of {name} was made again."
        lines, files, size, unknown = totals(index)
        return Made(name, ManifestFigures(sha256, index.end, lines, files, size, unknown), None, message)

    def _checked(self, name: SnapshotName) -> str:
        """The digest of a manifest, which is that in its seal."""
        try:
            sha256, seal = self._manifests.sha256(f"{name}{MANIFEST}"), self._manifests.seal(name)
        except (OSError, ValueError) as error:
            raise _unusable(f"cannot be read: {error}", self._manifests, name) from error
        if seal and seal.manifest and seal.manifest.sha256 != sha256:
            raise _unusable("is not the one that was sealed", self._manifests, name)
        return sha256

    def _index_again(self, name: SnapshotName) -> Index:
        try:
            index = index_made_again(self._manifests, str(name))
        except (OSError, ValueError) as error:
            raise _unusable(f"is torn: {error}", self._manifests, name) from error
        with refusals_named(str(self._manifests.path)), self._manifests.written(f"{name}{INDEX}") as write:
            write(index.packed())
        return index


def read_back(
    manifests: Manifests, snapshot: Snapshot, throttle: Throttle, should_stop: Callable[[], bool],
    note: Callable[[str], None],
) -> tuple[Stored, tuple[str, ...]]:  # fmt: skip
    """(what was stored as the manifest of a snapshot that is read for it, the files that cannot be read).

    The lock of the series is held. Raises Stopped, Hung and EfsBackupError.
    """
    name = snapshot.name
    before_ns = int((name.time - APART).timestamp()) * NANOSECONDS
    with (
        temporary_directory(note) as private,
        temporary_space_named(str(private)),
        closing(Gathered(None, private / _SPOOL)) as gathered,
        _reading_named(name),
        Tree(snapshot.path, throttle) as tree,
    ):
        gathered.remark = _REMARK
        reading = ReadBack(tree, gathered, (0, before_ns), should_stop)
        reading.run()
        with refusals_named(str(manifests.path)):
            return manifests.store(name, gathered), tuple(sorted(reading.unread))


def _unusable(what: str, manifests: Manifests, name: SnapshotName) -> EfsBackupError:
    files = ", ".join(repr(str(manifests.file(name, ending))) for ending in (MANIFEST, INDEX, SEAL, CHANGES))
    return EfsBackupError(
        f"The manifest of {name} {what}. Nothing was touched.",
        f"`efs-backup audit` tells more. To have a new one all the same, move what is there of {files} away.",
    )


@contextmanager
def _reading_named(name: SnapshotName) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EfsBackupError(
            f"The snapshot {name} cannot be read ({error.filename or 'a name in it'!r}: {error.strerror}); no manifest"
            " was made.",
            "Run it as root, or mend the file system.",
        ) from error
