"""The reasons that protect snapshots of a series from being dropped, whatever its rules say."""

from collections.abc import Callable, Mapping, Sequence

from efs_backup.domain.snapshots.names import SnapshotName
from efs_backup.engine.series.hold import label_hold
from efs_backup.engine.series.pins import Pins
from efs_backup.engine.series.series import Series

_Protector = Callable[[Series, Sequence[SnapshotName]], Mapping[SnapshotName, str]]


def protected(series: Series, snapshots: Sequence[SnapshotName]) -> dict[SnapshotName, str]:
    """Which of these snapshots are protected, and for what reason; each thing that protects is asked."""
    found = dict[SnapshotName, list[str]]()
    for protector in _PROTECTORS:
        for name, reason in protector(series, snapshots).items():
            found.setdefault(name, []).append(reason)
    return {name: "; ".join(reasons) for name, reasons in found.items()}


def pins_told(series: Series) -> dict[SnapshotName, str] | None:
    """The text of each pin that holds; None where the pins cannot be read."""
    found = Pins(series.path).find()
    return None if found.fault else {name: pin.told() for name, pin in found.holding(series.now).items()}


def _pinned(series: Series, snapshots: Sequence[SnapshotName]) -> dict[SnapshotName, str]:
    found = Pins(series.path).find()
    if found.fault:
        return dict.fromkeys(snapshots, f"the pins cannot be read ({found.fault})")
    return {name: pin.told() for name, pin in found.holding(series.now).items()}


def _held(series: Series, snapshots: Sequence[SnapshotName]) -> dict[SnapshotName, str]:
    return label_hold(series.label_path).protects(snapshots)


_PROTECTORS: tuple[_Protector, ...] = (_pinned, _held)
