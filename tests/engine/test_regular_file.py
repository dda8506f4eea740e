"""Regular files opened without waiting."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from efs_backup.engine.machine.regular_file import beginning, opened_regular, small_content


def _directory(place: Path) -> None:
    place.mkdir()


def _socket(place: Path) -> None:
    os.mknod(place, 0o600 | 0o140000)


@pytest.mark.parametrize("makes", [os.mkfifo, _directory])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, makes: Callable[[Path], None]) -> None:
    """Nobody ever writes to this FIFO, and nobody waits for that."""
    makes(tmp_path / "odd")
    with pytest.raises(ValueError, match="'odd' is no regular file"), opened_regular(tmp_path / "odd"):
        pytest.fail("it was opened")


def test_a_socket_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    """The kernel does that itself."""
    _socket(tmp_path / "odd")
    with pytest.raises(OSError, match="No such device"):
        small_content(tmp_path / "odd", 10)


@pytest.mark.parametrize("is_relative", [True, False])
def test_a_symlink_is_followed_only_on_request(tmp_path: Path, *, is_relative: bool) -> None:
    """Also where the name is looked up in an open directory."""
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    directory = os.open(tmp_path, os.O_RDONLY)
    name, place = ("link", directory) if is_relative else (tmp_path / "link", None)
    try:
        with pytest.raises(OSError, match="symbolic link"):
            small_content(name, 10, directory=place)
        assert small_content(name, 10, directory=place, is_followed=True) == b"content"
    finally:
        os.close(directory)


def test_a_file_that_is_too_large_is_refused_and_not_cut_off(tmp_path: Path) -> None:
    """Half of it might be read as a whole."""
    (tmp_path / "file").write_bytes(b"12345")
    assert small_content(tmp_path / "file", 5) == b"12345"
    with pytest.raises(ValueError, match="'file' is larger than 4 bytes"):
        small_content(tmp_path / "file", 4)


def test_the_descriptor_is_closed_whatever_happens(tmp_path: Path) -> None:
    """Also of what was refused."""
    before = len(os.listdir("/proc/self/fd"))
    (tmp_path / "file").touch()
    with opened_regular(tmp_path / "file") as descriptor:
        assert beginning(descriptor, 10) == b""
    with pytest.raises(ValueError, match="no regular file"), opened_regular(tmp_path):
        pytest.fail("it was opened")
    assert len(os.listdir("/proc/self/fd")) == before
