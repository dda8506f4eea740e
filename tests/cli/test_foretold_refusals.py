"""`run --dry-run` refuses what `run` refuses, in the same words."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.builders import write
from tests.support.cli import Cli

_END = " All older snapshots are as they were."


def _link_in_the_place_of_a_label(backup: Path) -> None:
    (backup.parent / "elsewhere").mkdir()
    (backup / "efs-backup").symlink_to("../elsewhere")


def _link_that_leads_nowhere(backup: Path) -> None:
    backup.rmdir()
    backup.symlink_to("nowhere")


def _directory_in_the_place_of_a_lock(backup: Path) -> None:
    (backup / "efs-backup" / "daily" / ".lock").mkdir(parents=True)


def _pipe_in_the_place_of_a_lock(backup: Path) -> None:
    (backup / "efs-backup" / "daily").mkdir(parents=True)
    os.mkfifo(backup / "efs-backup" / "daily" / ".lock")


@pytest.mark.parametrize(
    "make",
    [
        _link_in_the_place_of_a_label, _link_that_leads_nowhere, _directory_in_the_place_of_a_lock,
        _pipe_in_the_place_of_a_lock,
    ],
)  # fmt: skip
def test_a_dry_run_says_what_a_backup_would_say(
    cli: Cli, source: Path, backup: Path, make: Callable[[Path], None]
) -> None:
    """Somebody who tries a command first is not told that it would work; nothing is made by that."""
    make(backup)
    before = sorted(backup.rglob("*"))
    foretold = cli("run", source, backup, "--dry-run", code=1).stderr
    assert sorted(backup.rglob("*")) == before
    said = cli("run", source, backup, "--json", code=1).json
    assert said["message"].removesuffix(_END) in foretold
    assert foretold.count("\n") == 1 or said["next_step"] in foretold  # `run` has a next step for whatever has none


def test_a_dry_run_names_a_label_that_is_a_file(cli: Cli, source: Path, backup: Path) -> None:
    """To root, too, to whom nobody denies anything."""
    write(backup / "efs-backup")
    assert "Not a directory" in cli("run", source, backup, "--dry-run", code=1).stderr
    cli("run", source, backup, code=1)
