"""The tests' own way to run the command: a fork of a process that has imported it."""

import socket

import pytest

from tests.support.warm import Lines


def test_a_line_that_came_with_the_one_before_is_not_waited_for() -> None:
    """On a busy machine a fork is over before anybody has read that it began."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.send(b"4711\n0\n25")
        lines = Lines(ours)
        assert (lines.next(0), lines.next(0)) == (b"4711", b"0")
        with pytest.raises(TimeoutError):
            lines.next(0)
        theirs.send(b"6\n")
        assert lines.next(0) == b"256"
        theirs.close()
        with pytest.raises(EOFError):
            lines.next(0)
