"""Seals: what each snapshot was when it was made, in a chain of digests that nobody changes unseen."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from efs_backup.domain.snapshots.acts import HOLD, RELEASE, Act
from efs_backup.domain.snapshots.changes import NO_CHANGES, ChangeCounts
from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.domain.snapshots.tripwire import NightFigures

FORMAT = 1


@dataclass(frozen=True)
class ManifestFigures:
    """A manifest in figures. bytes: of the file; size: of the contents; without_hash: files of unknown content."""

    sha256: str
    bytes: int
    entries: int
    files: int
    size: int
    without_hash: int


@dataclass(frozen=True)
class ChangesFigures:
    """A file of changes in figures. since: the snapshot that it begins from; None for a first one."""

    sha256: str
    since: str | None
    counts: ChangeCounts = NO_CHANGES


@dataclass(frozen=True)
class Seal:
    """A seal.

    kept: the snapshots that were there when it was made. dropped: those that the rules have dropped since the seal
    before. acts: what persons, and the tripwire, have changed since then about what is kept. previous,
    previous_sha256: that seal's snapshot and digest; None for a first one. is_late: the backup that made the snapshot
    was ended before it could seal it. night: the files of the snapshot before, and what became of them; None where
    there was none. shares: the parts of them that changed or went in the last 60 nights, this one is the last.
    """

    label: str
    series: str
    snapshot: str
    sealed: datetime
    manifest: ManifestFigures | None
    changes: ChangesFigures | None
    kept: tuple[str, ...]
    dropped: tuple[str, ...]
    previous: str | None
    previous_sha256: str | None
    program: str
    is_late: bool = False
    acts: tuple[Act, ...] = ()
    night: NightFigures | None = None
    shares: tuple[float, ...] = ()

    def text(self) -> bytes:
        """The seal as it is stored: JSON with sorted keys and no blanks, so that its digest says all."""
        changes = self.changes and {
            "sha256": self.changes.sha256, "since": self.changes.since, **asdict(self.changes.counts),
        }  # fmt: skip
        value = {
            "format": FORMAT, "label": self.label, "series": self.series, "snapshot": self.snapshot,
            "sealed": self.sealed.isoformat().replace("+00:00", "Z"),
            "manifest": self.manifest and asdict(self.manifest), "changes": changes, "kept": list(self.kept),
            "dropped": list(self.dropped), "previous": self.previous, "previous_seal_sha256": self.previous_sha256,
            "program": self.program, "sealed_late": self.is_late,
            **({"acts": [act.to_json() for act in self.acts]} if self.acts else {}),
            "files": self.night and asdict(self.night), "shares": list(self.shares),
        }  # fmt: skip
        return json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def digest(text: bytes) -> str:
    """The SHA-256 of a stored seal, in hexadecimal digits, as `sha256sum` gives it."""
    return hashlib.sha256(text).hexdigest()


def read_seal(text: bytes) -> Seal:
    """Read a stored seal. Raises ValueError of anything that is none."""
    try:
        value: dict[str, Any] = json.loads(text)
        manifest, changes = value["manifest"], value["changes"]
        counts = {name: int(changes.get(name, 0)) for name in asdict(ChangeCounts())} if changes else {}
        return Seal(
            str(value["label"]), str(value["series"]), str(value["snapshot"]), datetime.fromisoformat(value["sealed"]),
            ManifestFigures(**manifest) if manifest else None,
            ChangesFigures(changes["sha256"], changes["since"], ChangeCounts(**counts)) if changes else None,
            tuple(value["kept"]), tuple(value["dropped"]), value["previous"], value["previous_seal_sha256"],
            str(value["program"]), bool(value.get("sealed_late")),
            tuple(map(Act.of_json, value.get("acts", ()))),
            NightFigures(**files) if (files := value.get("files")) else None,
            tuple(map(float, value.get("shares", ()))),
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"it is no seal: {error}") from error


class Finding(StrEnum):
    """The possible findings of an audit."""

    SEAL_CHANGED = "SealChanged"
    SEAL_MISSING = "SealMissing"
    SEAL_UNREADABLE = "SealUnreadable"
    CHAIN_BEGINS_ANEW = "ChainBeginsAnew"
    SNAPSHOT_MISSING = "SnapshotMissing"
    SNAPSHOT_UNSEALED = "SnapshotUnsealed"
    MANIFEST_CHANGED = "ManifestChanged"
    MANIFEST_MISSING = "ManifestMissing"
    CHANGES_CHANGED = "ChangesChanged"
    CHANGES_MISSING = "ChangesMissing"
    HOLD_MISSING = "HoldMissing"


@dataclass(frozen=True)
class Found:
    """One thing that is not as it was sealed; text: a sentence with the snapshot, and since when."""

    finding: Finding
    snapshot: str
    text: str


@dataclass(frozen=True)
class Evidence:
    """The evidence of an audit.

    seals: stored seals by the name of their snapshot. outside: the same, as they were stored elsewhere, where nobody
    could change them. snapshots: those that are there. manifests, changes: SHA-256 of the files that are there.
    dropped: what the rules have dropped since the newest seal. acts: what was changed since then about what is kept.
    is_held: whether a hold is there.
    """

    seals: Mapping[str, bytes]
    snapshots: Sequence[str]
    manifests: Mapping[str, str]
    changes: Mapping[str, str]
    dropped: Sequence[str] = ()
    outside: Mapping[str, bytes] | None = None
    acts: Sequence[Act] = ()
    is_held: bool = True


def audit(evidence: Evidence) -> list[Found]:
    """Say what is not as it was sealed, the oldest first."""
    seals, found = _read_all(evidence)
    found += _outside(evidence)
    found += _chain(seals, evidence)
    found += _snapshots(seals, evidence)
    found += [one for name, seal in seals.items() for one in _files(name, seal, evidence)]
    found += _hold(seals, evidence)
    return sorted(found, key=lambda one: one.snapshot)


def _read_all(evidence: Evidence) -> tuple[dict[str, Seal], list[Found]]:
    seals, found = dict[str, Seal](), list[Found]()
    for name, text in sorted(evidence.seals.items()):
        try:
            seals[name] = _seal_of(name, text)
        except ValueError as error:
            found.append(Found(Finding.SEAL_UNREADABLE, name, f"The seal of {name} cannot be used: {error}."))
    return seals, found


def _seal_of(name: str, text: bytes) -> Seal:
    seal = read_seal(text)
    if seal.snapshot != name:
        raise ValueError(f"it is that of {seal.snapshot}")
    return seal


def _outside(evidence: Evidence) -> list[Found]:
    found = []
    for name, text in (evidence.outside or {}).items():
        here = evidence.seals.get(name)
        if here is None:
            text_of = f"The seal of {name} is stored outside, and is not beside the snapshots any more."
            found.append(Found(Finding.SEAL_MISSING, name, text_of))
        elif here != text:
            text_of = f"The seal of {name} is not the one that is stored outside ({digest(text)})."
            found.append(Found(Finding.SEAL_CHANGED, name, text_of))
    return found


def _chain(seals: Mapping[str, Seal], evidence: Evidence) -> list[Found]:
    found, before = list[Found](), None
    for name, seal in seals.items():
        if seal.previous is None and not _has_older(seal, seals):
            pass  # the first one
        elif seal.previous is None:
            text = f"The seal of {name} knows of none before it, though that of {before} is there."
            found.append(Found(Finding.CHAIN_BEGINS_ANEW, name, text))
        elif seal.previous not in evidence.seals:
            text = f"The seal of {seal.previous} is gone; that of {name} was made after it, on {_day(seal)}."
            found.append(Found(Finding.SEAL_MISSING, seal.previous, text))
        elif digest(evidence.seals[seal.previous]) != seal.previous_sha256:
            text = f"The seal of {seal.previous} was changed after {_day(seal)}, when that of {name} was made."
            found.append(Found(Finding.SEAL_CHANGED, seal.previous, text))
        before = name
    return found


def _has_older(seal: Seal, seals: Mapping[str, Seal]) -> bool:
    """Whether an older snapshot had a seal when this one was made; some are sealed late, by a command."""
    older = (other for name, other in seals.items() if name < seal.snapshot)
    return any(not other.is_late or other.sealed <= seal.sealed for other in older)


def _snapshots(seals: Mapping[str, Seal], evidence: Evidence) -> list[Found]:
    there = set(evidence.snapshots)
    first = min((name for name, seal in seals.items() if not seal.is_late), default=None)
    dropped = {name for seal in seals.values() for name in seal.dropped} | set(evidence.dropped)
    found = []
    for name in sorted({*seals, *(name for seal in seals.values() for name in seal.kept)} - there - dropped):
        last = max((seal for seal in seals.values() if name in seal.kept), key=lambda seal: seal.snapshot, default=None)
        since = f" It was there on {_day(last)}, when {last.snapshot} was sealed." if last else ""
        text = f"The snapshot {name} is gone, and no rule has dropped it.{since}"
        found.append(Found(Finding.SNAPSHOT_MISSING, name, text))
    for name in sorted(there - set(seals)):
        if first is not None and name > first and name not in evidence.seals:
            text = f"The snapshot {name} has no seal, though older ones have."
            found.append(Found(Finding.SNAPSHOT_UNSEALED, name, text))
    return found


def _hold(seals: Mapping[str, Seal], evidence: Evidence) -> list[Found]:
    """A hold that is gone though nobody has said that he releases it."""
    places = [*(seal.acts for seal in seals.values()), evidence.acts]
    noted = [(place, one) for place, acts in enumerate(places) for one in acts]
    releases = [(place, one) for place, one in noted if one.act == RELEASE]
    missed = [
        one for place, one in noted
        if one.act == HOLD and not any(_ends(release, one, is_later=later > place) for later, release in releases)
    ]  # fmt: skip
    if evidence.is_held or not missed:
        return []
    last = missed[-1]
    text = (
        f"The hold since {last.snapshot} is gone, and nobody has released it; it was made by {last.by} on"
        f" {last.at}, because {last.reason}."
    )
    return [Found(Finding.HOLD_MISSING, last.snapshot, text)]


def _ends(release: Act, hold: Act, *, is_later: bool) -> bool:
    """Whether a release has ended a hold. is_later: a later seal tells of it.

    Snapshots get later names whatever the clocks say, so that the one that a hold names tells which was first; where
    both name the same, or a torn hold named none, either the seals or the times do.
    """
    if release.snapshot and release.snapshot != hold.snapshot:
        return release.snapshot > hold.snapshot
    return is_later or release.at >= hold.at


def _files(name: str, seal: Seal, evidence: Evidence) -> list[Found]:
    found = []
    if seal.manifest and name in evidence.snapshots:
        if name not in evidence.manifests:
            text = f"The manifest of {name} is gone; it was sealed on {_day(seal)}."
            found.append(Found(Finding.MANIFEST_MISSING, name, text))
        elif evidence.manifests[name] != seal.manifest.sha256:
            text = f"The manifest of {name} was changed after {_day(seal)}, when it was sealed."
            found.append(Found(Finding.MANIFEST_CHANGED, name, text))
    if seal.changes:
        if name not in evidence.changes:
            text = f"The file of changes of {name} is gone; it was sealed on {_day(seal)}."
            found.append(Found(Finding.CHANGES_MISSING, name, text))
        elif evidence.changes[name] != seal.changes.sha256:
            text = f"The file of changes of {name} was changed after {_day(seal)}, when it was sealed."
            found.append(Found(Finding.CHANGES_CHANGED, name, text))
    return found


def _day(seal: Seal) -> str:
    return f"{seal.sealed:%Y-%m-%d %H:%M} UTC"


def is_snapshot(name: str) -> bool:
    """Whether a text is the name of a snapshot."""
    return SnapshotName.parse(name) is not None
