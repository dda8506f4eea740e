"""Contents: a file of a snapshot, opened, and what of it can be shown without trusting it."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO

from efs_backup.browse.place import opened
from efs_backup.domain.errors import NothingThere, WrongUsage
from efs_backup.domain.humanize import shown
from efs_backup.engine.series.series import Snapshot

MOST_TEXT = 64 * 1024
"""Bytes of a text that a page shows."""

MOST_PICTURE = 16 * 2**20
"""Bytes of a picture that a page shows."""

_MOST_LINES = 2000
_AT_ONCE = 2**18
_TAB = 8
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_NO_FILE = "Only a regular file has a content that can be shown."


@dataclass(frozen=True)
class Opened:
    """A regular file that is open, until nobody has it any more, and its size in bytes."""

    file: FileIO
    size: int


@dataclass(frozen=True)
class Preview:
    """The part of a file that can be shown. kind: "text", "picture", "empty" or "none"; is_cut: the text goes on.

    why: in words, where nothing is shown.
    """

    kind: str
    text: str = ""
    is_cut: bool = False
    why: str = ""


def open_content(night: Snapshot, path: str) -> Opened:
    """A file of a snapshot; nothing is followed, no FIFO waited for. Raises NothingThere, WrongUsage and OSError."""
    with opened(night) as tree:
        try:
            found = tree.stat(path)
            if not stat.S_ISREG(found.st_mode):
                raise WrongUsage(_NO_FILE)
            descriptor = tree.open_file(path)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NothingThere(
                f"There is no {path!r} in the snapshot {night.name}.", "Choose another night."
            ) from error
    file = FileIO(descriptor)
    opened_as = os.fstat(descriptor)
    if not stat.S_ISREG(opened_as.st_mode):
        file.close()
        raise WrongUsage(_NO_FILE)
    return Opened(file, opened_as.st_size)


def pieces(content: Opened) -> Iterator[bytes]:
    """The content piece by piece, exactly as many bytes as were announced, then it is closed. Raises OSError."""
    with content.file as file:
        left = content.size
        while left and (piece := file.read(min(left, _AT_ONCE))):
            left -= len(piece)
            yield piece


def read(night: Snapshot, path: str, most: int) -> tuple[bytes, int]:
    """(at most so many bytes of a file, its whole size). Raises as `open_content`."""
    content = open_content(night, path)
    with content.file as file:
        return file.read(min(most, content.size)), content.size


def preview(head: bytes, size: int, most: int | None = None) -> Preview:
    """Choose what to show of a file that begins with `head`. most: bytes that one answer can carry; None: any."""
    if not size:
        return Preview("empty", why="The file is empty.")
    if picture_type(head):
        is_small = size <= min(MOST_PICTURE, MOST_PICTURE if most is None else most)
        return Preview("picture") if is_small else Preview("none", why="The picture is too large to be shown.")
    text = text_of(head, is_whole=len(head) == size)
    if text is None:
        return Preview("none", why="The file is neither text nor a picture that can be shown.")
    lines = text.split("\n")
    is_cut = len(head) < size or len(lines) > _MOST_LINES
    return Preview("text", readable(lines[:_MOST_LINES]), is_cut)


def picture_type(head: bytes) -> str | None:
    """The type of a picture by its first bytes, whatever its name says; None of anything that could hold a script."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)


def text_of(head: bytes, *, is_whole: bool) -> str | None:
    """The text of a file that begins like this, without a letter that was cut in two; None where it is no text."""
    if b"\0" in head:
        return None
    try:
        return head.decode()
    except UnicodeDecodeError as error:
        is_cut_letter = not is_whole and error.end == len(head) and len(head) - error.start < 4  # noqa: PLR2004 - UTF-8
        return head[: error.start].decode() if is_cut_letter else None


def readable(lines: list[str]) -> str:
    """Lines in which all can be seen that is there: what would steer a terminal or turn text round is escaped."""
    return "\n".join(shown(line.removesuffix("\r").expandtabs(_TAB)) for line in lines)
