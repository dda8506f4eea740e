"""A configuration to begin with: all keys, each with a word about it."""

from efs_backup.domain.requests.configuration_keys import KEYS, TABLES, Key

_HEAD = """\
# One source of efs-backup. The name of this file is its NAME: home.toml is backed up by `efs-backup run home`.
# See also: efs-backup config check, efs-backup config show NAME, docs/how-to/configure.md.
# Commands in it are run by whoever runs the backup, so nobody else may be able to write to it.
"""
_SET = frozenset({
    "source", "backup", "label", "save", "keep_daily", "keep_weekly", "keep_monthly",
})  # fmt: skip
"""The keys that are set there; all others are shown as comments."""


def example() -> str:
    """The text of the file."""
    return _HEAD + "".join(f"\n[{table}]\n{''.join(_lines(table))}" for table in TABLES)


def _lines(table: str) -> list[str]:
    return [_line(key) for key in KEYS if key.table == table]


def _line(key: Key) -> str:
    comment = "" if key.option in _SET else "# "
    return f"# {key.about}\n{comment}{key.name} = {key.example}\n"
