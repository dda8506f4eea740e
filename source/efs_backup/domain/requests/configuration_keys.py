"""The keys of a configuration: each is an option of `run`, under a name that reads well in its table."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """The kinds of values."""

    TEXT = auto()
    TEXTS = auto()
    WHOLE = auto()
    NUMBER = auto()
    FLAG = auto()
    MINUTES = auto()
    SIZE = auto()


@dataclass(frozen=True)
class Key:
    """A key of a table. option: the keyword of `run`; example: a value as TOML has it; about: a sentence.

    is_secret: it is never shown. is_command: it is run. is_opposite: true means that the option is not given.
    """

    table: str
    name: str
    option: str
    kind: Kind
    example: str
    about: str
    is_secret: bool = False
    is_command: bool = False
    is_opposite: bool = False

    def __str__(self) -> str:
        return f"[{self.table}] {self.name}"


KEYS = (
    Key("source", "path", "source", Kind.TEXT, '"/srv/home"', "The directory that is backed up."),
    Key("source", "exclude", "exclude", Kind.TEXTS, '["*.tmp", "/cache"]',
        "Names, or with a slash paths, that are left out."),
    Key("source", "one_file_system", "one_file_system", Kind.FLAG, "true",
        "Leave out what is mounted below it, but for empty directories."),
    Key("source", "allow_empty", "allow_empty", Kind.FLAG, "true", "An empty source is no mistake."),
    Key("source", "tolerate_unreadable", "tolerate_unreadable", Kind.WHOLE, "3",
        "Publish without up to so many files or directories that cannot be read, and warn."),
    Key("source", "checksum", "checksum", Kind.FLAG, "true",
        "Compare the contents of files that look unchanged; reads everything."),
    Key("backup", "path", "backup", Kind.TEXT, '"/mnt/backup"', "The directory that holds the snapshots."),
    Key("backup", "label", "label", Kind.TEXT, '"home"', "The folder of this source's snapshots there."),
    Key("backup", "interval", "interval", Kind.TEXT, '"daily"', "The series: hourly, daily, weekly or monthly."),
    Key("backup", "window", "window", Kind.MINUTES, '"4h"',
        "Stop after so long, and go on next time: minutes, or such as 4h, 90m, 1h30m."),
    Key("backup", "save", "save", Kind.FLAG, "true",
        "What this file says of window, exclude and keep becomes the rule of the series, each time."),
    Key("backup", "spare", "no_spare", Kind.FLAG, "false",
        "Keep the newest snapshot that is dropped, to become the next one.", is_opposite=True),
    Key("keep", "last", "keep_last", Kind.WHOLE, "7", "The newest so many."),
    Key("keep", "hourly", "keep_hourly", Kind.WHOLE, "48", "The newest of each of the last so many hours."),
    Key("keep", "daily", "keep_daily", Kind.WHOLE, "30", "The same with days, which begin in UTC."),
    Key("keep", "weekly", "keep_weekly", Kind.WHOLE, "8", "The same with weeks, which begin on Mondays."),
    Key("keep", "monthly", "keep_monthly", Kind.WHOLE, "6", "The same with months."),
    Key("keep", "yearly", "keep_yearly", Kind.WHOLE, "3", "The same with years."),
    Key("keep", "within", "keep_within", Kind.TEXT, '"14d"', "All that are younger than the newest by less than this."),
    Key("hooks", "before", "before", Kind.TEXTS, '["/usr/local/sbin/quiet home"]',
        "Commands that are run before the source is read, without a shell.", is_command=True),
    Key("hooks", "after", "after", Kind.TEXTS, '["/usr/local/sbin/go-on home"]',
        "Commands that are run when the source is not needed any more.", is_command=True),
    Key("hooks", "failed", "failed", Kind.TEXTS, '["/usr/local/sbin/tell-me"]',
        "Commands that are run at an end that is no success.", is_command=True),
    Key("hooks", "timeout", "hook_timeout", Kind.NUMBER, "600", "Seconds after which a command is ended."),
    Key("hooks", "ping", "ping", Kind.TEXT, '"https://hc-ping.com/..."',
        "Tell a service like healthchecks.io of start, success and failure; a secret.", is_secret=True),
    Key("scrub", "days", "scrub_days", Kind.WHOLE, "90",
        "Read all that is stored once in so many days, a part each day; 0: nothing."),
    Key("scrub", "bytes", "scrub_bytes", Kind.SIZE, '"10G"', "Read no more than so much of it at a time."),
    Key("limits", "jobs", "jobs", Kind.WHOLE, "16", "Workers or parts at a time."),
    Key("limits", "threads", "threads", Kind.WHOLE, "4", "Threads in each worker; only for links."),
    Key("limits", "files_per_part", "files_per_part", Kind.WHOLE, "2000", "Files that a copy gets at a time."),
    Key("limits", "operations_per_second", "max_operations_per_second", Kind.NUMBER, "500",
        "Spare who else uses the file systems; only for links."),
    Key("limits", "copier", "copier", Kind.TEXT, '"links"', "links, or rsync for rsync alone."),
)  # fmt: skip

TABLES = tuple(dict.fromkeys(key.table for key in KEYS))
OF_OPTION: Mapping[str, Key] = {key.option: key for key in KEYS}

ONCE: Mapping[str, str] = {
    "init": "that a first backup is meant",
    "source_moved": "that another source is meant",
    "backup_moved": "that another file system is meant",
    "confirm": "that a rule may drop more than half of the snapshots",
    "dry_run": "that nothing is to be touched",
    "as_json": "how the answer is printed",
    "quiet": "how much is told",
    "verbose": "how much is told",
}
"""Options of `run` that no file can say: said each night they would guard against nothing."""

PLACE = frozenset({"source", "backup", "label", "interval"})
"""The options that other commands than those about a source take from a configuration."""

RULES = frozenset({"exclude", "window", "retain", *(key.option for key in KEYS if key.table == "keep")})
"""The options that `save` is about: a rule on the command line is for once, whatever the file says."""

SAME = {"retain": "keep_last"}
"""Options that say what another one says, which then does not count."""
