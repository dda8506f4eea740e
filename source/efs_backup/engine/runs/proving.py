"""The proofs of a backup about its snapshot: the manifest, the changes and the seal.

Whatever fails here is said, and is no failure of the backup.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from efs_backup.copy_worker.hash_store import HashStore
from efs_backup.copy_worker.throttle import Throttle
from efs_backup.domain.snapshots.file_changes import FileTally
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.scrubbing import Damage, ScrubRule, coverage
from efs_backup.domain.snapshots.tripwire import Verdict, judge, not_compared
from efs_backup.domain.warnings import Warned, WarningKind, damage_warning
from efs_backup.engine.proof.damage import DamageList, good_copies
from efs_backup.engine.proof.gathered import Base, Gathered
from efs_backup.engine.proof.manifests import HASHES_NAME, Manifests, Stored
from efs_backup.engine.proof.scrub import Scrub, read_state
from efs_backup.engine.proof.sealing import Sealer
from efs_backup.engine.series.series import Series, Snapshot

_SPOOL = "proof"


@dataclass(frozen=True)
class Basis:
    """The basis of proofs: the manifest before, and a descriptor of the hash store, or -1.

    is_late: see Gathered.
    """

    base: Base | None
    is_late: Callable[[int], bool]
    hashes: int

    @contextmanager
    def gathering(self, private: Path) -> Iterator[Gathered]:
        """Gather the proofs of workers; the spool lies in a directory for temporary files."""
        with closing(Gathered(self.base, private / _SPOOL, self.is_late)) as gathered:
            yield gathered


class Proving:
    """The proof of one backup. `warn` gets what the operator should know."""

    def __init__(self, series: Series, note: Callable[[str], None], warn: Callable[[Warned], None]) -> None:
        self._series = series
        self._note = note
        self._warn = warn
        self._manifests = Manifests(series.path)
        self._sealer = Sealer(self._manifests, str(series.label), str(series.interval), lambda: datetime.now(UTC))
        self._stored: Stored | None = None
        self._store: HashStore = HashStore()

    def seal_late(self, snapshots: Iterable[Snapshot]) -> None:
        """Seal what another backup could not."""
        with self._said("Older snapshots could not be sealed"):
            self._sealer.seal_late([one.name for one in snapshots], self._note)

    @contextmanager
    def basis(self, snapshots: Sequence[SnapshotName]) -> Iterator["Basis"]:
        """Open what is proved already."""
        with self._manifests.base(snapshots, self._note) as base, self._hashes() as hashes:
            yield Basis(base, read_state(self._manifests).is_late, hashes)

    @contextmanager
    def _hashes(self) -> Iterator[int]:
        with ExitStack() as stack:
            descriptor = -1
            with suppress(OSError, ValueError):
                descriptor = stack.enter_context(self._manifests.opened(HASHES_NAME))
            if descriptor >= 0:
                self._store = HashStore.read(descriptor)
            yield descriptor

    def store(self, name: SnapshotName, gathered: Gathered) -> None:
        """Write the manifest of what is to be published."""
        self._stored = None
        if gathered.fault:
            self._missing(f"{gathered.fault}.")
            return
        with self._said("The manifest of this snapshot could not be written"):
            self._stored = self._manifests.store(name, gathered, is_durable=False)  # the publish flushes

    def verdict(self, name: SnapshotName, *, is_first: bool) -> Verdict:
        """Judge how much has changed in what is to be published. Only where it is much anything is read for it."""
        if self._stored is None:
            return not_compared("this snapshot has no manifest")
        night = self._stored.night
        if night is None:
            why = "this is the first snapshot" if is_first else "no snapshot before has a manifest that can be used"
            return not_compared(why)
        shares: tuple[float, ...] = ()
        with suppress(OSError):  # nothing is known of the nights before: the higher floor alone
            shares = () if night.is_small else self._sealer.shares_before(name)
        return judge(night, shares)

    @property
    def looked_at(self) -> tuple[FileTally | None, str | None]:
        """(what has changed in what was written last, the snapshot before), for who wants to look closer."""
        return (self._stored.tally, self._stored.changes.since) if self._stored else (None, None)

    def keep(self, gathered: Gathered) -> None:
        """Leave what was hashed for the backup that goes on from here."""
        with suppress(OSError, ValueError):
            found = {one.inode: one for one in gathered.hashes()}
            old = [one for one in self._store if one.inode not in found]
            self._manifests.keep_hashes([*found.values(), *old])

    def seal(self, name: SnapshotName, snapshots: Iterable[Snapshot]) -> str | None:
        """Seal what was published; the digest of its seal."""
        digest = None
        with self._said("The snapshot could not be sealed"):
            digest = self._sealer.seal(name, self._stored, [one.name for one in snapshots])
            self._manifests.forget(HASHES_NAME)
        return digest

    def damaged(self, snapshots: Sequence[SnapshotName]) -> frozenset[int]:
        """The inodes that no snapshot may get any more."""
        found = list[Damage]()
        with self._said("The damage list cannot be kept"):
            found += DamageList(self._series.path).refresh(snapshots)
        return frozenset(one.inode for one in found)

    def scrub(
        self, rule: ScrubRule, snapshots: Sequence[SnapshotName], throttle: Throttle, should_stop: Callable[[], bool]
    ) -> float | None:
        """Read what is due tonight, and warn of all that is damaged; gives the coverage in percent, None if unknown."""
        covered = None
        with self._said("Stored files could not be read again", WarningKind.NOT_SCRUBBED):
            done = Scrub(
                self._series.path, snapshots, rule, now=self._series.now, throttle=throttle, should_stop=should_stop
            ).run()
            covered = coverage(done.days_behind, rule.days) if rule.days else None
            if rule.days and done.days_behind > rule.days // 2:
                self._note(f"The scrub is {done.days_behind} days behind: its budget or the window is too small.")
        with self._said("The damage list cannot be read", WarningKind.NOT_SCRUBBED):
            self._warn_of_damage(snapshots)
        return covered

    def _warn_of_damage(self, snapshots: Sequence[SnapshotName]) -> None:
        damaged = DamageList(self._series.path).refresh(snapshots)
        if damaged:
            copies = [good_copies(self._series.path, snapshots, one) for one in damaged]
            self._warn(damage_warning(damaged, copies))

    @contextmanager
    def _said(self, what: str, kind: WarningKind = WarningKind.MANIFEST_MISSING) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            self._missing(f"{what}: {error}.", kind)

    def _missing(self, why: str, kind: WarningKind = WarningKind.MANIFEST_MISSING) -> None:
        text = f"{why} The snapshot itself is whole; the next backup tries again."
        self._warn(Warned(kind, text))
