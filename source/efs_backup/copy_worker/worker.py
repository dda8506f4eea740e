"""The copy worker: a process that lives as long as the walk, is given work over a socket, and answers with receipts."""

import gc
import os
import sys
import threading
import time
from _queue import SimpleQueue

from efs_backup.copy_worker.beneath import PASSING
from efs_backup.copy_worker.directory import DirectoryCopy
from efs_backup.copy_worker.error_numbers import NO_SPACE, NOT_THERE
from efs_backup.copy_worker.large_file import LargeFile
from efs_backup.copy_worker.new_entries import Stuck
from efs_backup.copy_worker.proof import proved_again
from efs_backup.copy_worker.protocol import (
    BEAT,
    DISCARD,
    ENTER,
    LEAVE,
    MORE_TO_COME,
    PROVE,
    STOP,
    WORK_DONE,
    Frames,
    send,
)
from efs_backup.copy_worker.receipts import TARGET, BlockProof, Receipt
from efs_backup.copy_worker.roots import Roots, Setup
from efs_backup.copy_worker.throttle import Tokens

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from typing import Any

    Work = tuple[int, int, str, Any]
    """(number, kind, path, what else is to be known)."""

BEAT_SECONDS = 1.0
_NEW_OBJECTS = 50_000
"""New objects that are looked through for cycles at once: there are few cycles, and a receipt alone has hundreds."""


class Worker:
    """Serves one socket until its other end is closed."""

    def __init__(self, socket: int, setup: Setup) -> None:
        self._socket = socket
        self._tokens = Tokens(setup.throttle)
        self._roots = Roots(setup, self._tokens)
        self._waiting: SimpleQueue[Work | None] = SimpleQueue()
        self._threads = setup.threads
        self._sending = threading.Lock()
        self._is_over = False

    def serve(self, frames: Frames) -> None:
        """Do what comes. Work that is under way is not ended."""
        working = [threading.Thread(target=self._work, daemon=True) for _ in range(self._threads)]
        for thread in working:
            thread.start()
        threading.Thread(target=self._beat, daemon=True).start()
        try:
            while True:
                for work in frames.take():
                    if work[1] == STOP:
                        self._roots.is_stopping = True
                    else:
                        self._waiting.put(work)
        except (EOFError, ConnectionError):
            self._is_over = True
            for _ in working:
                self._waiting.put(None)
            for thread in working:
                thread.join()  # the descriptors that they use are closed next, where this is no process of its own

    def _work(self) -> None:
        while not self._is_over:
            work = self._waiting.get()
            if work is None:
                return
            try:
                receipt = self._do(work)
            except OSError as error:
                receipt = _failed(error)
            except Stuck as stuck:
                receipt = _failed(stuck.error)
                receipt.is_stuck = True
            except EOFError:
                return
            self._answer(WORK_DONE, work[0], receipt.packed())

    def _do(self, work: "Work") -> Receipt:
        number, kind, path, more = work
        if kind == ENTER:
            wanted, there, flags, before = more
            copy = DirectoryCopy(self._roots, path, wanted, there, flags, before)
            return copy.run(lambda receipt: self._answer(MORE_TO_COME, number, receipt.packed()))
        if kind == LEAVE:
            return self._leave(path, more)
        if kind == DISCARD:
            copy = DirectoryCopy(self._roots, path, (), (), 0)
            copy.discard()
            return Receipt()
        return self._prove(path, *more) if kind == PROVE else self._copy_large(path)

    def _prove(self, path: str, wanted: "tuple[int, ...]", before: "Any", proof: "Any") -> Receipt:
        receipt = Receipt()
        proved = proved_again(self._roots, path, wanted, before, BlockProof.of(proof))
        if proved:
            receipt.proofs.append(proved.packed())
        receipt.is_gone = proved is None
        return receipt

    def _leave(self, path: str, wanted: "tuple[int, ...]") -> Receipt:
        copy = DirectoryCopy(self._roots, path, wanted, (), 0)
        try:
            target = self._roots.opened_to_change(path, PASSING)
        except OSError as error:
            if error.errno in NOT_THERE:
                return Receipt()
            raise
        try:
            return copy.leave(target)
        finally:
            os.close(target)

    def _copy_large(self, path: str) -> Receipt:
        """Give a receipt with the file counted, or named as one that others have to look at."""
        receipt = Receipt()
        try:
            found = self._look_at(path)
            file = LargeFile(self._roots, path, found)
            is_whole = file.copy()
        except OSError as error:
            if error.errno in NO_SPACE:
                raise
            is_whole = False
        if is_whole:
            receipt.transferred, receipt.transferred_size, receipt.size = 1, found.st_size, found.st_size
            receipt.sha256 = file.sha256
        else:
            receipt.doubtful.append(path)
        return receipt

    def _look_at(self, path: str) -> os.stat_result:
        above, _, name = path.rpartition("/")
        place = self._roots.opened(self._roots.source, above)
        try:
            return os.stat(name, dir_fd=place, follow_symlinks=False)
        finally:
            os.close(place)

    def _answer(self, kind: int, number: int, more: "Any") -> None:
        try:
            with self._sending:
                send(self._socket, (kind, number, more))
        except OSError:
            self._is_over = True  # nobody listens any more

    def _beat(self) -> None:
        """Say every second how many operations were begun, where there were any."""
        said = 0
        while not self._is_over:
            time.sleep(BEAT_SECONDS)
            if said != (said := self._tokens.paid):
                self._answer(BEAT, said, None)


def _failed(error: OSError) -> Receipt:
    """Tell that a directory as a whole was refused."""
    receipt = Receipt()
    receipt.is_full = error.errno in NO_SPACE
    receipt.troubles.append(("", TARGET, error.errno or 0, error.strerror or str(error)))
    return receipt


def serve(socket: int) -> None:
    """Serve a socket, of which the first message is the setup, until its other end is closed."""
    frames = Frames(socket)
    while (setup := next(frames.take(), None)) is None:
        continue  # a large one comes in pieces
    Worker(socket, Setup.of(setup)).serve(frames)


def _die(ended: threading.ExceptHookArgs) -> None:
    """End the whole process, with the words of the thread that has met a fault of ours, for nobody would answer."""
    sys.excepthook(ended.exc_type, ended.exc_value or ended.exc_type(), ended.exc_traceback)
    os._exit(1)


def main() -> None:
    """Serve the socket whose number is the only argument."""
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
    os.umask(0)  # what is made here gets the mode that it is made with
    threading.excepthook = _die
    serve(int(sys.argv[1]))
