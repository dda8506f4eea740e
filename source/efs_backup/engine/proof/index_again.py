"""The index of a manifest made again, where only that is lost."""

import os
import zlib
from collections.abc import Iterator

from efs_backup.copy_worker.blocks import path_key, read_block
from efs_backup.engine.proof.index import Index, Row
from efs_backup.engine.proof.manifests import MANIFEST, Manifests

_GZIP = 31
_AT_ONCE = 2**20


def index_made_again(manifests: Manifests, name: str) -> Index:
    """The index of a snapshot's manifest, from that alone. Raises OSError, and ValueError where it is torn."""
    members = _members(manifests, f"{name}{MANIFEST}")
    head, begin = next(members, (b"", 0))
    if not head.startswith(b"#mtree\n"):
        raise ValueError("it does not begin as a manifest")
    index, paths = Index(begin), list[bytes]()
    for text, length in members:
        block = read_block(text)
        index.append(Row(path_key(block.path), block.digest, length, block.counts(), block.parts))
        paths.append(block.path)
    index.finish(paths)
    return index


def _members(manifests: Manifests, name: str) -> Iterator[tuple[bytes, int]]:
    """(the text, the packed length in bytes) of each gzip member."""
    with manifests.opened(name) as descriptor:
        packed = b""
        while packed := packed or os.read(descriptor, _AT_ONCE):
            unpacker, text, length = zlib.decompressobj(_GZIP), list[bytes](), 0
            while not unpacker.eof:
                text.append(_unpacked(unpacker, packed))
                length += len(packed) - len(unpacker.unused_data)
                packed = unpacker.unused_data if unpacker.eof else os.read(descriptor, _AT_ONCE)
                if not (packed or unpacker.eof):
                    raise ValueError("it ends in the middle")
            yield b"".join(text), length


def _unpacked(unpacker: "zlib._Decompress", packed: bytes) -> bytes:
    try:
        return unpacker.decompress(packed)
    except zlib.error as error:
        raise ValueError(f"it is torn: {error}") from error
