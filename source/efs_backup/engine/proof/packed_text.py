"""The text of a gzip file beside the snapshots, read piece by piece, and member by member."""

import os
import zlib
from collections.abc import Iterator

from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.engine.proof.changes_file import since_told
from efs_backup.engine.proof.manifests import CHANGES, Manifests

_GZIP = 31
"""Window bits of zlib that mean a gzip member."""
_READ_AT_ONCE = 2**16
"""Bytes; what is left of them behind a member, which may be small, is copied for the next one."""
_AT_ONCE = 2**20
_HEAD_BYTES = 200


def inflated(descriptor: int) -> Iterator[tuple[bytes, int]]:
    """(a piece of text, 0) for each piece, with the packed length of the member instead of 0 for its last one.

    Raises OSError, and ValueError where it is torn, or something else stands behind a member.
    """
    packed, unpacker, length = b"", None, 0
    while packed := packed or os.read(descriptor, _READ_AT_ONCE):
        unpacker = unpacker or zlib.decompressobj(_GZIP)
        try:
            text = unpacker.decompress(packed, _AT_ONCE)
        except zlib.error as error:
            raise ValueError(f"it is torn: {error}") from error
        left = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
        length += len(packed) - len(left)
        yield text, length if unpacker.eof else 0
        if unpacker.eof:
            unpacker, length = None, 0
        packed = left
    if unpacker:
        raise ValueError("it ends in the middle")


def pieces(manifests: Manifests, name: str) -> Iterator[bytes]:
    """The text of a file, in pieces of about a MiB, each of whole lines. Raises as `inflated`."""
    waiting, size = list[bytes](), 0
    with manifests.opened(name) as descriptor:
        for text, _ in inflated(descriptor):
            waiting.append(text)
            size += len(text)
            if size >= _AT_ONCE and b"\n" in text:
                lines, end, left = b"".join(waiting).rpartition(b"\n")
                yield lines + end
                waiting, size = [left], len(left)
    if rest := b"".join(waiting):
        yield rest


def since_of_night(manifests: Manifests, night: SnapshotName | str) -> str | None:
    """The snapshot that the changes of a night begin from; None for a first one. Raises as `inflated`."""
    with manifests.opened(f"{night}{CHANGES}") as descriptor:
        text, _ = next(inflated(descriptor), (b"", 0))
        return since_told(text[:_HEAD_BYTES].partition(b"\n")[0])


def change_lines(manifests: Manifests, night: SnapshotName | str) -> Iterator[bytes]:
    """The lines of a night's changes but for the first, each without its end. Raises as `inflated`."""
    lines = (line for piece in pieces(manifests, f"{night}{CHANGES}") for line in piece.splitlines())
    next(lines, None)
    yield from lines


def members(manifests: Manifests, name: str) -> Iterator[tuple[bytes, int]]:
    """(the text, the packed length in bytes) of each gzip member of a file. Raises as `inflated`."""
    whole = list[bytes]()
    with manifests.opened(name) as descriptor:
        for text, length in inflated(descriptor):
            whole.append(text)
            if length:
                yield b"".join(whole), length
                whole.clear()
