"""The operator's orders for a backup and for a restore."""

import pytest

from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.requests.requests import BackupRequest, RestoreMode, RestoreRequest
from efs_backup.domain.snapshots.names import Interval
from efs_backup.domain.snapshots.selection import Selection


def test_a_backup_needs_only_a_source_and_a_backup() -> None:
    """The rest has the defaults of the command's help."""
    order = BackupRequest("/source", "/backup")
    assert (str(order.label), order.interval, order.retention.last) == ("efs-backup", Interval.DAILY, 7)
    assert not order.allow_empty
    assert not order.excludes


def test_a_restore_deletes_nothing_unless_told_so() -> None:
    """The default is the newest snapshot, whole, laid over what is there."""
    order = RestoreRequest("/backup", "/target")
    assert (order.selection, order.paths, order.mode) == (Selection(), (), RestoreMode.OVERLAY)


@pytest.mark.parametrize("path", ["..", "../etc", "a/..", "a/../b", "/..", "a//../../b", "../"])
def test_a_path_that_leads_out_of_the_snapshot_is_refused(path: str) -> None:
    """Even where it would come back in."""
    with pytest.raises(WrongUsage, match="leads out of the snapshot"):
        RestoreRequest("/backup", "/target", paths=(path,))


@pytest.mark.parametrize("path", ["", "a", "/a/b/", "a..b", "...", "..a/b..", ".", "a b", "caf\udce9"])
def test_a_path_may_hold_dots_in_its_names(path: str) -> None:
    """Only the name `..` is special."""
    assert RestoreRequest("/backup", "/target", paths=(path,)).paths == (path,)
