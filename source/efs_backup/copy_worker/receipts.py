"""Receipts: what became of the names of one directory, as a worker tells it."""

from operator import attrgetter

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

SOURCE, TARGET = "source", "target"
"""The side on which an error came."""


class BlockProof:
    """The proof of a directory, or of a part of a large one; see `efs_backup.copy_worker.blocks`.

    member: the block as the manifest gets it; b"": as it was in the snapshot before. counts: as of `Block.counts`.
    changes: lines of what is other than it was. pending: (name, inode and ctime in the source, SHA-256 if
    it is known) of what is still to be brought.
    """

    __slots__ = ("changes", "counts", "digest", "member", "part", "parts", "pending")

    def __init__(
        self, part: int = 0, parts: int = 1, member: bytes = b"", digest: int = 0,
        counts: "tuple[int, int, int, int]" = (0, 0, 0, 0),
    ) -> None:  # fmt: skip
        self.part, self.parts, self.member, self.digest, self.counts = part, parts, member, digest, counts
        self.changes = b""
        self.pending: list[tuple[str, int, int, bytes]] = []

    def packed(self) -> "tuple[Any, ...]":
        """The fields, as a message holds them; of a block that is as it was, only which one that is."""
        if not self.member:
            return self.part, self.parts
        return (
            self.part, self.parts, self.member, self.digest, self.counts, self.changes, self.pending,
        )  # fmt: skip

    @classmethod
    def of(cls, fields: "tuple[Any, ...]") -> "BlockProof":
        """A proof made from the fields of a message."""
        proof = cls(*fields[:5])
        if proof.member:
            proof.changes, proof.pending = fields[5:]
        return proof


def is_as_before(fields: "tuple[Any, ...]") -> bool:
    """Tell whether the fields of a proof say that the block is as it was."""
    return len(fields) == 2  # noqa: PLR2004 - part and parts


class Receipt:
    """The outcome of a directory's names; files are everything that is no directory, sizes are bytes.

    below: (name, facts in the source, facts in the target or None, flags) of each directory in it.
    rest: (name, size) of what rsync has to bring. doubtful: names that somebody may have brought. large: (name, size)
    of files that a worker copies when all directories are done.
    groups: (device, inode, name, inode in the target or 0) of files that have several names in the source.
    inodes: of kept and linked files in the target, 8 bytes each.
    troubles: (name or "" for the directory itself, side, error number, text).
    proofs: the fields of a BlockProof for each part of the directory that is done; none where nothing is proved.
    compared: files whose content was read, for only their size and mtime were as before. rewritten: those of them that
    had another content.
    met: numbers of the patterns that left something out. gone: names of files that a mount point left out.
    sha256: of a large file that was copied.
    is_changed: something was made or removed in the directory. is_left: it has its attributes. is_gone: the source has
    no such directory any more. is_full: the backup file system has no space.
    is_discarded: the target's directory was moved away, so that the one above it has another mtime.
    is_stuck: the root of the target holds something that cannot be removed.
    """

    FIELDS = (
        "below", "rest", "doubtful", "large", "groups", "inodes", "troubles", "met", "gone", "proofs", "files", "size",
        "kept", "linked", "transferred", "transferred_size", "vanished", "compared", "rewritten", "sha256",
        "is_changed", "is_left", "is_gone", "is_full", "is_discarded", "is_stuck",
    )  # fmt: skip
    __slots__ = FIELDS

    def __init__(self) -> None:
        self.below: list[tuple[str, tuple[int, ...], tuple[int, ...] | None, int]] = []
        self.rest: list[tuple[str, int]] = []
        self.doubtful: list[str] = []
        self.large: list[tuple[str, int]] = []
        self.groups: list[tuple[int, int, str, int]] = []
        self.inodes = bytearray()
        self.troubles: list[tuple[str, str, int, str]] = []
        self.met: list[int] = []
        self.gone: list[str] = []
        self.proofs: list[tuple[Any, ...]] = []
        self.compared = self.rewritten = 0
        self.sha256 = b""
        self.files = self.size = self.kept = self.linked = self.transferred = self.transferred_size = self.vanished = 0
        self.is_changed = self.is_left = self.is_gone = self.is_full = self.is_discarded = self.is_stuck = False

    def packed(self) -> "tuple[Any, ...]":
        """The fields, as a message holds them."""
        return _fields_of(self)

    @classmethod
    def of(cls, fields: "tuple[Any, ...]") -> "Receipt":
        """A receipt made from the fields of a message."""
        receipt = cls.__new__(cls)
        for name, value in zip(cls.FIELDS, fields, strict=True):
            setattr(receipt, name, value)
        return receipt

    def has_work_left(self) -> bool:
        """Tell whether something in the directory itself is still to be brought, so that its attributes must wait."""
        return bool(self.rest or self.doubtful or self.large)


_fields_of: "Callable[[Receipt], tuple[Any, ...]]" = attrgetter(*Receipt.FIELDS)
