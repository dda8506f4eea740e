"""Values that properties are tried on."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from efs_backup.domain.snapshots.names import SnapshotName

times = st.datetimes(datetime(1970, 1, 2), datetime(2500, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
"""Times that a clock or an mtime may show."""

snapshot_names = times.map(SnapshotName.of)

series = st.sets(snapshot_names, max_size=30)
"""The snapshots of one series, in no order."""

crowded_series = st.sets(
    st.integers(0, 40).map(lambda second: SnapshotName.of(datetime.fromtimestamp(1_800_000_000 + second, UTC))),
    max_size=30,
)
"""Snapshots so near to each other that seconds collide."""
