"""The checks of the run over real NFS, which itself is not a test of this suite."""

import pytest

from tests.nfs.checks import CheckFailed, check_mount, check_same, mounts

_OPTIONS = "vers=4.1,rsize=1048576,wsize=1048576,namlen=255,hard,noresvport,proto=tcp,timeo=600,retrans=2"
_LOG = f"""2026-11-24 03:32:32 INFO mounting: fs-1 is mounted: 172.31.0.4:/ of kind nfs4 with ro,{_OPTIONS}
2026-11-24 03:32:33 INFO mounting: fs-2 is mounted: 172.31.0.5:/ of kind nfs4 with rw,{_OPTIONS.replace("4.1", "4.2")}
"""


def test_a_mount_as_it_should_be_is_found_in_the_log() -> None:
    """By its file system."""
    check_mount(mounts(_LOG)["fs-1"], "ro", ["172.31.0.4"])


@pytest.mark.parametrize(
    ("name", "access", "address"),
    [("fs-1", "rw", "172.31.0.4"), ("fs-1", "ro", "172.31.0.5"), ("fs-2", "rw", "172.31.0.5")],
)
def test_a_mount_that_differs_is_refused(name: str, access: str, address: str) -> None:
    """In access, address or version."""
    with pytest.raises(CheckFailed):
        check_mount(mounts(_LOG)[name], access, [address])


def test_paths_that_differ_are_named() -> None:
    """And counted."""
    with pytest.raises(CheckFailed, match=r"2 paths differ.*a: 1, and not 2; b: None, and not 3"):
        check_same("The tree", {"a": 1, "c": 4}, {"a": 2, "b": 3, "c": 4})
