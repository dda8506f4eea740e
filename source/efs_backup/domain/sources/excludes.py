"""Patterns that a row leaves out, as they are stored in its item and in the records of its backups."""

from collections.abc import Iterable

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.requests.excludes import ExcludePattern

Excludes = tuple[str, ...]
"""Texts of patterns."""

_MOST = 100
_LETTERS = 4096
"""Patterns, and letters of all together: an item of DynamoDB, which has all rows of a stack, holds 400 KB."""


def check_excludes(excludes: Excludes) -> None:
    """Raises WrongUsage of what is no pattern, holds what nobody sees, or is too much."""
    for text in excludes:
        if not text.isprintable():
            raise WrongUsage(f"The exclude pattern {text!r} holds what nobody sees.")
        ExcludePattern(text)
    if len(excludes) > _MOST or len(written(excludes)) > _LETTERS:
        raise WrongUsage(
            f"A row has {_MOST} exclude patterns at most, of {_LETTERS:,} letters in all.",
            "Exclude the directory above, or keep what is backed up apart from the rest.",
        )


def written(excludes: Iterable[str]) -> str:
    """As one text: a line for each; "" for none."""
    return "\n".join(excludes)


def read(text: str | None) -> Excludes | None:
    """The patterns of such a text; None where there is none."""
    return None if text is None else tuple(line for line in str(text).split("\n") if line)


def patterns(text: str | None) -> tuple[ExcludePattern, ...] | None:
    """The same to go by. Raises WrongUsage, of what somebody else has written."""
    excludes = read(text)
    return None if excludes is None else tuple(map(ExcludePattern, excludes))
