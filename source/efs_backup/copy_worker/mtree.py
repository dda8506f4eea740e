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
    stat.S_IFDIR: "dir", stat.S_IFREG: "file", stat.S_IFLNK: "link", stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket",
    stat.S_IFBLK: "block", stat.S_IFCHR: "char",
}  # fmt: skip
_MODES = {name.encode("ascii"): mode for mode, name in _TYPES.items()}
_DEVICES = frozenset({stat.S_IFBLK, stat.S_IFCHR})
_PATTERN = b"*?["
"""A name with one of these is a pattern to mtree, however they are written; a backslash makes them mean themselves.

But a file whose very name is such a pattern, as `\\*` beside `*`, is taken for the other one, and said to differ.
"""
_ODD = b"\\#" + _PATTERN
"""Printable, and still not plain: an escape, a comment, and what makes a pattern of a name."""

_PRINTABLE = range(ord("!"), ord("~") + 1)
_ESCAPED = {
    byte: bytes((byte,)) if byte in _PRINTABLE and byte not in _ODD else b"\\%03o" % byte for byte in range(256)
}
_BYTES = {b"%03o" % byte: bytes((byte,)) for byte in range(256)}
_PLAIN = bytes(byte for byte, text in _ESCAPED.items() if len(text) == 1)


def escaped(path: bytes) -> bytes:
    """Write a name, or a path, so that no byte of it means anything else."""
    return escaped_text(b"/".join(map(_literal, path.split(b"/"))) if _is_pattern(path) else path)


def unescaped(path: bytes) -> bytes:
    """Read a name, or a path, back. Raises ValueError."""
    text = unescaped_text(path)
    return b"/".join(map(_named, text.split(b"/"))) if _is_pattern(text) else text


def escaped_text(text: bytes) -> bytes:
    """Write a text that is no name, as that of a symlink: mtree takes none of it for a pattern."""
    return text if not text.translate(None, _PLAIN) else b"".join(map(_ESCAPED.__getitem__, text))


def unescaped_text(text: bytes) -> bytes:
    """Read such a text back. Raises ValueError."""
    if b"\\" not in text:
        return text
    first, *pieces = text.split(b"\\")
    try:
        return first + b"".join(_BYTES[piece[:3]] + piece[3:] for piece in pieces)
    except KeyError as error:
        raise ValueError(f"{text[:200]!r} has a backslash without the three digits of a byte") from error


def _is_pattern(name: bytes) -> bool:
    return len(name.translate(None, _PATTERN)) < len(name)


def _literal(name: bytes) -> bytes:
    """The pattern that only this name matches."""
    if not _is_pattern(name):
        return name
    return b"".join(b"\\%c" % byte if byte in b"\\*?[" else b"%c" % byte for byte in name)


def _named(pattern: bytes) -> bytes:
    """The name that only this pattern matches."""
    if not _is_pattern(pattern):
        return pattern
    parts = pattern.split(b"\\\\")
    return b"\\".join(part.replace(b"\\", b"") for part in parts)


def line_of(path: bytes, found: Attributes) -> bytes:
    """Write a line, without its end; the path is escaped already."""
    kind = stat.S_IFMT(found.mode)
    seconds, rest = divmod(found.mtime_ns, NANOSECONDS)
    line = (
        f"{path.decode('ascii')} type={_TYPES[kind]} mode={stat.S_IMODE(found.mode):04o} uid={found.uid}"
        f" gid={found.gid} time={seconds}.{rest:09d}"
    )
    if kind == stat.S_IFREG:
        known = f" sha256digest={found.sha256.hex()}" if found.sha256 else ""
        return f"{line} size={found.size}{known}".encode("ascii")
    if kind == stat.S_IFLNK:
        return f"{line} link=".encode("ascii") + escaped_text(found.link)
    if kind in _DEVICES:
        line = f"{line} device=native,{os.major(found.device)},{os.minor(found.device)}"
    return line.encode("ascii")


def read_line(line: bytes) -> tuple[bytes, Attributes]:
    """Read (the path, still escaped, and the attributes) of a line. Raises ValueError of anything else."""
    try:
        path, kind, mode, uid, gid, time, *more = line.split(b" ")
        seconds, _, rest = _value(time, b"time=").partition(b".")
        read = Attributes(
            _MODES[_value(kind, b"type=")] | int(_value(mode, b"mode="), 8), int(_value(uid, b"uid=")),
            int(_value(gid, b"gid=")), int(seconds) * NANOSECONDS + int(rest),
        )  # fmt: skip
        for field in more:
            _read_field(field, read)
    except (KeyError, ValueError) as error:
        raise ValueError(f"{line[:200]!r} is no line of a manifest: {error}") from error
    return path, read


def _value(field: bytes, keyword: bytes) -> bytes:
    if not field.startswith(keyword):
        raise ValueError(f"{field!r} is not {keyword!r}")
    return field[len(keyword) :]


def _read_field(field: bytes, read: Attributes) -> None:
    """Read what only some kinds of names have."""
    keyword, _, value = field.partition(b"=")
    if keyword == b"size":
        read.size = int(value)
    elif keyword == b"sha256digest":
        read.sha256 = bytes.fromhex(value.decode("ascii"))
    elif keyword == b"link":
        read.link = unescaped_text(value)
        read.size = len(read.link)
    elif keyword == b"device":
        _, major, minor = value.split(b",")
        read.device = os.makedev(int(major), int(minor))
    else:
        raise ValueError(f"{keyword!r} is no keyword of ours")


def comments(word: bytes, numbers: "Iterable[int]") -> "Iterator[bytes]":
    """Write numbers in lines that mtree passes over."""
    written = [*map(str, numbers)]
    for start in range(0, len(written), _NUMBERS_IN_A_LINE):
        yield b"#%b %b" % (word, " ".join(written[start : start + _NUMBERS_IN_A_LINE]).encode("ascii"))


def numbers_of(line: bytes) -> list[int]:
    """Read the numbers of such a line. Raises ValueError."""
    return [*map(int, line.split(b" ")[1:])]
