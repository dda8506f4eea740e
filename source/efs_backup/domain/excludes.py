"""What a backup leaves out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import translate

from efs_backup.domain.errors import WrongUsage

_BRACKETS = re.compile(r"\[!?(?P<letters>[^]\[!^/][^]\[/]*)\]")
_RANGE = re.compile(r"(.)-(.)")
_FORBIDDEN = ("|", "\\", "\0")
_EVERY_HIDDEN = re.compile(r"\.\*+")


@dataclass(frozen=True)
class ExcludePattern:
    """A shell pattern of names to leave out: with a slash inside a path from the source's root, else any name.

    As in a shell, `*` and `?` match neither a slash nor a leading dot, and `[a-z]` one of several. What fpart's
    fnmatch(3) and Python's fnmatch read in different ways is refused, so that crawl and check always agree.
    """

    text: str

    def __post_init__(self) -> None:
        if not self._components:
            raise WrongUsage(f"The exclude pattern {self.text!r} names nothing that could be left out.")
        if ".." in self._components:
            raise WrongUsage(f"The exclude pattern {self.text!r} leads out of the source.")
        for forbidden in _FORBIDDEN:
            if forbidden in self.text:
                raise WrongUsage(f"The exclude pattern {self.text!r} holds {forbidden!r}; use only *, ? and [...].")
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
    def for_fpart(self) -> str:
        """The pattern as fpart takes it: it compares with the bare name and with the path after `./`.

        fpart also asks about the root, `.`, which a pattern for every hidden name would match.
        """
        name = self._components[0]
        if not self.is_path:
            return ".?*" if _EVERY_HIDDEN.fullmatch(name) else name
        return "./" + "/".join(self._components)

    def matches(self, path: str) -> bool:
        """Whether the entry at this path, relative to the source's root, is left out by itself."""
        components = path.split("/")
        if not self.is_path:
            return _matches(self._components[0], components[-1])
        return len(components) == len(self._components) and all(map(_matches, self._components, components))


def _matches(pattern: str, name: str) -> bool:
    if name.startswith(".") and not pattern.startswith("."):
        return False
    return re.match(translate(_letters(pattern)), _letters(name)) is not None


def _letters(text: str) -> str:
    """One letter for each byte, as fnmatch(3) counts in the C locale."""
    return text.encode(errors="surrogateescape").decode("latin-1")


def is_left_out(excludes: Sequence[ExcludePattern], path: str) -> bool:
    """Whether any of the patterns leaves out the entry at this path."""
    return any(pattern.matches(path) for pattern in excludes)
