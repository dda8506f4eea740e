"""Which place of which file system is shown where."""

import pytest

from efs_backup.domain.snapshots.locations import Location, Mount, is_within, located
from efs_backup.domain.snapshots.mountinfo import parse_mount_line


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("36 35 98:0 / /mnt rw shared:1 - ext3 /dev/root rw", Mount(36, Location("98:0", "/"), "/mnt")),
        ("7 1 8:1 /a\\040b /c\\134d rw - xfs /dev/sda rw", Mount(7, Location("8:1", "/a b"), "/c\\d")),
        ("8 1 0:9 / /efs rw - nfs4 127.0.0.1:/ rw,vers=4.1", Mount(8, Location("0:9", "/"), "/efs")),
        ("8 1 0:9 / /efs rw - nfs4 [fe80::1]:/home/a rw", Mount(8, Location("0:9", "/home/a"), "/efs")),
        ("9 1 0:8 / /x rw - fuse  rw", Mount(9, Location("0:8", "/"), "/x")),
    ],
)
def test_a_line_of_mountinfo_is_read(line: str, expected: Mount) -> None:
    """With or without optional fields, whatever letters are escaped; NFS always has `/` where others have the root."""
    assert located(parse_mount_line(line)) == expected


@pytest.mark.parametrize(
    ("root", "point", "wanted", "shown"),
    [
        ("/", "/mnt", "/a/b", "/mnt/a/b"),
        ("/a", "/mnt", "/a/b", "/mnt/b"),
        ("/a/b", "/mnt", "/a/b", "/mnt"),
        ("/a/b/c", "/mnt", "/a/b", "/mnt"),
        ("/a/bc", "/mnt", "/a/b", None),
        ("/a/b", "/", "/a/b/c", "/c"),
        ("/", "/mnt", "/", "/mnt"),
    ],
)
def test_a_mount_shows_what_is_below_its_root_and_a_part_of_what_is_above(
    root: str, point: str, wanted: str, shown: str | None
) -> None:
    """And nothing of another device."""
    assert Mount(1, Location("8:1", root), point).shows(Location("8:1", wanted)) == shown
    assert Mount(1, Location("8:2", root), point).shows(Location("8:1", wanted)) is None


def test_a_path_is_located_by_its_mount() -> None:
    """The way back from what is shown."""
    mount = Mount(1, Location("8:1", "/a"), "/mnt")
    assert mount.location("/mnt/b/c") == Location("8:1", "/a/b/c")
    assert mount.location("/mnt") == Location("8:1", "/a")


def test_within_is_meant_by_whole_names() -> None:
    """The root holds everything."""
    assert is_within("/a/b", "/a")
    assert is_within("/a", "/")
    assert not is_within("/ab", "/a")
