"""How a file system is mounted."""

import pytest

from efs_backup.domain.operations.mounting import NFS_OPTIONS, mount_command

_AT = ("fs-1:/", "/run/efs-backup/backup")


def _options(*, with_helper: bool, access_point: str = "", read_only: bool = False) -> tuple[str, str, str]:
    """Kind, options and what is mounted."""
    _, _, kind, _, options, what, _ = mount_command(
        "fs-1", "10.0.0.4", _AT[1], with_helper=with_helper, read_only=read_only, access_point=access_point
    )
    return kind, options, what


@pytest.mark.parametrize(
    ("access_point", "options"),
    [
        ("", "tls,iam,mounttargetip=10.0.0.4"),
        ("fsap-1", "tls,iam,accesspoint=fsap-1,mounttargetip=10.0.0.4"),
    ],
)
def test_the_helper_mounts_encrypted_and_through_an_access_point_if_there_is_one(
    access_point: str, options: str
) -> None:
    """The helper takes the root of the file system alone then, and so do we always."""
    assert _options(with_helper=True, access_point=access_point) == ("efs", options, _AT[0])


def test_without_the_helper_an_access_point_is_left_out() -> None:
    """The kernel knows none: a file system whose policy wants it says no, and the mail names what is lacking."""
    assert _options(with_helper=False, access_point="fsap-1") == ("nfs4", NFS_OPTIONS, "10.0.0.4:/")


@pytest.mark.parametrize("with_helper", [True, False])
def test_what_is_only_read_is_mounted_so(with_helper: bool) -> None:
    """By either way."""
    assert _options(with_helper=with_helper, read_only=True)[1].endswith(",ro")
