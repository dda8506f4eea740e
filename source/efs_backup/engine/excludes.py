"""What an exclude pattern leaves out: the same as in fpart, which asks fnmatch(3) in the C locale."""

import os
import re
from collections.abc import Sequence
from fnmatch import translate

from efs_backup.domain.commands import ExcludePattern


class Excludes:
    """All patterns of a backup."""

    def __init__(self, patterns: Sequence[ExcludePattern]) -> None:
        self._patterns = [re.compile(translate(_as_bytes_text(pattern.for_fpart))) for pattern in patterns]

    def match(self, path: str) -> bool:
        """Whether the entry at this path, relative to the source's root, is left out by itself."""
        if not self._patterns:
            return False
        whole = _as_bytes_text(f"./{path}")
        name = whole.rpartition("/")[2]
        return any(pattern.match(name) or pattern.match(whole) for pattern in self._patterns)


def _as_bytes_text(text: str) -> str:
    return os.fsencode(text).decode("latin-1")
