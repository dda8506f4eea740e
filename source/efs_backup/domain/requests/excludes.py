"""What a backup leaves out by its name."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property

from efs_backup.domain.errors import WrongUsage

_BRACKETS = re.compile(r"\[!?(?P<letters>[^]\[!^/][^]\[/]*)\]")
_RANGE = re.compile(r"(.)-(.)")
_FORBIDDEN = ("\\", "\0")
_ANY_DIRECTORIES = "**"
_ANY_NAME = re.compile("")

Step = re.Pattern[str] | None
"""One component of a pattern: what a name has to match; None: any number of directories."""


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
        if not self._components:
            raise WrongUsage(f"The exclude pattern {self.text!r} names nothing that could be left out.")
        if ".." in self._components:
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
    def _components(self) -> tuple[str, ...]:
        return tuple(part for part in self.text.split("/") if part not in {"", "."})

    @property
    def is_path(self) -> bool:
        """Whether it is compared with paths from the root rather than with names."""
        return "/" in self.text.rstrip("/")

    @property
    def is_for_directories(self) -> bool:
        """Whether it leaves out directories only."""
        return self.text.endswith("/")

    def matches(self, path: str) -> bool:
        """Whether this path, relative to the source's root, is meant by itself, if its type is."""
        letters = _letters(path)
        if not self.is_path:
            return _is_met(self._steps[0], letters.rpartition("/")[2])
        return _lead_to(self._steps, letters.split("/"))

    @cached_property
    def _steps(self) -> tuple[Step, ...]:
        if not self.is_path:
            return (_compiled(self._components[0]),)
        steps: list[Step] = []
        for component in self._components:
            if component != _ANY_DIRECTORIES:
                steps.append(_compiled(component))
            elif steps[-1:] != [None]:
                steps.append(None)
        return (*steps, _ANY_NAME) if steps[-1] is None else tuple(steps)


def _compiled(component: str) -> re.Pattern[str]:
    hidden = "" if component.startswith(".") else r"(?!\.)"
    return re.compile(hidden + translate(_letters(component)))


def _is_met(step: Step, name: str) -> bool:
    return step is None or step.match(name) is not None


def _lead_to(steps: Sequence[Step], names: Sequence[str]) -> bool:
    """Whether the steps go through all these names; the time does not grow with how many ways there are."""
    reached = _skipping(steps, {0})
    for name in names:
        met = {at for at in reached if at < len(steps) and _is_met(steps[at], name)}
        reached = _skipping(steps, {at + (steps[at] is not None) for at in met})
    return len(steps) in reached


def _skipping(steps: Sequence[Step], reached: set[int]) -> set[int]:
    """These places, and those after them that no directory is needed for."""
    return reached | {at + 1 for at in reached if at < len(steps) and steps[at] is None}


def _letters(text: str) -> str:
    """One letter for each byte, whatever the bytes of a name are."""
    return text if text.isascii() else text.encode(errors="surrogateescape").decode("latin-1")


def matching(excludes: Iterable[ExcludePattern], path: str) -> list[ExcludePattern]:
    """Those of the patterns that mean this path, if its type fits."""
    return [pattern for pattern in excludes if pattern.matches(path)]
