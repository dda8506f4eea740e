"""A night's changes of files, from their lines: counted as they pass, and what a person may want to look at.

Nothing is kept of a line but 8 bytes of what is gone or new, and a bounded number of names: a night may change
millions of files.
"""

from array import array
from collections import Counter

from efs_backup.copy_worker.rules import SMALL_FILE_SIZE
from efs_backup.domain.snapshots.changes import ADDED, CHANGED, REMOVED, WAS
from efs_backup.domain.snapshots.tripwire import NightFigures

_HASH = b" sha256digest="
_SLICES = 64
"""Contents are matched in so many turns: one holds a small part of them in tables."""
_EXTENSION_BITS = 16
_NO_EXTENSION, _OTHER_EXTENSION = 0, 1
_MOST_TALLIED = 10_000
"""Directories, and extensions, that are told apart."""
_MOST_LETTERS = 16
"""Of an extension; what is longer is a part of a name."""
_SAMPLED = 500
_LEAST_SIZE = 512
"""Bytes of a file of which it is asked whether it compresses: what is smaller hardly does."""
_DEPTH = 2
"""Names of a path by which changes are told: one below the folders that a source has at its top."""


class Sample:
    """Names spread over all that were offered: at least 500 where there were as many, and fewer than 1,000."""

    def __init__(self) -> None:
        self._names: list[bytes] = []
        self._every = 1
        self._offered = 0

    def offer(self, name: bytes) -> None:
        """Take a name, or pass over it."""
        if self._offered % self._every == 0:
            if len(self._names) >= 2 * _SAMPLED:
                del self._names[1::2]
                self._every *= 2
            if self._offered % self._every == 0:
                self._names.append(name)
        self._offered += 1

    @property
    def names(self) -> list[bytes]:
        """At most 500 of them, as spread."""
        step = -(-len(self._names) // _SAMPLED) or 1
        return self._names[::step]


class _Contents:
    """Contents that are gone or new, as numbers: 48 bits of a content, and 16 of the extension of its name."""

    def __init__(self) -> None:
        self._slices = [array("Q") for _ in range(_SLICES)]

    def add(self, content: int, extension: int) -> None:
        self._slices[content % _SLICES].append(content << _EXTENSION_BITS | extension)

    def slice(self, number: int) -> dict[int, Counter[int]]:
        """How many of each extension there are of each content."""
        found = dict[int, Counter[int]]()
        for packed in self._slices[number]:
            content, extension = packed >> _EXTENSION_BITS, packed & (1 << _EXTENSION_BITS) - 1
            found.setdefault(content, Counter())[extension] += 1
        return found


class FileTally:
    """Counts the lines of one night that are about files."""

    def __init__(self) -> None:
        self._changed = self._attributes = self._removed = 0
        self._extensions: dict[bytes, int] = {b"": _NO_EXTENSION}
        self._gone, self._gone_unread, self._new, self._new_any = (_Contents() for _ in range(4))
        self._now = b""
        self._directories = Counter[bytes]()
        self._new_extensions = Counter[bytes]()
        self._known_extensions = set[bytes]()
        self.samples = {word: Sample() for word in (REMOVED, ADDED)}
        """Small files to look into: in the snapshot before (what is gone or changed), and in this one."""

    def add(self, line: bytes) -> None:
        """Count one line, without its end; lines of renames say nothing more."""
        word = line[:1]
        if b" type=dir " in line:
            self._now = b""
        elif word == CHANGED:
            self._now = line
        elif word == WAS and self._now:
            self._compare(self._now, line)
        elif word in {REMOVED, ADDED}:
            self._move(word, line)

    def _compare(self, now: bytes, was: bytes) -> None:
        path = now.split(b" ", 2)[1]
        self._known_extension(path)
        if is_same_content(now, was):
            self._attributes += 1
            return
        self._changed += 1
        self._note_directory(path)
        for word, line in ((ADDED, now), (REMOVED, was)):
            self._offer(word, path, line)

    def _move(self, word: bytes, line: bytes) -> None:
        _, path, rest = line.split(b" ", 2)
        extension = extension_of(path)
        content, shape = _content_of(rest)
        number = self._number_of(extension)
        self._offer(word, path, line)
        if word == ADDED:
            self._new.add(content, number)
            self._new_any.add(shape, number)
            if extension and (len(self._new_extensions) < _MOST_TALLIED or extension in self._new_extensions):
                self._new_extensions[extension] += 1
            return
        self._removed += 1
        self._note_directory(path)
        self._known_extension(path)
        is_unread = b" sha256digest=" not in rest and rest.startswith(b"type=file ")
        (self._gone_unread if is_unread else self._gone).add(shape if is_unread else content, number)

    def _number_of(self, extension: bytes) -> int:
        known = self._extensions.get(extension)
        if known is None:
            known = len(self._extensions) + 1 if len(self._extensions) < _MOST_TALLIED else _OTHER_EXTENSION
            if known != _OTHER_EXTENSION:
                self._extensions[extension] = known
        return known

    def _known_extension(self, path: bytes) -> None:
        if len(self._known_extensions) < _MOST_TALLIED:
            self._known_extensions.add(extension_of(path))

    def _note_directory(self, path: bytes) -> None:
        above = b"/".join(path.split(b"/")[1:-1][:_DEPTH])
        if above in self._directories or len(self._directories) < _MOST_TALLIED:
            self._directories[above] += 1

    def _offer(self, word: bytes, path: bytes, line: bytes) -> None:
        size = line.partition(b" size=")[2].partition(b" ")[0]
        if size.isdigit() and _LEAST_SIZE <= int(size) <= SMALL_FILE_SIZE:
            self.samples[word].offer(path)

    def figures(self, before: int) -> NightFigures:
        """The night in figures. before: the files of the snapshot before."""
        renamed, extended = 0, Counter[int]()
        for gone, new in ((self._gone, self._new), (self._gone_unread, self._new_any)):
            for number in range(_SLICES):
                renamed += _match(gone.slice(number), new.slice(number), extended)
        renamed = min(renamed, self._removed)
        names = {number: extension for extension, number in self._extensions.items()}
        most = [(number, count) for number, count in extended.most_common(3) if names.get(number)][:1]
        extension, times = (names[most[0][0]], most[0][1]) if most else (b"", 0)
        return NightFigures(
            before, self._changed, self._removed - renamed, renamed, self._attributes, extension.decode("ascii"), times
        )

    def directories(self, most: int = 5) -> list[tuple[bytes, int]]:
        """Where most files changed or went, by escaped paths of two names at most; b"" for the top."""
        return self._directories.most_common(most)

    def new_extensions(self, most: int = 5) -> list[tuple[bytes, int]]:
        """The extensions that most new files have, and none of those that changed or went had."""
        found = ((one, count) for one, count in self._new_extensions.most_common() if one not in self._known_extensions)
        return [pair for pair, _ in zip(found, range(most), strict=False)]


def _match(gone: dict[int, Counter[int]], new: dict[int, Counter[int]], extended: Counter[int]) -> int:
    """How many contents are in both; those of them that have got another extension are counted by that."""
    matched = 0
    for content, had in gone.items():
        has = new.get(content)
        if has is None:
            continue
        pairs = min(had.total(), has.total())
        matched += pairs
        for extension, count in has.items():
            if (more := min(pairs, count - had[extension])) > 0:
                extended[extension] += more
    return matched


def _content_of(rest: bytes) -> tuple[int, int]:
    """(48 bits of type, time, size and hash, or text of a symlink; the same without the hash)."""
    kind, end = rest[: rest.index(b" ")], rest.rfind(b" inode=")
    facts = rest[rest.find(b" time=") : end if end >= 0 else None]
    shape = kind + facts.partition(b" sha256digest=")[0]
    return _bits(kind + facts), _bits(shape)


def _bits(content: bytes) -> int:
    return hash(content) & (1 << 64 - _EXTENSION_BITS) - 1


def is_same_content(now: bytes, was: bytes) -> bool:
    """Whether two lines about one path have the same content: by hashes, else by size and time."""
    if all(_HASH in line for line in (now, was)):
        return _value(now, _HASH) == _value(was, _HASH)
    keys = (b" type=", b" size=", b" time=") if b" type=file " in now else (b" type=", b" link=", b" device=")
    return all(_value(now, key) == _value(was, key) for key in keys)


def _value(line: bytes, key: bytes) -> bytes:
    return line.partition(key)[2].partition(b" ")[0]


def extension_of(path: bytes) -> bytes:
    """The extension of a name in its escaped spelling, in small letters; b"" for none, and for what is too long."""
    stem, dot, extension = path.rpartition(b"/")[2].rpartition(b".")
    return extension.lower() if dot and stem and 0 < len(extension) <= _MOST_LETTERS else b""
