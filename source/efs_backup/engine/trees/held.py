"""An open file for as long as a block of code needs it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def held(descriptor: int) -> Iterator[int]:
    """Close a descriptor when the block ends, however it does."""
    try:
        yield descriptor
    finally:
        os.close(descriptor)
