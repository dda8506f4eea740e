"""Proofs handed over: what one instance has gathered of its shares, as lines that another one takes in."""

import json
import os
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from efs_backup.engine.proof.gathered import Gathered, Stored

_LEAST = 0


def lines_of(gathered: Gathered) -> Iterator[bytes]:
    """Lines of JSON: runs of the blocks that are as they were, `[first, number]`, then each new block.

    A new block is `[path, part, offset, length, digest, counts, parts, changes]`, by the spool that goes with it.
    """
    yield _line([[run.start, len(run)] for run in _runs(gathered.seen)])
    for (raw, part), one in gathered.new.items():
        yield _line(
            [os.fsdecode(raw), part, one.offset, one.length, one.digest, one.counts, one.parts, one.changes]
        )  # fmt: skip


def take_in(gathered: Gathered, lines: Iterable[bytes], spool: Iterable[bytes]) -> None:
    """Take in what `lines_of` gave and the spool of who gave it. Raises ValueError of anything else, and OSError."""
    texts = iter(lines)
    try:
        seen = [range(_number(first), _number(first) + _number(length)) for first, length in _read(next(texts, b""))]
        blocks = [_block(_read(text)) for text in texts]
        gathered.take_in(blocks, chain.from_iterable(seen), spool)
    except (TypeError, RecursionError) as error:
        raise ValueError(f"they are no proofs ({error})") from error


def _block(said: Any) -> tuple[bytes, int, Stored]:
    path, part, offset, length, digest, counts, parts, changes = said
    files, lines, size, unknown = map(_number, counts)
    stored = Stored(
        _number(offset), _number(length), _number(digest), (files, lines, size, unknown), _number(parts),
        (_number(changes[0]), _number(changes[1])),
    )  # fmt: skip
    return os.fsencode(path), _number(part), stored


def _number(said: Any) -> int:
    if type(said) is not int or said < _LEAST:
        raise ValueError(f"{said!r} is no number")
    return said


def _read(text: bytes) -> Any:
    return json.loads(text)


def _line(content: object) -> bytes:
    return json.dumps(content).encode() + b"\n"


def _runs(seen: bytearray) -> Iterator[range]:
    """The runs of blocks that were seen."""
    begin = seen.find(1)
    while begin >= 0:
        end = seen.find(0, begin)
        end = len(seen) if end < 0 else end
        yield range(begin, end)
        begin = seen.find(1, end)
