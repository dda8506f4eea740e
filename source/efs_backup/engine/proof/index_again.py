"""The index of a manifest made again, where only that is lost."""

from efs_backup.copy_worker.blocks import path_key, read_block
from efs_backup.engine.proof.index import Index, Row
from efs_backup.engine.proof.manifests import MANIFEST, Manifests
from efs_backup.engine.proof.packed_text import members


def index_made_again(manifests: Manifests, name: str) -> Index:
    """The index of a snapshot's manifest, from that alone. Raises OSError, and ValueError where it is torn."""
    found = members(manifests, f"{name}{MANIFEST}")
    head, begin = next(found, (b"", 0))
    if not head.startswith(b"#mtree\n"):
        raise ValueError("it does not begin as a manifest")
    index, paths = Index(begin), list[bytes]()
    for text, length in found:
        block = read_block(text)
        index.append(Row(path_key(block.path), block.digest, length, block.counts(), block.parts))
        paths.append(block.path)
    index.finish(paths)
    return index
