"""The text of a gzip file beside the snapshots, read piece by piece."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.engine.proof.changes_file import since_told
from efs_backup.engine.proof.manifests import CHANGES, Manifests

_AT_ONCE = 2**20
_HEAD_BYTES = 200


def pieces(manifests: Manifests, name: str) -> Iterator[bytes]:
    """The text of a file, in pieces of whole lines. Raises OSError, and ValueError where it is torn."""
    left = b""
    with _unpacked(manifests, name) as text, _torn_named(name):
        while piece := text.read(_AT_ONCE):
            lines, end, rest = piece.rpartition(b"\n")
            if not end:
                left += piece
                continue
            yield left + lines + end
            left = rest
        if left:
            yield left


def since_of_night(manifests: Manifests, night: SnapshotName | str) -> str | None:
    """The snapshot that the changes of a night begin from; None for a first one. Raises OSError and ValueError."""
    name = f"{night}{CHANGES}"
    with _unpacked(manifests, name) as text, _torn_named(name):
        return since_told(text.readline(_HEAD_BYTES))


@contextmanager
def _unpacked(manifests: Manifests, name: str) -> Iterator[gzip.GzipFile]:
    with (
        manifests.opened(name) as descriptor,
        open(descriptor, "rb", closefd=False) as packed,
        gzip.GzipFile(fileobj=packed) as text,
    ):
        yield text


@contextmanager
def _torn_named(name: str) -> Iterator[None]:
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{name!r} is torn: {error}") from error
