"""Patterns of names to leave out, as in a .gitignore; `efs_backup.domain.requests.excludes` says what they mean."""

import re
from collections.abc import Callable, Sequence
from fnmatch import translate

_ANY_DIRECTORIES = "**"
_ANY_NAME = re.compile("")

_Step = re.Pattern[str] | None
"""One component of a pattern: what a name has to match; None: any number of directories."""


def components(text: str) -> tuple[str, ...]:
    """Split a pattern into the names that it is made of."""
    return tuple(part for part in text.split("/") if part not in {"", "."})


def is_path(text: str) -> bool:
    """Tell whether a pattern is compared with paths from the root rather than with names."""
    return "/" in text.rstrip("/")


def is_for_directories(text: str) -> bool:
    """Tell whether a pattern leaves out directories only."""
    return text.endswith("/")


def matcher(text: str) -> Callable[[str], bool]:
    """Make of a pattern a function that tells whether a path, relative to the root, is meant by itself."""
    if not is_path(text):
        step = _compiled(components(text)[0])
        return lambda path: _is_met(step, _letters(path).rpartition("/")[2])
    steps = _steps(components(text))
    return lambda path: _lead_to(steps, _letters(path).split("/"))


def _steps(names: Sequence[str]) -> Sequence[_Step]:
    steps: list[_Step] = []
    for component in names:
        if component != _ANY_DIRECTORIES:
            steps.append(_compiled(component))
        elif steps[-1:] != [None]:
            steps.append(None)
    return [*steps, _ANY_NAME] if steps[-1] is None else steps


def _compiled(component: str) -> re.Pattern[str]:
    hidden = "" if component.startswith(".") else r"(?!\.)"
    return re.compile(hidden + translate(_letters(component)))


def _is_met(step: _Step, name: str) -> bool:
    return step is None or step.match(name) is not None


def _lead_to(steps: Sequence[_Step], names: Sequence[str]) -> bool:
    """Tell whether the steps go through all these names; the time does not grow with how many ways there are."""
    reached = _skipping(steps, {0})
    for name in names:
        met = {at for at in reached if at < len(steps) and _is_met(steps[at], name)}
        reached = _skipping(steps, {at + (steps[at] is not None) for at in met})
    return len(steps) in reached


def _skipping(steps: Sequence[_Step], reached: set[int]) -> set[int]:
    """Add to these places those after them that no directory is needed for."""
    return reached | {at + 1 for at in reached if at < len(steps) and steps[at] is None}


def _letters(text: str) -> str:
    """Spell one letter for each byte, whatever the bytes of a name are."""
    return text if text.isascii() else text.encode(errors="surrogateescape").decode("latin-1")
