"""Whether a source is still the one of the last time."""

from dataclasses import replace

import pytest

from efs_backup.domain.snapshots.identity import (
    FileSystem,
    Likeness,
    Mount,
    Place,
    compare,
    missing_mounts,
    points_below,
    unmounted_point,
    user_of,
)

DISK = FileSystem("ext4", "1111", "/dev/sda1")
OTHER_DISK = FileSystem("ext4", "2222", "/dev/sdb1")
NAMELESS = FileSystem("xfs", "", "/dev/sda1")
SERVER = FileSystem("nfs4", "", "10.0.0.1:/export")
MEMORY = FileSystem("tmpfs", "", "none")
DATA = Place("/srv/data", DISK, 12, "/srv")


@pytest.mark.parametrize(
    ("one", "other", "may_be", "is_surely"),
    [
        (DISK, DISK, True, True),
        (DISK, replace(DISK, device="/dev/sdz9"), True, True),
        (DISK, OTHER_DISK, False, False),
        (DISK, replace(DISK, uuid=""), True, False),
        (DISK, replace(DISK, kind="xfs"), False, False),
        (NAMELESS, NAMELESS, True, True),
        (NAMELESS, replace(NAMELESS, device="/dev/sdb7"), True, False),
        (SERVER, SERVER, True, True),
        (SERVER, replace(SERVER, kind="nfs"), True, True),
        (SERVER, replace(SERVER, device="10.0.0.2:/export"), False, False),
        (SERVER, DISK, False, False),
        (MEMORY, MEMORY, True, False),
        (MEMORY, replace(MEMORY, device="tmpfs"), True, False),
        (FileSystem("fuse.sshfs", "", "host:/x"), FileSystem("fuse.sshfs", "", "host:/y"), False, False),
        (FileSystem("efs", "fs-1"), FileSystem("efs", "fs-2"), False, False),
    ],
)
def test_file_systems_are_told_apart_by_what_survives_a_reboot(
    one: FileSystem, other: FileSystem, may_be: bool, is_surely: bool
) -> None:
    """A UUID or an export; never the number of a block device, nor what a tmpfs calls itself."""
    assert (one.may_be(other), other.may_be(one)) == (may_be, may_be)
    assert (one.is_surely(other), other.is_surely(one)) == (is_surely, is_surely)


@pytest.mark.parametrize(
    ("now", "likeness"),
    [
        (DATA, Likeness.SAME),
        (replace(DATA, inode=13), Likeness.SAME),
        (replace(DATA, mount_point="/elsewhere"), Likeness.SAME),
        (replace(DATA, file_system=OTHER_DISK), Likeness.NOT_MOUNTED),
        (replace(DATA, inode=13, mount_point="/"), Likeness.NOT_MOUNTED),
        (replace(DATA, file_system=replace(DISK, uuid=""), inode=13, mount_point="/"), Likeness.NOT_MOUNTED),
        (replace(DATA, path="/mnt/data"), Likeness.MOVED),
        (replace(DATA, path="/mnt/data", inode=13), Likeness.ANOTHER),
        (replace(DATA, path="/mnt/data", file_system=OTHER_DISK), Likeness.ANOTHER),
        (replace(DATA, path="/mnt/data", file_system=replace(DISK, uuid="")), Likeness.ANOTHER),
    ],
)
def test_a_source_is_compared_by_path_file_system_and_inode(now: Place, likeness: Likeness) -> None:
    """A directory may be made anew or be mounted elsewhere; an unmounted file system shows all the same."""
    assert compare(DATA, now) is likeness


def test_two_file_systems_in_memory_are_never_taken_for_one_that_was_moved() -> None:
    """The root of each has the inode 1."""
    one = Place("/a", MEMORY, 1, "/a")
    assert compare(one, replace(one, path="/b", mount_point="/b")) is Likeness.ANOTHER


def test_mounts_below_are_missed_where_they_are_gone_or_replaced() -> None:
    """New ones are none that is missed."""
    was = [Mount("a", DISK), Mount("b", SERVER), Mount("c d", MEMORY)]
    now = [Mount("b", MEMORY), Mount("c d", MEMORY), Mount("new", DISK)]
    assert missing_mounts(was, now) == {was[0]: None, was[1]: now[0]}
    assert missing_mounts(was, was) == {}


MOUNTED = [
    ("/", "ext4"), ("/proc", "proc"), ("/srv", "ext4"), ("/srv/b", "nfs4"), ("/srv/a", "tmpfs"), ("/srv/a", "ext4"),
    ("/srv/snap", "squashfs"), ("/srv/homes", "autofs"), ("/srv/homes/alice", "nfs4"), ("/srvother", "ext4"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("root", "points"), [("/srv", ["/srv/a", "/srv/b"]), ("/", ["/srv", "/srv/a", "/srv/b", "/srvother"]), ("/x", [])]
)
def test_mounts_are_missed_that_hold_somebodys_files_and_stay(root: str, points: list[str]) -> None:
    """Not the kernel's own, nor images of programs, nor what is mounted on demand."""
    assert points_below(root, MOUNTED) == points


@pytest.mark.parametrize(
    ("kind", "options", "user", "is_passing"),
    [
        ("tmpfs", "rw,size=64k,uid=1000,gid=1000", 1000, True),
        ("tmpfs", "rw", 0, True),
        ("overlay", "rw,lowerdir=/l", 0, True),
        ("fuse.sshfs", "rw,user_id=1000,group_id=1000", 1000, True),
        ("fuse.s3fs", "rw,user_id=0,group_id=0", 0, False),
        ("fuseblk", "rw,user_id=0", 0, False),
        ("vfat", "rw,uid=1000", 0, False),
        ("ext4", "rw", 0, False),
        ("nfs4", "rw,addr=10.0.0.1", 0, False),
    ],
)
def test_what_goes_with_a_logout_or_a_container_is_told_by_kind_and_owner(
    kind: str, options: str, user: int, is_passing: bool
) -> None:
    """Disks and servers stay, whoever owns what is on them."""
    assert user_of(kind, options) == user
    assert FileSystem(kind, "", "x", user).is_passing is is_passing


FSTAB = """
# /dev/sdx1 /commented ext4 defaults 0 0
UUID=1111 / ext4 defaults 0 1
/dev/sdb1 /backup ext4 noauto 0 2
server:/export /with\\040space nfs defaults 0 0
/swapfile none swap sw 0 0
short
"""


@pytest.mark.parametrize(
    ("path", "mounted", "missing"),
    [
        ("/backup", ["/"], "/backup"),
        ("/backup/machine", ["/"], "/backup"),
        ("/backup", ["/", "/backup"], ""),
        ("/backups", ["/"], ""),
        ("/with space", ["/"], "/with space"),
        ("/commented", ["/"], ""),
        ("/home", [], ""),
    ],
)
def test_what_fstab_promises_and_is_not_mounted_is_found(path: str, mounted: list[str], missing: str) -> None:
    """Also above the path; the root is always there."""
    assert unmounted_point(FSTAB, mounted, path) == missing
