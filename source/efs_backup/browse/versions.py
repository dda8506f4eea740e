"""The versions of a file: one look a snapshot, and hashes where a manifest has them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from efs_backup.browse.paths import name_of, parent_of, shell_word
from efs_backup.browse.place import Place, look_at
from efs_backup.browse.strips import Version, versions
from efs_backup.domain.requests.path_patterns import literal
from efs_backup.engine.proof.manifests import Manifests
from efs_backup.engine.proof.reader import reading
from efs_backup.engine.series.series import Snapshot

_MOST_HASHES = 4
"""Of the newest versions: each takes a look into a manifest, whose index is read as a whole."""


@dataclass(frozen=True)
class ShownVersion:
    """A version, its SHA-256 in hexadecimal digits, "" where it is not known, and whether the chosen night has it."""

    version: Version
    sha256: str
    is_chosen: bool


def versions_of(place: Place, snapshots: Sequence[Snapshot], path: str, night: str) -> list[ShownVersion]:
    """All versions of a path, the newest first; none where no snapshot has it."""
    name = name_of(path)
    looks = look_at([*snapshots], parent_of(path), [name])[name]
    found = versions({str(one.name): look for one, look in zip(snapshots, looks, strict=True)})
    return [
        ShownVersion(one, _sha256(place.series.path, one, path) if at < _MOST_HASHES or night in one.nights else "",
                     night in one.nights)
        for at, one in enumerate(found)
    ]  # fmt: skip


def _sha256(series: Path, version: Version, path: str) -> str:
    if not version.look.is_file:
        return ""
    with suppress(OSError, ValueError), reading(Manifests(series), version.nights[0]) as manifest:
        entry = manifest.find(path.encode(errors="surrogateescape"))
        return entry.attributes.sha256.hex() if entry else ""
    return ""


def restore_command(place: Place, night: str, path: str) -> str:
    """The command that brings a path back into a new directory beside nothing of value, ready for a shell."""
    words = ["efs-backup", "restore", str(place.backup), "/tmp/restored", "--label", str(place.label)]  # noqa: S108
    words += ["--interval", str(place.interval), "--snapshot", night, *(["--path", literal(path)] if path else [])]
    return " ".join(map(shell_word, words))
