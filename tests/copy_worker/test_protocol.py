"""Frames between the main process and its workers, and a worker that is served by them."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efs_backup.copy_worker.protocol import ENTER, LEAVE, MORE_TO_COME, WORK_DONE, Frames, send
from efs_backup.copy_worker.receipts import Receipt
from efs_backup.copy_worker.roots import REPLACES, Setup
from efs_backup.copy_worker.worker import serve
from efs_backup.domain.copying.commands import worker_command
from tests.copy_worker.pair import Pair
from tests.support.builders import write

PACKAGE_PLACE = str(Path(__file__).parents[2] / "source")

names = st.text(st.characters(exclude_categories=()), max_size=20)
messages = st.recursive(
    st.none() | st.booleans() | st.integers() | names | st.binary(max_size=300),
    lambda inner: st.lists(inner, max_size=4).map(tuple),
    max_leaves=20,
)


@given(st.lists(messages, max_size=5), st.lists(st.integers(1, 60), min_size=1))
def test_frames_that_are_cut_anywhere_arrive_whole(sent: list[Any], cuts: list[int]) -> None:
    """Each once, in order, whatever bytes a name has; then the end of the file is told."""
    whole = _bytes_of(sent)
    reading, writing = os.pipe()
    frames, got, number = Frames(reading), list[Any](), 0
    while whole:
        size = cuts[number % len(cuts)]
        os.write(writing, whole[:size])
        got += frames.take()
        whole, number = whole[size:], number + 1
    os.close(writing)
    assert got == sent
    with pytest.raises(EOFError):
        next(frames.take())
    os.close(reading)


def _bytes_of(sent: list[Any]) -> bytes:
    reading, writing = os.pipe()
    for message in sent:
        send(writing, message)
    os.close(writing)
    with open(reading, "rb") as file:
        return file.read()


def test_a_message_that_is_larger_than_any_buffer_arrives() -> None:
    """A large message is written and read in pieces."""
    ours, theirs = socket.socketpair()
    message = ("x" * 5_000_000, b"\0" * 5_000_000)
    thread = threading.Thread(target=send, args=(ours.fileno(), message))
    thread.start()
    frames, got = Frames(theirs.fileno()), list[Any]()
    while not got:
        got += frames.take()
    thread.join()
    ours.close()
    theirs.close()
    assert got == [message]


def test_who_writes_to_nobody_is_told(tmp_path: Path) -> None:
    """The other end has died."""
    ours, theirs = socket.socketpair()
    theirs.close()
    with pytest.raises(BrokenPipeError):
        send(ours.fileno(), "message")
    ours.close()


def test_a_receipt_arrives_as_it_was_sent() -> None:
    """Every field in its place."""
    receipt = Receipt()
    for number, name in enumerate(Receipt.FIELDS):
        setattr(receipt, name, number)
    assert receipt.packed() == tuple(range(len(Receipt.FIELDS)))
    assert Receipt.of(receipt.packed()).packed() == receipt.packed()


def _setup(pair: Pair, left_out: tuple[Any, ...]) -> Setup:
    roots = (pair.source, pair.target, pair.trash, pair.unfinished)
    source, target, trash, unfinished = (os.open(root, os.O_PATH) for root in roots)
    setup = Setup(source, target, REPLACES)
    setup.trash, setup.unfinished, setup.left_out = trash, unfinished, left_out
    return setup


@pytest.fixture
def served(pair: Pair) -> Iterator[tuple[socket.socket, Frames]]:
    """A worker in a thread of this process, whose setup is so large that it comes in pieces."""
    setup = _setup(pair, ((), tuple(f"{'long' * 40}/{number}" for number in range(20_000))))
    ours, theirs = socket.socketpair()
    before = {*threading.enumerate()}
    thread = threading.Thread(target=serve, args=(theirs.fileno(),))
    thread.start()
    send(ours.fileno(), setup.packed())
    yield ours, Frames(ours.fileno())
    ours.close()
    theirs.shutdown(socket.SHUT_RDWR)
    thread.join(10)
    theirs.close()
    give_up = time.monotonic() + 10
    while {*threading.enumerate()} - before and time.monotonic() < give_up:
        time.sleep(0.05)
    assert {*threading.enumerate()} <= before, "all its threads have ended"
    for descriptor in setup.descriptors():
        os.close(descriptor)


def _answers(frames: Frames) -> Iterator[tuple[int, int, Any]]:
    while True:
        yield from frames.take()


def test_a_worker_answers_each_piece_of_work_with_receipts(pair: Pair, served: tuple[socket.socket, Frames]) -> None:
    """By its number; a large directory is answered in pieces, and one that is refused as a whole says so."""
    ours, frames = served
    for number in range(5000):
        write(pair.source / "many" / str(number))
    write(pair.target / "in the way")
    (pair.source / "in the way").mkdir()
    facts = (0o40755, os.geteuid(), os.getegid(), 0, 0)
    send(ours.fileno(), (7, ENTER, "many", (facts, None, 0, ())))
    done = dict[int, list[Receipt]]()
    for kind, number, more in _answers(frames):
        if kind in {MORE_TO_COME, WORK_DONE}:
            done.setdefault(number, []).append(Receipt.of(more))
        if kind == WORK_DONE and number == 7:
            send(ours.fileno(), (8, LEAVE, "in the way/not there", facts))
            send(ours.fileno(), (9, ENTER, "in the way", (facts, facts, 0, ())))
        if kind == WORK_DONE and len(done) == 3:
            break
    assert [one.files for one in done[7]] == [4096, 904]
    assert (done[8][0].troubles, done[9][0].troubles[0][:2]) == ([], ("", "target"))


def test_a_worker_ends_when_its_socket_is_closed(pair: Pair) -> None:
    """Also while it has nothing to do; and it has said nothing."""
    setup = _setup(pair, ())
    ours, theirs = socket.socketpair()
    command = worker_command(sys.executable, PACKAGE_PLACE, theirs.fileno())
    with subprocess.Popen(command, stderr=subprocess.PIPE, pass_fds=(theirs.fileno(), *setup.descriptors())) as process:
        theirs.close()
        send(ours.fileno(), setup.packed())
        ours.close()
        assert process.wait(10) == 0
        assert process.stderr
        assert process.stderr.read() == b""
    for descriptor in setup.descriptors():
        os.close(descriptor)


def test_a_fault_in_one_thread_ends_the_worker_with_its_words(pair: Pair) -> None:
    """Nobody else would ever answer what it was given."""
    setup = _setup(pair, ())
    ours, theirs = socket.socketpair()
    command = worker_command(sys.executable, PACKAGE_PLACE, theirs.fileno())
    with subprocess.Popen(command, stderr=subprocess.PIPE, pass_fds=(theirs.fileno(), *setup.descriptors())) as process:
        theirs.close()
        send(ours.fileno(), setup.packed())
        send(ours.fileno(), (1, ENTER, "", "no facts at all"))
        assert process.wait(10) == 1
        assert process.stderr
        assert b"ValueError: too many values to unpack" in process.stderr.read().rstrip().rpartition(b"\n")[2]
    ours.close()
    for descriptor in setup.descriptors():
        os.close(descriptor)


SLOW = {
    "asyncio", "argparse", "click", "ctypes", "dataclasses", "enum", "fnmatch", "hashlib", "json", "logging", "pathlib",
    "re", "rich", "shutil", "signal", "socket", "struct", "subprocess", "tempfile", "typing",
}  # fmt: skip


def test_the_worker_imports_no_slow_module() -> None:
    """A worker starts in 20 ms, for there is one for each processor, and another one for each that dies."""
    python, *options, start, place, _ = worker_command(sys.executable, PACKAGE_PLACE, 0)
    listed = start.replace("main()", "print(*sys.modules)")
    done = subprocess.run((python, *options, listed, place), capture_output=True, check=True)
    loaded = set(done.stdout.decode().split())
    assert "efs_backup.copy_worker.worker" in loaded
    assert not loaded & SLOW
    assert len(loaded) < 80
