"""What a copy witnesses to have put in place, so that the last walk need not look. Lean, for the copy tool."""

try:
    from _blake2 import blake2b  # hashlib's own; hashlib itself takes ten milliseconds to import
except ImportError:
    from hashlib import blake2b

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_HASH_BYTES = 8
_NUMBER_BYTES = 8
_NUMBERS = 4
_ALL = 2 ** (8 * _HASH_BYTES)


class Names:
    """A set of names, told apart from others without keeping it: how many, and the sum of their hashes.

    Their order does not count, and the sets of several parts of one directory add up. A name that is added twice makes
    another set than one that is added once, so that nothing twice hides what is missing.
    """

    __slots__ = ("count", "digest")

    def __init__(self, count: int = 0, digest: int = 0) -> None:
        self.count = count
        self.digest = digest

    def add(self, names: "Collection[bytes]") -> None:
        """More of them, in their raw bytes."""
        self.count += len(names)
        digests = (blake2b(name, digest_size=_HASH_BYTES).digest() for name in names)
        self.digest = (self.digest + sum(map(_number, digests))) % _ALL

    def __add__(self, other: "Names") -> "Names":
        return Names(self.count + other.count, (self.digest + other.digest) % _ALL)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Names) and (self.count, self.digest) == (other.count, other.digest)

    def __hash__(self) -> int:
        return hash((self.count, self.digest))


class Witness:
    """What was put in place in one directory.

    names: those that were not there before, and are now, as the file system said; nothing else ever is in it.
    inodes: of those that were linked from a reference, one after the other, as `pack` writes them.
    """

    __slots__ = ("inodes", "names")

    def __init__(self, names: Names | None = None, inodes: bytes = b"") -> None:
        self.names = names or Names()
        self.inodes = inodes

    @property
    def linked(self) -> int:
        """How many were linked from a reference."""
        return len(self.inodes) // _NUMBER_BYTES

    def __add__(self, other: "Witness") -> "Witness":
        return Witness(self.names + other.names, self.inodes + other.inodes)


def pack(number: int) -> bytes:
    """A number of a witness's file: an inode, a count, a length."""
    return number.to_bytes(_NUMBER_BYTES, "little")


def unpack(raw: bytes) -> "Iterator[int]":
    """The numbers that were packed one after the other."""
    return (_number(raw[begin : begin + _NUMBER_BYTES]) for begin in range(0, len(raw), _NUMBER_BYTES))


def written(directory: bytes, witness: Witness) -> bytes:
    """A record of a witness's file; `directory` is a path in raw bytes."""
    names, inodes = witness.names, witness.inodes
    numbers = (names.count, names.digest, len(directory), len(inodes))
    return b"".join(map(pack, numbers)) + directory + inodes


def read(raw: bytes) -> "Iterator[tuple[bytes, Witness]]":
    """The records of a witness's file; one that was cut off is left out, as whoever wrote it has not ended."""
    begin = 0
    while begin + _NUMBERS * _NUMBER_BYTES <= len(raw):
        count, digest, path, inodes = unpack(raw[begin : (head := begin + _NUMBERS * _NUMBER_BYTES)])
        begin = head + path + inodes
        if begin <= len(raw):
            yield raw[head : head + path], Witness(Names(count, digest), raw[head + path : begin])


def _number(raw: bytes) -> int:
    return int.from_bytes(raw, "little")
