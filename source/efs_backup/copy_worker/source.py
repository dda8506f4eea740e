"""What a directory of the source has for a part: as the survey saw it, or as it is now. Lean, for the copy tool."""

import os
from collections.abc import Collection, Iterable, Mapping

from efs_backup.copy_worker.attributes import NOT_SURVEYED, SurveyedAttributes
from efs_backup.copy_worker.error_numbers import NOT_THERE
from efs_backup.copy_worker.roots import WORTH_A_LISTING, Sides
from efs_backup.copy_worker.throttling import NAMES_IN_A_REQUEST

TYPE_CHECKING = False  # typing's own would have to be imported, which takes longer than all the rest
if TYPE_CHECKING:
    from efs_backup.copy_worker.rules import Attributes
    from efs_backup.copy_worker.throttle import Throttle


class SourceDirectory:
    """A directory of the source, which is opened only when something in it is needed.

    names: those of the part, each with what the survey has seen of it.
    """

    def __init__(self, sides: Sides, path: str, names: Mapping[str, bytes]) -> None:
        self._sides = sides
        self._path = path
        self._names = names
        self._descriptor: int | None = None

    @property
    def descriptor(self) -> int:
        """To look something up in it. Raises OSError."""
        if self._descriptor is None:
            self._descriptor = self._sides.opened(self._sides.source, self._path)
        return self._descriptor

    def close(self) -> None:
        """Nothing more is needed."""
        if self._descriptor is not None:
            os.close(self._descriptor)

    @property
    def mode(self) -> int:
        """Its own mode, as it was surveyed, or asked for. Raises OSError."""
        surveyed = next((raw for raw in self._names.values() if raw != NOT_SURVEYED), None)
        return SurveyedAttributes(surveyed).directory_mode if surveyed else os.fstat(self.descriptor).st_mode

    def surveyed(self) -> "dict[str, Attributes]":
        """The attributes of each name as the survey saw them; nothing unless it has seen all."""
        if NOT_SURVEYED in self._names.values():
            return {}
        return {name: SurveyedAttributes(raw) for name, raw in self._names.items()}

    def look(self, names: Collection[str]) -> "tuple[dict[str, Attributes], list[str]]":
        """(the attributes, as they are now, of those names that are still there, those that cannot be looked at).

        A few of many are asked for one by one. Raises OSError where it cannot be opened.
        """
        are_many = len(names) >= min(WORTH_A_LISTING, len(self._names))
        return look_at(self.descriptor, names, self._sides.throttle, by_listing=are_many)


def look_at(
    directory: int, names: Collection[str], throttle: "Throttle", *, by_listing: bool
) -> "tuple[dict[str, Attributes], list[str]]":
    """(the attributes of those names that an open directory has, those that cannot be looked at).

    by_listing: the directory is listed first; what is not met there is asked for one by one.
    """
    found: dict[str, Attributes] = {**listed(directory, names)} if by_listing else {}
    throttle.pay(len(found) // NAMES_IN_A_REQUEST)
    unreadable = []
    for name in names:
        if name not in found:
            throttle.pay()
            try:
                found[name] = os.stat(name, dir_fd=directory, follow_symlinks=False)
            except OSError as error:
                unreadable += [] if error.errno in NOT_THERE else [name]
    return found, unreadable


def listed(directory: int, wanted: Iterable[str]) -> dict[str, os.stat_result]:
    """The attributes of the wanted names that an open directory lists; no further than the last of them.

    Where the listing breaks off, those that came until then.
    """
    missing, found = set(wanted), dict[str, os.stat_result]()
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.name in missing:
                    missing.discard(entry.name)
                    found[entry.name] = entry.stat(follow_symlinks=False)
                if not missing:
                    break
    except OSError:
        return found
    return found
