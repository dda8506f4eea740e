"""mtree: the names of a directory as lines of BSD's mtree format, and read back from them.

`mtree` (mtree-netbsd) verifies a tree with these lines. It ends at a keyword that it does not know, and compares
`nlink`, which changes here with every backup: what has no keyword stands in comment lines, and link counts stand
nowhere.
"""

import os
import stat

from efs_backup.copy_worker.attributes import Attributes

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NANOSECONDS = 10**9
_NUMBERS_IN_A_LINE = 1_000
"""bsdtar reads lines of at most 1 MiB."""

_TYPES = {
    stat.S_IFDIR: b"dir", stat.S_IFREG: b"file", stat.S_IFLNK: b"link", stat.S_IFIFO: b"fifo", stat.S_IFSOCK: b"socket",
    stat.S_IFBLK: b"block", stat.S_IFCHR: b"char",
}  # fmt: skip
_MODES = {name: mode for mode, name in _TYPES.items()}
_ODD = b"\\#*?["
"""Printable, and still not plain: an escape, a comment, and what makes a pattern of a name."""

_PRINTABLE = range(ord("!"), ord("~") + 1)
_ESCAPED = {
    byte: bytes((byte,)) if byte in _PRINTABLE and byte not in _ODD else b"\\%03o" % byte for byte in range(256)
}
_PLAIN = bytes(byte for byte, text in _ESCAPED.items() if len(text) == 1)


def escaped(name: bytes) -> bytes:
    """Write a name, or a path, so that no byte of it means anything else."""
    return name if not name.translate(None, _PLAIN) else b"".join(map(_ESCAPED.__getitem__, name))


def unescaped(text: bytes) -> bytes:
    """Read a name back. Raises ValueError."""
    if b"\\" not in text:
        return text
    first, *pieces = text.split(b"\\")
    return first + b"".join(bytes((int(piece[:3], 8),)) + piece[3:] for piece in pieces)


def line_of(path: bytes, found: Attributes) -> bytes:
    """Write a line, without its end; the path is escaped already."""
    kind = stat.S_IFMT(found.mode)
    seconds, rest = divmod(found.mtime_ns, NANOSECONDS)
    line = b"%b type=%b mode=%04o uid=%d gid=%d time=%d.%09d" % (
        path, _TYPES[kind], stat.S_IMODE(found.mode), found.uid, found.gid, seconds, rest,
    )  # fmt: skip
    if kind == stat.S_IFREG:
        line += b" size=%d" % found.size
        return b"%b sha256digest=%b" % (line, found.sha256.hex().encode()) if found.sha256 else line
    if kind == stat.S_IFLNK:
        return b"%b link=%b" % (line, escaped(found.link))
    if kind in {stat.S_IFBLK, stat.S_IFCHR}:
        return b"%b device=native,%d,%d" % (line, os.major(found.device), os.minor(found.device))
    return line


def read_line(line: bytes) -> tuple[bytes, Attributes]:
    """Read (the path, still escaped, and the attributes) of a line. Raises ValueError of anything else."""
    path, *fields = line.split(b" ")
    try:
        said = dict(field.split(b"=", 1) for field in fields)
        seconds, _, rest = said[b"time"].partition(b".")
        kind = _MODES[said[b"type"]]
        _, major, minor = said.get(b"device", b"native,0,0").split(b",")
        link = unescaped(said.get(b"link", b""))
        return path, Attributes(
            kind | int(said[b"mode"], 8), int(said[b"uid"]), int(said[b"gid"]), int(seconds) * NANOSECONDS + int(rest),
            int(said[b"size"]) if b"size" in said else len(link), os.makedev(int(major), int(minor)), link,
            bytes.fromhex(said.get(b"sha256digest", b"").decode("ascii")),
        )  # fmt: skip
    except (KeyError, ValueError) as error:
        raise ValueError(f"{line[:200]!r} is no line of a manifest: {error}") from error


def without_hash(line: bytes) -> bytes:
    """A line as it would be if the content were unknown."""
    return line.partition(b" sha256digest=")[0]


def comments(word: bytes, numbers: "Iterable[int]") -> "Iterator[bytes]":
    """Write numbers in lines that mtree passes over."""
    written = [b"%d" % number for number in numbers]
    for start in range(0, len(written), _NUMBERS_IN_A_LINE):
        yield b"#%b %b" % (word, b" ".join(written[start : start + _NUMBERS_IN_A_LINE]))


def numbers_of(line: bytes) -> list[int]:
    """Read the numbers of such a line. Raises ValueError."""
    return [int(number) for number in line.split(b" ")[1:]]
