"""Patterns of paths in a snapshot: the words are those of excludes, and all begin at the snapshot's root."""

from collections.abc import Callable

from efs_backup.copy_worker.patterns import components, matcher

_MARKS = frozenset("*?[")
_ANY_DIRECTORIES = "**"


def is_pattern(path: str) -> bool:
    """Whether a path may be meant as a pattern."""
    return not _MARKS.isdisjoint(path)


def literal(path: str) -> str:
    """The pattern that means this path and no other."""
    return "".join(f"[{letter}]" if letter in _MARKS else letter for letter in path)


def fixed_part(pattern: str) -> tuple[str, str]:
    """(the directory in which a pattern's first name with a mark is looked for, "" for the root; the rest of it)."""
    names = components(pattern)
    at = next((number for number, name in enumerate(names) if is_pattern(name)), len(names) - 1)
    return "/".join(names[:at]), "/".join(names[at:])


def matching_below(rest: str) -> Callable[[str], bool]:
    """Tell whether a path, relative to the directory where a pattern is looked for, is meant by the rest of it."""
    return matcher(f"/{rest}")


def may_lead_on(rest: str) -> Callable[[str], bool]:
    """Tell whether a directory, relative to where a pattern is looked for, may hold something that is meant."""
    names = components(rest)
    if _ANY_DIRECTORIES in names:
        fixed = names.index(_ANY_DIRECTORIES)
        names, is_open = names[:fixed], True
    else:
        names, is_open = names[:-1], False
    steps = [matcher("/" + "/".join(names[: number + 1])) for number in range(len(names))]

    def leads_on(directory: str) -> bool:
        depth = directory.count("/")
        if depth < len(steps):
            return steps[depth](directory)
        return is_open and (not steps or steps[-1]("/".join(directory.split("/")[: len(steps)])))

    return leads_on
