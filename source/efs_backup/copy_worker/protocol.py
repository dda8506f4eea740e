"""Protocol: frames between the main process and its copy workers.

A frame is a length and a value of the interpreter's own serialisation (`marshal`): both ends are the same interpreter,
and nobody else can write to the socket between them.
"""

import marshal
import os

_LENGTH_BYTES = 4
_READ_AT_ONCE = 2**20

ENTER, LEAVE, DISCARD, LARGE, PROVE, STOP = range(6)
"""Work for a worker: a directory to bring up to date, or to be given its attributes, or to be discarded; a large file
to copy; names of a directory to prove when they are there; and the request to end what takes long."""

WORK_DONE, MORE_TO_COME, BEAT = range(3)
"""Answers of a worker: the last receipt of a piece of work, one before it, and the operations since its start."""

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def send(descriptor: int, message: "Any") -> None:
    """Write a frame. Raises OSError (BrokenPipeError) where the other end is gone."""
    body = marshal.dumps(message)
    left = memoryview(len(body).to_bytes(_LENGTH_BYTES, "little") + body)
    while left:
        left = left[os.write(descriptor, left) :]


class Frames:
    """Frames read from a descriptor, as they arrive."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._read = bytearray()

    def take(self) -> "Iterator[Any]":
        """Give the messages that are whole, after waiting for bytes where none is. Raises EOFError at the end."""
        if not self._is_whole():
            read = os.read(self._descriptor, _READ_AT_ONCE)
            if not read:
                raise EOFError
            self._read += read
        while self._is_whole():
            end = self._end()
            message = marshal.loads(self._read[_LENGTH_BYTES:end])  # noqa: S302 - from a process of ours
            del self._read[:end]
            yield message

    def _end(self) -> int:
        return _LENGTH_BYTES + int.from_bytes(self._read[:_LENGTH_BYTES], "little")

    def _is_whole(self) -> bool:
        return len(self._read) >= _LENGTH_BYTES and len(self._read) >= self._end()
