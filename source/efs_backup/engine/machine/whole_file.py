"""Files for people that are there as a whole, or not at all."""

import os
from pathlib import Path

_MAKING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_whole(file: Path, content: bytes, mode: int) -> None:
    """Put this content in the place of what has the name; on the disk when it returns. Raises OSError."""
    beside = file.with_name(f".{os.urandom(8).hex()}.new")
    try:
        with open(os.open(beside, _MAKING, mode), "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        os.rename(beside, file)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
