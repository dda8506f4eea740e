"""Where a quarantine may lie."""

import pytest

from efs_backup.domain.copying.quarantine import is_quarantine_inside, is_safe_place, name_inside
from efs_backup.domain.snapshots.names import SnapshotName

ROOT, ALICE = (0, 0), (1000, 1000)


@pytest.mark.parametrize(
    ("mode", "owner", "ours", "is_safe"),
    [
        (0o755, ROOT, ROOT, True),
        (0o700, ROOT, ROOT, True),
        (0o1777, ROOT, ROOT, True),
        (0o777, ROOT, ROOT, False),
        (0o775, (0, 50), ROOT, False),
        (0o1775, (0, 50), ROOT, True),
        (0o755, ALICE, ROOT, False),
        (0o1777, ALICE, ROOT, False),
        (0o755, ALICE, ALICE, True),
        (0o775, ALICE, ALICE, True),
        (0o775, (1000, 50), ALICE, False),
        (0o1777, ROOT, ALICE, True),
        (0o755, (1001, 1001), ALICE, False),
    ],
)
def test_a_place_is_safe_where_nobody_else_can_rename_what_we_make(
    mode: int, owner: tuple[int, int], ours: tuple[int, int], *, is_safe: bool
) -> None:
    """Nobody but root and us: by owner, group and the sticky bit."""
    assert is_safe_place(mode, owner, ours) is is_safe


def test_a_quarantine_inside_is_known_by_its_name() -> None:
    """With or without what makes it unique, and only at the top."""
    name = SnapshotName.parse("20261122T020000Z")
    assert name
    assert is_quarantine_inside(name_inside(name))
    assert is_quarantine_inside(f"{name_inside(name)}-0af3")
    assert not is_quarantine_inside(f"below/{name_inside(name)}")
    assert not is_quarantine_inside(".quarantine-mine")
