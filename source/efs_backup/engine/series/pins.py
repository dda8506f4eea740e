"""The pins and notes of a series: small files in `.pins` beside its snapshots."""

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from efs_backup.domain.snapshots.names import PINS_NAME, Interval, SnapshotName
from efs_backup.domain.snapshots.pins import Pin, Said, TornPin
from efs_backup.engine.series.private_files import PrivateFiles

_PIN, _NOTE = ".pin.json", ".note.json"


@dataclass(frozen=True)
class FoundPins:
    """The pins that were found. fault: why pins cannot be read at all, so that any snapshot may be pinned; else ""."""

    pins: Mapping[SnapshotName, Pin | TornPin]
    fault: str = ""

    def holding(self, now: datetime) -> dict[SnapshotName, Pin | TornPin]:
        """Those that hold."""
        return {name: pin for name, pin in self.pins.items() if isinstance(pin, TornPin) or pin.holds(now)}

    def ended(self, now: datetime) -> dict[SnapshotName, Pin]:
        """Those that have ended."""
        return {name: pin for name, pin in self.pins.items() if isinstance(pin, Pin) and not pin.holds(now)}

    @property
    def torn(self) -> dict[SnapshotName, TornPin]:
        """Those that cannot be read."""
        return {name: pin for name, pin in self.pins.items() if isinstance(pin, TornPin)}


class Pins:
    """The pins and notes of the series whose directory this is; a file for each, whole or not there."""

    def __init__(self, series: Path, note: Callable[[str], None] = lambda _text: None) -> None:
        self._files = PrivateFiles(series / PINS_NAME, note)

    def find(self) -> FoundPins:
        """All pins; what cannot be read holds."""
        try:
            names = self._names(_PIN)
        except OSError as error:
            return FoundPins({}, error.strerror or str(error))
        return FoundPins({name: pin for name in names if (pin := self._pin(name))})

    def notes(self) -> dict[SnapshotName, Said | None]:
        """All notes; None of one that cannot be read. Raises OSError where none can."""
        return {name: self._note_of(name) for name in self._names(_NOTE)}

    def pin(self, name: SnapshotName, pin: Pin) -> None:
        """Pin a snapshot, also one that is pinned already. Raises OSError."""
        with self._files.writing():
            self._files.write(f"{name}{_PIN}", pin.to_text().encode())

    def unpin(self, name: SnapshotName) -> Pin | TornPin | None:
        """Release a snapshot; the pin that it had, None where it had none. Raises OSError."""
        return self._removed(name, _PIN, self._pin(name))

    def note(self, name: SnapshotName, said: Said | None) -> None:
        """Say something about a snapshot, or nothing any more. Raises OSError."""
        if said is None:
            self._removed(name, _NOTE, None)
            return
        with self._files.writing():
            self._files.write(f"{name}{_NOTE}", said.to_text().encode())

    def forget(self, gone: Iterable[SnapshotName]) -> None:
        """Remove what was said about snapshots that a rule has dropped."""
        names = {str(name) for name in gone}
        with suppress(OSError):
            for _, file in self._files.names():
                if file.removesuffix(_PIN).removesuffix(_NOTE) in names:
                    self._files.remove(file)

    def _removed(self, name: SnapshotName, ending: str, found: Pin | TornPin | None) -> Pin | TornPin | None:
        with suppress(FileNotFoundError):
            self._files.clear(f"{name}{ending}")
        return found

    def _names(self, ending: str) -> list[SnapshotName]:
        stems = (file.removesuffix(ending) for _, file in self._files.names() if file.endswith(ending))
        return sorted(name for stem in stems if (name := SnapshotName.parse(stem)))

    def _pin(self, name: SnapshotName) -> Pin | TornPin | None:
        try:
            return Pin.parse(self._files.read(f"{name}{_PIN}"))
        except FileNotFoundError:
            return None  # released meanwhile
        except OSError as error:
            return TornPin(error.strerror or str(error))
        except ValueError as error:
            return TornPin(str(error))

    def _note_of(self, name: SnapshotName) -> Said | None:
        try:
            return Said.parse(self._files.read(f"{name}{_NOTE}"))
        except (OSError, ValueError):
            return None


def pins_of_label(label: Path, now: datetime) -> int:
    """How many snapshots of all series of a label are pinned."""
    there = [label / interval for interval in Interval]
    return sum(len(Pins(series).find().holding(now)) for series in there if os.path.lexists(series / PINS_NAME))
