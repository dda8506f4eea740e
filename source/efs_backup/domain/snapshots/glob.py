"""Globs: patterns of names and paths that are looked for in snapshots."""

import re
from collections.abc import Callable, Sequence
from fnmatch import translate

from efs_backup.domain.errors import WrongUsage

_ANY_DIRECTORIES = "**"
_ANY_NAME = re.compile("")
_PLAIN = re.compile(r"[A-Za-z0-9._-]+", re.ASCII)

_Step = re.Pattern[str] | None
"""A component of a path: the names that fit; None: any number of directories."""


class Glob:
    """A pattern: without a slash it is compared with names at any depth, with one with paths from the root.

    `*` and `?` match all but a slash, a leading dot too; `[abc]` is one of several letters; `**` as a component is any
    number of directories, and at the end all that is below. With a slash at the end only directories are meant. Case
    counts. The time of a comparison does not grow with how many ways there are. Raises WrongUsage.
    """

    def __init__(self, text: str) -> None:
        names = [name for name in _letters(text.encode(errors="surrogateescape")).split("/") if name not in {"", "."}]
        if not names or ".." in names:
            raise WrongUsage(f"The pattern {text!r} names nothing in a snapshot; one looks like '*.tex' or 'home/*/x'.")
        self.is_for_directories = text.endswith("/")
        self._is_name = "/" not in text.rstrip("/") and names != [_ANY_DIRECTORIES]
        self._steps = _steps(names)
        self.plain = _plain(names[-1])

    def within(self, directory: bytes) -> Callable[[bytes], bool] | None:
        """The test of names that lie in this directory, by its raw path; None where none of them can match."""
        if not self._is_name and len(self._steps) - 1 not in self._reached(directory):
            return None
        fits = self._steps[-1] or _ANY_NAME
        return lambda name: fits.match(_letters(name)) is not None

    def leads_into(self, directory: bytes) -> bool:
        """Whether something in this directory, or below it, can match."""
        return self._is_name or bool(self._reached(directory))

    def matches(self, path: bytes) -> bool:
        """Whether a raw path is meant."""
        above, _, name = path.rpartition(b"/")
        test = self.within(above)
        return test is not None and test(name)

    def _reached(self, directory: bytes) -> set[int]:
        """The places in the steps that the names of a directory's path lead to."""
        reached = self._skipping({0})
        for name in _letters(directory).split("/") if directory else ():
            met = {at for at in reached if (step := self._steps[at]) is None or step.match(name)}
            met = {at + (self._steps[at] is not None) for at in met}
            reached = self._skipping({at for at in met if at < len(self._steps)})
        return reached

    def _skipping(self, reached: set[int]) -> set[int]:
        """Add to these places those behind them for which no directory is needed."""
        return reached | {at + 1 for at in reached if self._steps[at] is None}


def _steps(names: Sequence[str]) -> list[_Step]:
    steps: list[_Step] = []
    for name in names:
        if name != _ANY_DIRECTORIES:
            steps.append(re.compile(translate(name)))
        elif steps[-1:] != [None]:
            steps.append(None)
    return [*steps, _ANY_NAME] if steps[-1] is None else steps


def _plain(name: str) -> bytes:
    """The longest piece that each matching name has in it, and that stands as it is in the lines of a manifest."""
    pieces = [] if "[" in name else _PLAIN.findall(name)
    return max(pieces, key=len, default="").encode()


def _letters(name: bytes) -> str:
    """The letters of a name; a byte that is no UTF-8 is one, too."""
    return name.decode(errors="surrogateescape")
