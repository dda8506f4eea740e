"""Where a backup may link unchanged files from."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from efs_backup.domain.snapshots.names import Interval
from efs_backup.engine.series.lock import reading
from efs_backup.engine.series.series import Series, Snapshot


@contextmanager
def snapshot_references(series: Series, own: Sequence[Snapshot], note: Callable[[str], None]) -> Iterator[list[Path]]:
    """The newest snapshot of the series, and before it a newer one of another series of the label, if there is any.

    So the weekly snapshots of a source share their files with the daily ones. Nothing is pruned in the other series
    while its snapshot is linked from.
    """
    mine = own[:1]
    others = (Series(series.label_path.parent, series.label, kind, series.now) for kind in Interval)
    found = [(newest, other) for other in others if other.interval is not series.interval for newest in _newest(other)]
    newest, other = max(found, key=lambda pair: pair[0].name, default=(None, None))
    if newest is None or other is None or (mine and mine[0].name >= newest.name):
        yield [one.path for one in mine]
        return
    with reading(other.path, note):
        still_there = newest.path.is_dir()
        yield [one.path for one in ([newest, *mine] if still_there else mine)]


def _newest(series: Series) -> list[Snapshot]:
    """A directory of the old layout is none yet: a backup of its own series may rename it at any time."""
    try:
        return [one for one in series.snapshots() if one.path == series.path / str(one.name)][:1]
    except OSError:
        return []  # a series that cannot be listed is no reference
