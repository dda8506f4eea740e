"""Patterns of names that a backup leaves out."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from efs_backup.copy_worker.patterns import components, is_for_directories, is_path, matcher
from efs_backup.domain.errors import WrongUsage

_BRACKETS = re.compile(r"\[!?(?P<letters>[^]\[!^/][^]\[/]*)\]")
_RANGE = re.compile(r"(.)-(.)")
_FORBIDDEN = ("\\", "\0")


@dataclass(frozen=True)
class ExcludePattern:
    """A pattern of names to leave out, as in a .gitignore: with a slash inside a path from the source's root.

    Without one it is any name at any depth. `**` as a component stands for any number of directories, none and hidden
    ones too, and at the end for all that is below. With a slash at the end only directories are meant.

    As in a shell, and other than in a .gitignore, `*` and `?` match no leading dot; nor do they match a slash. `[a-z]`
    is one of several; case counts; letters are bytes. Brackets that programs read in different ways, a backslash and
    a leading `!` are refused: nothing is left out, or kept, because of a misunderstanding.
    """

    text: str

    def __post_init__(self) -> None:
        if not components(self.text):
            raise WrongUsage(f"The exclude pattern {self.text!r} names nothing that could be left out.")
        if ".." in components(self.text):
            raise WrongUsage(f"The exclude pattern {self.text!r} leads out of the source.")
        for forbidden in _FORBIDDEN:
            if forbidden in self.text:
                raise WrongUsage(f"The exclude pattern {self.text!r} holds {forbidden!r}; use only *, **, ? and [...].")
        if self.text.startswith("!"):
            raise WrongUsage(
                f"The exclude pattern {self.text!r} begins with '!', but nothing can be taken back that another leaves"
                f" out; for a name that begins so write {'**/' + self.text!r}."
            )
        ranges = [found for letters in _BRACKETS.findall(self.text) for found in _RANGE.findall(letters)]
        if "[" in _BRACKETS.sub("", self.text) or any(first > last for first, last in ranges):
            raise WrongUsage(
                f"The brackets in the exclude pattern {self.text!r} are not of the form [abc], [a-c] or [!abc]."
            )

    @property
    def is_path(self) -> bool:
        """Whether it is compared with paths from the root rather than with names."""
        return is_path(self.text)

    @property
    def is_for_directories(self) -> bool:
        """Whether it leaves out directories only."""
        return is_for_directories(self.text)

    def matches(self, path: str) -> bool:
        """Whether this path, relative to the source's root, is meant by itself, if its type is."""
        return self._matches(path)

    @cached_property
    def _matches(self) -> Callable[[str], bool]:
        return matcher(self.text)


def matching(excludes: Iterable[ExcludePattern], path: str) -> list[ExcludePattern]:
    """Those of the patterns that mean this path, if its type fits."""
    return [pattern for pattern in excludes if pattern.matches(path)]
