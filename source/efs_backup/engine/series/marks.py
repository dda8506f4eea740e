"""Marks beside trees: small JSON files, of which a broken one says nothing."""

import json
from pathlib import Path
from typing import Any

from efs_backup.engine.machine.regular_file import small_content

_MOST_BYTES = 4096


def read_mark(path: Path) -> dict[str, Any]:
    """Read a mark; nothing where it is none of ours: no regular file, too long, torn, or not to be read.

    A FIFO in its place is not waited for, and a symlink not followed.
    """
    try:
        said = json.loads(small_content(path, _MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
