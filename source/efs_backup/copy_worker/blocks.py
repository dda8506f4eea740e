"""Blocks: a directory, or a part of a large one, as a manifest has it; each is a gzip member of its own.

So a block that stays as it is can be copied without being read, and a few bytes lead to any directory.
"""

import marshal
import os
import stat
import zlib

from efs_backup.copy_worker.attributes import Attributes
from efs_backup.copy_worker.mtree import comments, escaped, line_of, numbers_of, read_line, unescaped

try:
    from _blake2 import blake2b  # hashlib's own; hashlib itself takes ten milliseconds to import
except ImportError:
    from hashlib import blake2b

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Source = tuple[int, int]
"""(inode, ctime in ns) of a name in the source.

(0, time): the inode is not known; the content is that of the source unless the source's ctime is later than that.
"""

KnownBlock = tuple[int, int, int]
"""(digest, offset, length) of a block in a manifest."""

NO_SOURCE = (0, 0)
"""Of a name that has to be compared the next time, whatever the source has: every ctime is later."""

_GZIP, _ANY_GZIP = 16 + 12, 16 + 15
"""Window bits of zlib that mean a gzip member: those of 4 KiB are made in two thirds of the time, and no larger."""
_LEVEL, _MEMORY = 1, 5


class Entry:
    """A name of a block. inode: in the snapshot; source: what the source had when it was looked at.

    line: the name's line, where it was read from a block. Most lines go into the next block as they are, and are never
    read any further: that is most of what a changed file costs.
    """

    __slots__ = ("_attributes", "_weight", "inode", "line", "name", "source")

    def __init__(
        self, name: bytes, attributes: "Attributes | None", inode: int, source: "Source", line: bytes = b""
    ) -> None:
        self.name, self._attributes, self.inode, self.source, self.line = name, attributes, inode, source, line
        self._weight: tuple[int, bool] | None = None

    @property
    def attributes(self) -> Attributes:
        """The attributes of the name. Raises ValueError where its line is none."""
        if self._attributes is None:
            self._attributes = read_line(self.line)[1]
        return self._attributes

    def weight(self) -> "tuple[int, bool]":
        """(size in bytes, whether it is a regular file of which no hash is known). Raises as `attributes`."""
        if self._weight is None:
            _, keyword, rest = self.line.rpartition(b" size=")
            if keyword:
                size, has_hash, _ = rest.partition(b" sha256digest=")
                self._weight = int(size), not has_hash
            else:
                found = self.attributes
                self._weight = found.size, stat.S_ISREG(found.mode) and not found.sha256
        return self._weight

    def line_in(self, place: bytes) -> bytes:
        """The name's line in the block of the directory at `place`."""
        if not self.line:
            self.line = line_of(b"%b/%b" % (place, escaped(self.name)), self.attributes)
        return self.line


class Block:
    """The names of part `part` of `parts` of a directory, in order of their bytes. path: raw, b"" for the root.

    directory: the directory's own attributes, in the first part alone.
    """

    __slots__ = ("digest", "directory", "entries", "part", "parts", "path")

    def __init__(self, path: bytes, part: int = 0, parts: int = 1) -> None:
        self.path, self.part, self.parts = path, part, parts
        self.directory: Attributes | None = None
        self.entries: list[Entry] = []
        self.digest = 0

    @property
    def place(self) -> bytes:
        """The directory as its lines have it."""
        return b"./" + escaped(self.path) if self.path else b"."

    def lines(self) -> "dict[bytes, bytes]":
        """The line of each name, and of the directory itself under the name b""."""
        place = self.place
        own = {b"": line_of(place, self.directory)} if self.directory else {}
        return own | {one.name: one.line_in(place) for one in self.entries}

    def counts(self) -> "tuple[int, int, int, int]":
        """(lines, files, bytes, regular files without a hash); a file is whatever is no directory."""
        weights, files = [one.weight() for one in self.entries], len(self.entries)
        return (
            files + bool(self.directory), files, sum([size for size, _ in weights]),
            sum([is_unknown for _, is_unknown in weights]),
        )  # fmt: skip

    def text(self) -> bytes:
        """The block as it is written."""
        head = b"#block %d/%d %016x %d %d %d %d %b" % (
            self.part + 1, self.parts, self.digest, *self.counts(), self.place,
        )  # fmt: skip
        sources = [number for one in self.entries for number in one.source]
        inodes = [one.inode for one in self.entries]
        lines = (head, *comments(b"inodes", inodes), *comments(b"source", sources), *self.lines().values(), b"")
        return b"\n".join(lines)


def read_block(text: bytes) -> Block:
    """Read a block with all its lines. Raises ValueError of anything that is not one."""
    block = skimmed(text)
    for one in block.entries:
        _ = one.attributes
    return block


def skimmed(text: bytes) -> Block:
    """Read a block, and of its lines only the names. Raises ValueError of anything that is not one."""
    head, *lines = text.removesuffix(b"\n").split(b"\n")
    try:
        word, part, digest, _, _, _, _, place = head.split(b" ")
        number, _, parts = part.partition(b"/")
        block = Block(unescaped(place.removeprefix(b".").removeprefix(b"/")), int(number) - 1, int(parts))
        block.digest = int(digest, 16)
        _fill(block, lines, len(place) + 1)
    except (ValueError, IndexError) as error:
        raise ValueError(f"{head[:200]!r} does not begin a block: {error}") from error
    if word != b"#block":
        raise ValueError(f"{head[:200]!r} does not begin a block")
    return block


def _fill(block: Block, lines: "Sequence[bytes]", start: int) -> None:
    """Fill a block from its lines. start: of a name in its line."""
    inodes, sources = list[int](), list[int]()
    told = [line for line in lines if not line.startswith(b"#")]
    for line in lines[: len(lines) - len(told)]:
        if line.startswith(b"#inodes "):
            inodes += numbers_of(line)
        elif line.startswith(b"#source "):
            sources += numbers_of(line)
    if told and told[0].find(b" ") < start:
        block.directory = read_line(told.pop(0))[1]
    names = _names_of([line[start : line.find(b" ")] for line in told])
    pairs = zip(sources[::2], sources[1::2], strict=True)
    block.entries = [
        Entry(name, None, inode, source, line)
        for name, line, inode, source in zip(names, told, inodes, pairs, strict=True)
    ]


def _names_of(escaped_names: "Sequence[bytes]") -> "Sequence[bytes]":
    """Read names back, all of them at once: a path is read name by name, too. Raises ValueError."""
    together = b"/".join(escaped_names)
    return unescaped(together).split(b"/") if b"\\" in together else escaped_names


def packed(block: Block) -> bytes:
    """A block as a gzip member, of the same bytes whenever it is made."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP, _MEMORY)
    return packer.compress(block.text()) + packer.flush()


def unpacked(member: bytes) -> Block:
    """A block from its gzip member. Raises ValueError."""
    return read_block(text_of(member))


def text_of(member: bytes) -> bytes:
    """A block as it is written, from its gzip member. Raises ValueError."""
    try:
        return zlib.decompress(member, _ANY_GZIP)
    except zlib.error as error:
        raise ValueError(f"it is no gzip member: {error}") from error


def digest_of(directory: "tuple[int, ...]", names: "Iterable[tuple[str, int, int, int]]") -> int:
    """A digest of what must be the same for a block to be as it was.

    directory: facts of the directory in the source. names: (name, inode and ctime in the source, inode in the
    snapshot).
    A file whose inode and ctime are the same has the same content and attributes.
    """
    facts = marshal.dumps((directory[:4], sorted(names)), 2)  # a version that knows no references, which would differ
    return int.from_bytes(blake2b(facts, digest_size=8).digest(), "little")


def digest_of_block(block: Block, directory: "tuple[int, ...]") -> int:
    """The digest of a block that is whole."""
    return digest_of(directory, [(os.fsdecode(one.name), *one.source, one.inode) for one in block.entries])


def path_key(path: bytes) -> int:
    """A number by which an index finds a directory."""
    return int.from_bytes(blake2b(path, digest_size=8).digest(), "little")


def slice_of(name: bytes, slices: int) -> int:
    """The slice of a large directory that a name belongs to, the same in every process."""
    return zlib.crc32(name) % slices
