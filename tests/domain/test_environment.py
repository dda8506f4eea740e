"""The environment of programs: known names only."""

import pytest

from efs_backup.domain.copying.environment import environment_of_programs


def test_only_known_names_are_given_on() -> None:
    """Whatever else the caller has."""
    caller = {
        "PATH": "/bin",
        "TMPDIR": "/tmp",
        "LD_PRELOAD": "x.so",
        "HOME": "/root",
        "BASH_ENV": "x",
        "RSYNC_RSH": "x",
    }
    assert environment_of_programs(caller) == {"PATH": "/bin", "TMPDIR": "/tmp", "LD_PRELOAD": "x.so"}


@pytest.mark.parametrize(
    ("path", "given"),
    [("/a:/b", "/a:/b"), (".:/a", "/a"), (":/a:", "/a"), ("bin:/a:../x", "/a"), (".", None), ("", None)],
)
def test_places_in_path_are_absolute(path: str, given: str | None) -> None:
    """A program starts elsewhere, where a relative one would be another place."""
    assert environment_of_programs({"PATH": path}).get("PATH") == given


def test_a_relative_place_for_temporary_files_is_not_given_on() -> None:
    """As in PATH."""
    assert environment_of_programs({"TMPDIR": "tmp"}) == {}
