"""Marks beside trees: small JSON files, of which a broken one says nothing."""

import json
import os
import stat
from pathlib import Path
from typing import Any

_MOST_BYTES = 4096


def read_mark(path: Path) -> dict[str, Any]:
    """What a mark says; nothing where it is none of ours: no regular file, too long, torn, or not to be read.

    A FIFO in its place is not waited for, and a symlink not followed.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            said = json.loads(file.read(_MOST_BYTES)) if stat.S_ISREG(os.fstat(descriptor).st_mode) else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
