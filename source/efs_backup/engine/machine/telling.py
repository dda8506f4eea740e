"""Telling how far the work is, which is no part of the work."""

from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec

from efs_backup.domain.copying.statistics import CopyStatistics
from efs_backup.domain.ports import Watcher

_Told = ParamSpec("_Told")


class Telling:
    """A watcher that never fails: an error of the one behind it would be taken for one of the backup."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def step(self, name: str) -> None:
        """Pass on that a step begins."""
        _tell(self._watcher.step, name)

    def expect(self, files: int, size: int) -> None:
        """Pass on how many files and bytes there are to be looked at."""
        _tell(self._watcher.expect, files, size)

    def progress(self, done: CopyStatistics) -> None:
        """Pass on how much is done."""
        _tell(self._watcher.progress, done)

    def note(self, text: str) -> None:
        """Pass on a sentence to know."""
        _tell(self._watcher.note, text)


def _tell(tell: Callable[_Told, None], *told: _Told.args, **named: _Told.kwargs) -> None:
    with suppress(Exception):  # whatever it is, there is nobody to tell
        tell(*told, **named)
