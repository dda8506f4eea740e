"""The files of configurations: which there are, and that nobody else can have written them."""

import os
import stat
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.requests.configuration import (
    SUFFIX,
    Configuration,
    file_fault,
    is_name,
    read_configuration,
)
from efs_backup.engine.machine.regular_file import opened_regular, small

_MOST_BYTES = 2**20
_CHECK = "See: efs-backup config check"


@dataclass(frozen=True)
class ConfigurationPlace:
    """A directory of configurations, or one file that is one.

    path: absolute. is_given: somebody has named it, so it has to be there.
    """

    path: Path
    is_given: bool = False

    @classmethod
    def of(cls, text: str | None, usual: str) -> "ConfigurationPlace":
        """The place that was named; the usual one where none was."""
        return cls(Path(text).absolute(), is_given=True) if text else cls(Path(usual))

    @property
    def only(self) -> str | None:
        """The NAME of the one file that this is; None where it is a directory."""
        return None if self.path.is_dir() or self.path.suffix != SUFFIX else self.path.stem

    def file(self, name: str) -> Path | None:
        """Where the configuration of this NAME is to lie; None where it can be none."""
        if not is_name(name) or self.only not in {None, name}:
            return None
        return self.path if self.only else self.path / f"{name}{SUFFIX}"

    def has(self, name: str) -> bool:
        """Whether there is something of this NAME, readable or not."""
        file = self.file(name)
        return file is not None and os.path.lexists(file)

    def names(self) -> list[str]:
        """All NAMEs in order. Raises WrongUsage where that cannot be told."""
        if only := self.only:
            return [only]
        try:
            return sorted(file.removesuffix(SUFFIX) for file in os.listdir(self.path) if _is_ours(file))
        except FileNotFoundError as error:
            if not self.is_given:
                return []
            raise _unreadable(self.path, error) from error
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def strangers(self) -> list[str]:
        """Files that end as configurations do, and whose names can be no NAME."""
        listed = os.listdir(self.path) if self.path.is_dir() else []
        return sorted(file for file in listed if file.endswith(SUFFIX) and not _is_ours(file))

    def read(self, name: str) -> Configuration:
        """The configuration of this NAME. Raises WrongUsage where it cannot be read, or trusted."""
        file = self.file(name)
        if file is None:
            raise WrongUsage(f"{name!r} is no NAME of a configuration in {str(self.path)!r}.", _CHECK)
        try:
            text, faults = _trusted_text(file)
            found = read_configuration(name, tomllib.loads(text.decode()))
        except OSError as error:
            raise _unreadable(file, error) from error
        except (ValueError, RecursionError) as error:
            raise WrongUsage(f"The configuration {str(file)!r} cannot be read: {error}.", _CHECK) from error
        return Configuration(name, found.values, (*faults, *found.faults))

    def sound(self, name: str) -> Configuration:
        """The same, which has no fault. Raises WrongUsage."""
        found = self.read(name)
        if found.faults:
            raise WrongUsage(f"The configuration {str(self.file(name))!r} is refused: {' '.join(found.faults)}", _CHECK)
        return found


def _is_ours(file: str) -> bool:
    return file.endswith(SUFFIX) and is_name(file.removesuffix(SUFFIX))


def _trusted_text(file: Path) -> tuple[bytes, list[str]]:
    """(the content, sentences on why it cannot be trusted). Raises OSError, and ValueError of no small file."""
    with opened_regular(file, is_followed=True) as descriptor:
        faults = [*_faults(str(file), os.fstat(descriptor)), *_faults_above(file)]
        return small(descriptor, file.name, _MOST_BYTES), faults


def _faults_above(file: Path) -> Iterator[str]:
    """About the directories that lead to it, also where a symlink leads: who can write to one can replace the rest."""
    places = {*file.parents, *Path(os.path.realpath(file)).parents}
    for place in sorted(places, reverse=True):
        yield from _faults(str(place), os.stat(place))


def _faults(path: str, found: os.stat_result) -> Iterator[str]:
    is_sticky = stat.S_ISDIR(found.st_mode) and bool(found.st_mode & stat.S_ISVTX)
    why, command = file_fault(repr(path), found.st_uid, stat.S_IMODE(found.st_mode), os.geteuid(), is_sticky=is_sticky)
    if why:
        yield f"{why}: {command} {_quoted(path)}."


def _quoted(path: str) -> str:
    from shlex import quote  # noqa: PLC0415

    return quote(path)


def readable_by_others(file: Path) -> bool:
    """Whether others can read it, which matters where it holds a secret. Raises OSError."""
    return bool(os.stat(file).st_mode & (stat.S_IROTH | stat.S_IRGRP))


def _unreadable(path: Path, error: OSError) -> WrongUsage:
    return WrongUsage(f"{str(path)!r} cannot be read: {error.strerror}.", _CHECK)
