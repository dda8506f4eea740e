"""Proof: what a directory of the target holds, as a block of the manifest, and a second look at what only seems equal.

Size and mtime say that a file is as it was. The manifest of the snapshot before knows more: which inode of the source
and of the target that was, and when the source's was changed last (ctime). Where all three are the same, the hash is,
too; else the content is read. A manifest that was made of a published snapshot knows nothing of the source: there the
hash is the same where the source's ctime is no later than that snapshot.
"""

import os
import stat

from efs_backup.copy_worker.attributes import Attributes, attributes_of
from efs_backup.copy_worker.beneath import LISTING, PASSING
from efs_backup.copy_worker.blocks import (
    NO_SOURCE,
    Block,
    Entry,
    digest_of,
    digest_of_block,
    packed,
    skimmed,
    slice_of,
    text_of,
    unpacked,
)
from efs_backup.copy_worker.error_numbers import NOT_THERE
from efs_backup.copy_worker.hashing import LATE, HashStopped, sha256_of
from efs_backup.copy_worker.mtree import line_of
from efs_backup.copy_worker.receipts import BlockProof

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from efs_backup.copy_worker.blocks import KnownBlock, Source
    from efs_backup.copy_worker.new_entries import NewEntries
    from efs_backup.copy_worker.roots import Roots


class Names:
    """Names of a directory, and what became of them.

    there: (name, what it is in the source, inode and links in the target, SHA-256 if it was made) of those that are
    there. left: those that others have to bring.
    """

    __slots__ = ("left", "there")

    def __init__(self) -> None:
        self.there: list[tuple[str, os.stat_result, int, int, bytes | None]] = []
        self.left: list[tuple[str, os.stat_result]] = []

    def facts(self) -> "list[tuple[str, int, int, int]]":
        """(name, inode and ctime in the source, inode in the target) of those that are there."""
        return [(name, found.st_ino, found.st_ctime_ns, inode) for name, found, inode, _, _ in self.there]


class Before:
    """The entries of the snapshot before for some names of a directory."""

    def __init__(self) -> None:
        self.directory: Attributes | None = None
        self.entries: dict[bytes, Entry] = {}

    def read(self, name: bytes) -> "Entry | None":
        """The entry of a name with its attributes; None where there is none, or its line cannot be read."""
        old = self.entries.get(name)
        try:
            return old if old and old.attributes else None
        except ValueError:
            return self.entries.pop(name, None) and None


class DirectoryProof:
    """Proves one directory, which is open in source and target, slice by slice."""

    def __init__(
        self, roots: "Roots", path: str, wanted: "tuple[int, ...]", known: "tuple[KnownBlock, ...]",
        entries: "NewEntries",
    ) -> None:  # fmt: skip
        self._roots = roots
        self._path = path
        self._wanted = wanted
        self._known = known
        self._entries = entries

    def prove(self, names: Names, part: int, parts: int) -> BlockProof:
        """Prove the names of a slice; what differs after all is made anew."""
        digest = digest_of(self._wanted, names.facts())
        if not names.left and len(self._known) == parts and self._known[part][0] == digest:
            return BlockProof(part, parts)
        before = before_of(self._roots, self._known, part, parts)
        block = Block(os.fsencode(self._path), part, parts)
        block.entries = self._settled(names, before)
        return finished(self._roots, block, self._wanted, self._entries.target, before, names.left)

    def _settled(self, names: Names, before: Before) -> list[Entry]:
        """The entries of what is there, each with the hash of its content, as far as it is known."""
        entries, differing = list[Entry](), list[tuple[str, os.stat_result]]()
        for name, found, inode, links, made in names.there:
            raw, source = os.fsencode(name), (found.st_ino, found.st_ctime_ns)
            old = before.entries.get(raw)
            if made is None and old and old.inode == inode and old.source == source and not _lacks_hash(old):
                entries.append(old)
                continue
            old = before.read(raw)
            settled = self._settle(name, found, inode, links, old) if made is None else (made, source)
            if settled is None:
                differing.append((name, found))
                continue
            attributes = attributes_there(self._roots, self._entries.target, name, found, settled[0])
            if attributes:
                entries.append(Entry(raw, attributes, inode, settled[1]))
        return [*entries, *self._made_anew(differing, names)] if differing else entries

    def _made_anew(self, differing: "list[tuple[str, os.stat_result]]", names: Names) -> "Iterator[Entry]":
        """Make what the source has changed without a new mtime."""
        again = self._entries.names = Names()
        for name, found in differing:
            self._entries.make_over(name, found)
        names.left += again.left
        for name, found, inode, _, made in again.there:
            attributes = attributes_there(self._roots, self._entries.target, name, found, made or b"")
            if attributes:
                yield Entry(os.fsencode(name), attributes, inode, (found.st_ino, found.st_ctime_ns))

    def _settle(
        self, name: str, found: os.stat_result, inode: int, links: int, old: "Entry | None"
    ) -> "tuple[bytes, Source] | None":
        """(SHA-256, what is known of the source) of a name that is there; None where its content is another one."""
        source = found.st_ino, found.st_ctime_ns
        is_same_file = old is not None and old.inode == inode and _is_same_version(old, found)
        is_vouched = old is not None and is_same_file and self._vouches(old, found)
        expected = old.attributes.sha256 if old is not None and is_same_file else b""
        if is_vouched and expected:
            return expected, source
        if record := self._roots.hashes and self._roots.hashes.find(inode, found):
            return record.sha256, source
        is_unknown = self._roots.base < 0 and (self._roots.makes or links > 1)
        if is_vouched or is_unknown or not stat.S_ISREG(found.st_mode):
            return b"", source  # read neither then nor since; or nothing is known of the snapshot before
        is_new = not self._roots.makes and links == 1  # stock tools have just made it
        try:
            return self._compare(name, expected, is_new=is_new, source=source)
        except (OSError, ValueError, HashStopped):
            return expected, NO_SOURCE

    def _vouches(self, old: Entry, found: os.stat_result) -> bool:
        """Tell whether the source has the content that the snapshot before has.

        Its inode and ctime are as they were; or no inode is known, and it has not been touched since that time.
        """
        (inode, ctime_ns), step = old.source, self._roots.time_step_ns
        if inode or not ctime_ns:
            return old.source == (found.st_ino, found.st_ctime_ns)
        return found.st_ctime_ns <= ctime_ns and old.attributes.mtime_ns // step == found.st_mtime_ns // step

    def _compare(self, name: str, expected: bytes, *, is_new: bool, source: "Source") -> "tuple[bytes, Source] | None":
        """Read the source, and the target where its content is not known. Raises as `sha256_of`."""
        roots, entries = self._roots, self._entries
        there = expected or sha256_of(entries.target, name, roots.throttle, lambda: roots.is_stopping)[0]
        if is_new:
            return there, source
        entries.receipt.compared += 1
        here, _ = sha256_of(entries.source, name, roots.throttle, lambda: roots.is_stopping)
        return (there, source) if here == there else None


def _lacks_hash(old: Entry) -> bool:
    try:
        return old.weight()[1]
    except ValueError:
        return True


def _is_same_version(old: Entry, found: os.stat_result) -> bool:
    return old.attributes.size == found.st_size and stat.S_IFMT(old.attributes.mode) == stat.S_IFMT(found.st_mode)


def attributes_there(roots: "Roots", target: int, name: str, found: os.stat_result, sha256: bytes) -> Attributes | None:
    """The attributes that a name has in the target; None where it is gone, or is a directory.

    found: in the source; they are the same, where this user may give and the target may keep them all.
    """
    try:
        if not roots.is_exact:
            roots.throttle.pay()
            found = os.stat(name, dir_fd=target, follow_symlinks=False)
        link = read_link(target, name) if stat.S_ISLNK(found.st_mode) else b""
    except OSError:
        return None
    return None if stat.S_ISDIR(found.st_mode) else attributes_of(found, link, sha256)


def read_link(directory: int, name: "str | bytes") -> bytes:
    """The text of a symlink. Raises OSError."""
    return os.readlink(os.fsencode(name), dir_fd=directory)


def before_of(roots: "Roots", known: "tuple[KnownBlock, ...]", part: int, parts: int) -> Before:
    """Read what the snapshot before has of a slice. What cannot be read is unknown."""
    before = Before()
    is_same = len(known) == parts
    for _, offset, length in [known[part]] if is_same else known:
        try:
            block = skimmed(text_of(os.pread(roots.base, length, offset)))
        except (OSError, ValueError):
            continue
        if part == 0 and block.directory:
            before.directory = block.directory
        before.entries |= {one.name: one for one in block.entries if is_same or slice_of(one.name, parts) == part}
    return before


def finished(
    roots: "Roots", block: Block, wanted: "tuple[int, ...]", target: int, before: Before,
    left: "Iterable[tuple[str, os.stat_result]]" = (),
) -> BlockProof:  # fmt: skip
    """The proof of a block of which all entries are there but those that are `left`."""
    block.entries.sort(key=lambda one: one.name)
    if block.part == 0:
        block.directory = _directory(roots, wanted, target)
    block.digest = digest_of_block(block, wanted)
    proof = BlockProof(block.part, block.parts, packed(block), block.digest, block.counts())
    proof.pending = [(name, found.st_ino, found.st_ctime_ns, b"") for name, found in left]
    proof.changes = b"" if roots.base < 0 else b"".join(_changes(block, before))
    return proof


def _directory(roots: "Roots", wanted: "tuple[int, ...]", target: int) -> Attributes:
    """The attributes that the directory gets in the end."""
    mode, uid, gid, mtime_ns = wanted[:4]
    if not roots.is_exact:
        there = os.fstat(target)
        uid, gid, mtime_ns = there.st_uid, there.st_gid, mtime_ns // roots.time_step_ns * roots.time_step_ns
    return Attributes(stat.S_IFDIR | stat.S_IMODE(mode), uid, gid, mtime_ns)


def _changes(block: Block, before: Before) -> "Iterator[bytes]":
    """Lines of what is new (+), gone (-) and other (~, and < for what it was), each with its inode."""
    place, gone = block.place, dict(before.entries)
    if block.directory:
        yield from _changes_of_directory(place, block.directory, before.directory)
    for one in block.entries:
        old = gone.pop(one.name, None)
        if old is one:
            continue
        old = before.read(one.name)
        if old is None:
            yield b"+ " + _line_of_entry(place, one)
        elif _differs(one.attributes, old.attributes):
            yield b"~ " + _line_of_entry(place, one) + b"< " + _line_of_entry(place, old)
    for old in filter(None, map(before.read, gone)):
        yield b"- " + _line_of_entry(place, old)


def _changes_of_directory(place: bytes, now: Attributes, was: "Attributes | None") -> "Iterator[bytes]":
    """Lines about the directory itself, of which another mtime tells nothing: every new name changes it."""
    if was is None:
        yield b"+ " + line_of(place, now) + b"\n"
    elif (now.mode, now.uid, now.gid) != (was.mode, was.uid, was.gid):
        yield b"~ " + line_of(place, now) + b"\n< " + line_of(place, was) + b"\n"


def _line_of_entry(place: bytes, one: Entry) -> bytes:
    return b"%b inode=%d\n" % (one.line_in(place), one.inode)


def _differs(now: Attributes, was: Attributes) -> bool:
    """Whether two versions differ; a hash that is known of one alone does not tell."""
    if now.sha256 != was.sha256 and now.sha256 and was.sha256:
        return True
    return (now.mtime_ns, now.size, now.mode, now.uid, now.gid, now.link, now.device) != (
        was.mtime_ns, was.size, was.mode, was.uid, was.gid, was.link, was.device,
    )  # fmt: skip


def proved_again(
    roots: "Roots", path: str, wanted: "tuple[int, ...]", before: "tuple[KnownBlock, ...]", proof: BlockProof
) -> "BlockProof | None":
    """Prove the pending names of a block, or of a whole directory that has none; None where it is gone.

    They were brought, or made one file with others, after the block was made. Raises OSError.
    """
    try:
        target = roots.opened_to_change(path, PASSING)
    except OSError as error:
        if error.errno in NOT_THERE:
            return None
        raise
    try:
        block = unpacked(proof.member) if proof.member else Block(os.fsencode(path), proof.part, proof.parts)
        pending = proof.pending if proof.member else [(name, *NO_SOURCE, b"") for name in _names_in(target)]
        names = {os.fsencode(name): ((inode, ctime_ns), sha256) for name, inode, ctime_ns, sha256 in pending}
        block.entries = [one for one in block.entries if one.name not in names]
        block.entries += filter(None, (_entry_there(roots, target, name, *known) for name, known in names.items()))
        return finished(roots, block, wanted, target, before_of(roots, before, proof.part, proof.parts))
    finally:
        os.close(target)


def _names_in(directory: int) -> list[str]:
    """The names in a directory; none where its mode closes it to this user, who owns it."""
    try:
        listed = os.open(".", LISTING, dir_fd=directory)
    except PermissionError:
        return []
    try:
        return os.listdir(listed)
    finally:
        os.close(listed)


def _hash_there(roots: "Roots", target: int, name: bytes) -> bytes:
    """The SHA-256 of a file of the target; b"" where it cannot be read: whoever reads it next finds the hash."""
    try:
        return sha256_of(target, name, roots.throttle, lambda: roots.is_stopping)[0]
    except (OSError, ValueError, HashStopped):
        return b""


def _entry_there(roots: "Roots", target: int, name: bytes, source: "Source", sha256: bytes) -> "Entry | None":
    """The entry of a name as it is in the target, read if it is a file of which no hash is known."""
    roots.throttle.pay()
    try:
        found = os.stat(name, dir_fd=target, follow_symlinks=False)
        link = read_link(target, name) if stat.S_ISLNK(found.st_mode) else b""
    except OSError:
        return None
    if stat.S_ISDIR(found.st_mode):
        return None
    if sha256 == LATE:
        sha256 = b""
    elif stat.S_ISREG(found.st_mode) and not sha256:
        sha256 = _hash_there(roots, target, name)
    return Entry(name, attributes_of(found, link, sha256), found.st_ino, source)
