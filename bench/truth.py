"""Is a snapshot what the source was? A digest of a whole tree, and the differences between two digests."""

import hashlib
import os
import stat
from collections import Counter
from pathlib import Path
from typing import NamedTuple


class Entry(NamedTuple):
    """The facts that a snapshot must keep of one path."""

    kind: str
    mode: int
    mtime_ns: int
    size: int  # bytes; 0 for what is no regular file
    content: str  # SHA-256 of a regular file, target of a symlink


Digest = dict[str, Entry]


def digest(root: Path) -> Digest:
    """Every path below `root`, and "." for itself. A root that is missing gives an empty digest."""
    found: Digest = {}
    if root.is_dir():
        found["."] = _entry(root)
        _add_directory(root, root, found)
    return found


def files_in(tree: Digest) -> int:
    """How many regular files the tree has."""
    return sum(entry.kind == "file" for entry in tree.values())


def differences(expected: Digest, found: Digest) -> str:
    """A sentence such as "3 paths differ (missing 1, mode 2), first: a/b (mode)", or "" when the two are equal."""
    causes = {path: _cause(expected.get(path), found.get(path)) for path in sorted(expected.keys() | found.keys())}
    wrong = {path: cause for path, cause in causes.items() if cause}
    if not wrong:
        return ""
    counts = ", ".join(f"{cause} {count}" for cause, count in sorted(Counter(wrong.values()).items()))
    first = next(iter(wrong))
    return f"{len(wrong)} paths differ ({counts}), first: {first} ({wrong[first]})"


def _cause(expected: Entry | None, found: Entry | None) -> str:
    if expected is None or found is None:
        return "missing" if found is None else "unexpected"
    fields = [name for name, a, b in zip(Entry._fields, expected, found, strict=True) if a != b]
    what = "directory " if expected.kind == "directory" else ""
    return what + "+".join(name.removesuffix("_ns") for name in fields) if fields else ""


def _add_directory(root: Path, directory: Path, found: Digest) -> None:
    with os.scandir(directory) as entries:
        for entry in entries:
            path = Path(entry.path)
            found[os.path.relpath(path, root)] = _entry(path)
            if entry.is_dir(follow_symlinks=False):
                _add_directory(root, path, found)


def _entry(path: Path) -> Entry:
    status = path.lstat()
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISREG(status.st_mode):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        return Entry("file", mode, status.st_mtime_ns, status.st_size, content)
    if stat.S_ISLNK(status.st_mode):
        return Entry("symlink", mode, status.st_mtime_ns, 0, str(path.readlink()))
    kind = "directory" if stat.S_ISDIR(status.st_mode) else "other"
    return Entry(kind, mode, status.st_mtime_ns, 0, "")
