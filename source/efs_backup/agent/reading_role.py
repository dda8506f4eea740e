"""A profile for the mount helper with the credentials of a role that can only read."""

import os
from collections.abc import Iterator
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path

from efs_backup.lib.sts import Keys

PROFILE = "efs-backup-drill"


@contextmanager
def profile_of(keys: Keys, file: Path) -> Iterator[str]:
    """The name of a profile with these keys, as long as the block lasts; the file has it for root alone."""
    _change(file, {
        "aws_access_key_id": keys.access_key, "aws_secret_access_key": keys.secret_key, "aws_session_token": keys.token,
    })  # fmt: skip
    try:
        yield PROFILE
    finally:
        _change(file, {})


def _change(file: Path, values: dict[str, str]) -> None:
    """Other profiles stay as they are. A new file takes the place of the old one: nobody reads half of one."""
    known = ConfigParser(interpolation=None)
    known.read(file)
    known.remove_section(PROFILE)
    if values:
        known[PROFILE] = values
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.new")
    beside.unlink(missing_ok=True)
    making = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(making, "w", encoding="utf-8") as written:
        known.write(written)
    beside.rename(file)
