"""Watch the memory of a running process, and of all processes below it.

It is sampled from /proc: the peak that `wait4` tells would also cover the children that the process waited for, and
starts at the size of the program that forked it.
"""

import contextlib
import threading
from pathlib import Path

import psutil

MIB = 1 << 20
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
                self.family_mib = max(self.family_mib, _family_mib(self.pid), self.main_mib)
            rounds += 1
            if self._done.wait(SAMPLE_SECONDS):
                return

    def stop(self) -> None:
        """Look no more."""
        self._done.set()
        if self.ident is not None:
            self.join()
        self.family_mib = max(self.family_mib, self.main_mib)


def descendants(pid: int) -> list[psutil.Process]:
    """The processes below `pid`, as far as their parents still live."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children(recursive=True)
    return []


def _own_peak_mib(pid: int) -> float:
    """The peak that the kernel keeps, which psutil does not read."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def _family_mib(pid: int) -> float:
    """The sum of what is resident now."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return sum(_resident_mib(each) for each in (psutil.Process(pid), *descendants(pid)))
    return 0.0


def _resident_mib(process: psutil.Process) -> float:
    with contextlib.suppress(psutil.NoSuchProcess):
        return float(process.memory_info().rss) / MIB
    return 0.0
