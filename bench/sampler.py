"""Watch the memory of a running process, and of all processes below it.

It is sampled from /proc: the peak that `wait4` tells would also cover the children that the process waited for, and
starts at the size of the program that forked it.
"""

import contextlib
import os
import threading
from pathlib import Path

MIB = 1 << 20
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
SAMPLE_SECONDS = 0.02
SAMPLES_PER_FAMILY_SCAN = 25


class Sampler(threading.Thread):
    """Looks at the peak of the process itself (kept by the kernel) often, at the sum of its family less often."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.main_mib, self.family_mib = pid, 0.0, 0.0
        self._done = threading.Event()

    def run(self) -> None:
        """Look until it is stopped."""
        rounds = 0
        while True:
            self.main_mib = max(self.main_mib, _own_peak_mib(self.pid))
            if rounds % SAMPLES_PER_FAMILY_SCAN == 0:
                family = sum(_resident_mib(pid) for pid in (self.pid, *descendants(self.pid)))
                self.family_mib = max(self.family_mib, family, self.main_mib)
            rounds += 1
            if self._done.wait(SAMPLE_SECONDS):
                return

    def stop(self) -> None:
        """Look no more."""
        self._done.set()
        if self.ident is not None:
            self.join()
        self.family_mib = max(self.family_mib, self.main_mib)


def descendants(pid: int) -> list[int]:
    """The ids of all processes below `pid`, as far as their parents still live."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError):  # it may end while it is read
            parent = int(entry.read_text(errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.parent.name))
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def _own_peak_mib(pid: int) -> float:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def _resident_mib(pid: int) -> float:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES / MIB
    return 0.0
