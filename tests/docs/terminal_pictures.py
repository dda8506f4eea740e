"""Make the pictures of a terminal in docs/images: as root, python -m tests.docs.terminal_pictures. It is no test.

The commands are real, and so is what they print; their directories lie in a mount namespace of their own.
"""

import io
import os
import pty
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tests.support.builders import A_DAY_AGO_NS, write

_IMAGES = Path(__file__).parents[2] / "docs" / "images"
_SOURCE, _BACKUP = Path("/srv/data"), Path("/mnt/backup")
_THESIS = "home/alice/thesis.md"
_COLUMNS = 104
_INSIDE = "EFS_BACKUP_PICTURES_INSIDE"
_LIVE = re.compile(r"\x1b\[\?25l.*?\x1b\[\?25h\r\x1b\[1A\x1b\[2K", re.DOTALL)
"""The line that shows how far a command is, from its beginning until it is wiped out."""

_FONTS = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
"""Fonts from another site, which no picture may ask for."""


def main() -> None:
    """Make them."""
    if _INSIDE not in os.environ:
        inside = {**os.environ, _INSIDE: "yes"}
        subprocess.run(["unshare", "--mount", sys.executable, "-m", __spec__.name], check=True, env=inside)
        return
    for place in (_SOURCE.parent, _BACKUP.parent):
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)
    _BACKUP.mkdir()
    _picture("first-backup", "The first backup, and the next one", _first_nights())
    _picture("versions-and-restore", "Two versions of a file, and the older one back", _back())


def _first_nights() -> str:
    for number in range(300):
        write(_SOURCE / f"home/alice/photo-{number}.jpg", os.urandom(1500).hex())
    write(_SOURCE / _THESIS, "first words\n")
    said = _said(f"efs-backup run {_SOURCE} {_BACKUP} --init --retain 30")
    write(_SOURCE / _THESIS, "better words\n", A_DAY_AGO_NS + 3600 * 10**9)
    (_SOURCE / "home/alice/photo-7.jpg").unlink()
    time.sleep(1)  # a snapshot is named by its second
    return said + _said(f"efs-backup run {_SOURCE} {_BACKUP}") + _said(f"efs-backup list {_BACKUP}")


def _back() -> str:
    return "".join(map(_said, (
        f"efs-backup versions {_BACKUP} {_THESIS}",
        f"efs-backup diff {_BACKUP} 1 0 --patch --path {_THESIS}",
        f"efs-backup restore {_BACKUP} --path {_THESIS} --version 1 --as /srv/thesis-before.md",
        f"efs-backup find {_BACKUP} photo-7.jpg --deleted",
        f"ls {_BACKUP}/efs-backup/daily.1/home/alice/photo-7.jpg",
    )))  # fmt: skip


def _said(line: str) -> str:
    """A command line and what it prints on a terminal."""
    ours, theirs = pty.openpty()
    program, *arguments = shlex.split(line)
    found = str(Path(sys.executable).with_name(program)) if program == "efs-backup" else program
    environment = {**os.environ, "COLUMNS": str(_COLUMNS), "TERM": "xterm-256color", "TZ": "UTC"}
    with subprocess.Popen([found, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        read = b""
        while piece := _read(ours):
            read += piece
    os.close(ours)
    if process.returncode:
        raise RuntimeError(f"{line}: {read.decode()}")
    return f"\x1b[1;32m$\x1b[0m {line}\n" + _LIVE.sub("", read.decode()).replace("\r\n", "\n") + "\n"


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:
        return b""  # nobody writes to it any more


def _picture(name: str, title: str, said: str) -> None:
    console = Console(record=True, width=_COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(said.rstrip("\n")), end="")
    drawn = _FONTS.sub("", console.export_svg(title=title, unique_id=name))
    (_IMAGES / f"{name}.svg").write_text(re.sub(r"[ \t]+$", "", drawn, flags=re.MULTILINE))


if __name__ == "__main__":
    main()
