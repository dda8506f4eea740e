"""Arguments and options that several commands share."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from efs_backup.cli.configured import NamedArgument, apply_configuration, config_option
from efs_backup.cli.retention_options import retention, retention_of
from efs_backup.cli.verbosity import say_less, say_more
from efs_backup.domain.errors import WrongUsage
from efs_backup.domain.requests.excludes import ExcludePattern
from efs_backup.domain.requests.requests import Asked
from efs_backup.domain.requests.tuning import Copier, Tuning
from efs_backup.domain.snapshots.names import DEFAULT_LABEL, Interval
from efs_backup.domain.snapshots.scrubbing import DEFAULT_SCRUB_DAYS
from efs_backup.domain.snapshots.window import Window, minutes_of
from efs_backup.engine.series.labels import labels_of

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGTkmgt]?)(i?[Bb]?)")
_INTERVALS = click.Choice([interval.value for interval in Interval])


class Command(click.Command):
    """A command that refuses an option with one value that is given twice, for one of both would be ignored.

    What the environment says may be overridden by the command line. Where a NAME stands in the place of its
    directories, a configuration says the rest.
    """

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        if any(isinstance(one, NamedArgument) for one in self.params):
            self.params.append(config_option())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See click.Command."""
        values, _, given = self.make_parser(ctx).parse_args([*args])
        for option, times in Counter(one for one in given if isinstance(one, click.Option)).items():
            if times > 1 and _takes_one(option):
                raise click.BadOptionUsage(
                    option.opts[0], f"{option.opts[-1]} is given {times} times; it takes one value.", ctx
                )
        apply_configuration(ctx, self, values)
        return super().parse_args(ctx, args)


def _takes_one(option: click.Option) -> bool:
    is_harmless = option.is_flag and not option.secondary_opts
    return not (option.multiple or option.count or is_harmless)


def absolute(_context: click.Context, parameter: click.Parameter, value: str) -> str:
    """The path, whatever becomes of the working directory; an unset variable of a script must not mean that."""
    if not value:
        raise click.BadParameter(f"{parameter.human_readable_name} is empty.")
    try:
        return str(Path(value).absolute())
    except OSError as error:
        raise click.BadParameter(
            f"{value!r} is relative to the working directory, which cannot be found ({error.strerror}): give an"
            " absolute path."
        ) from error


def absolute_if_given(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """The same of an option that may be missing."""
    return None if value is None else absolute(context, parameter, value)


def _only_label(context: click.Context, _parameter: click.Parameter, value: str | None) -> str:
    """The label that is meant where none is given: that of old, or the only one that BACKUP has."""
    backup = context.params.get("backup")
    if value is not None or backup is None:
        return DEFAULT_LABEL if value is None else value
    found = labels_of(Path(backup))
    if not found or DEFAULT_LABEL in found:
        return DEFAULT_LABEL
    if len(found) > 1:
        raise click.BadParameter(f"BACKUP has several labels, so give one with --label: {', '.join(found)}.")
    return found[0]


def _directory(name: str, kind: type[click.Argument] = click.Argument) -> Callable[..., Any]:
    return click.argument(name, metavar=name.upper(), callback=absolute, shell_complete=_directories, cls=kind)


def _directories(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list["CompletionItem"]:
    """Let the shell complete a directory."""
    # Only who completes needs it.
    from click.shell_completion import CompletionItem  # noqa: PLC0415

    return [CompletionItem(incomplete, type="dir")]


source = _directory("source", NamedArgument)
backup = _directory("backup", NamedArgument)
target = _directory("target")
optional_backup = click.argument(
    "backup", metavar="[BACKUP]", required=False, callback=absolute_if_given, shell_complete=_directories,
    cls=NamedArgument,
)  # fmt: skip
optional_target = click.argument("target", metavar="[TARGET]", required=False, callback=absolute_if_given)
new_label = click.option(
    "--label", default=DEFAULT_LABEL, show_default=True, help="The folder of one source's snapshots."
)
label = click.option(
    "--label",
    callback=_only_label,
    help=f"The folder of one source's snapshots; the only one in BACKUP if not given, or {DEFAULT_LABEL}.",
)
any_label = click.option("--label", help="Only this label.")
interval = click.option(
    "--interval", type=_INTERVALS, default=Interval.DAILY.value, show_default=True, help="The series."
)
holding_interval = click.option(
    "--interval", type=_INTERVALS, help="The series whose directory gets the hold: any will do."
)
any_interval = click.option("--interval", type=_INTERVALS, help="Only this series.")
jobs = click.option(
    "--jobs", type=int, metavar="N", help="Workers or parts at a time; chosen from the machine if not given."
)
_copier = click.option(
    "--copier",
    type=click.Choice([copier.value for copier in Copier]),
    default=Copier.LINKS.value,
    show_default=True,
    help="links: link what is equal by listings, write small files, and rsync for the rest; rsync: rsync alone.",
)
_threads = click.option("--threads", type=int, metavar="N", help="Threads in each worker; only for links.")
_files_per_part = click.option("--files-per-part", type=int, metavar="N", help="Files that a copy gets at a time.")
_operations = click.option(
    "--max-operations-per-second", type=float, metavar="N", help="Spare who else uses the file systems; only for links."
)


def tuning(command: Callable[..., int]) -> Callable[..., int]:
    """The options of how a copy is done; the command gets them as the keywords of `tuning_of`."""
    for option in (_operations, _files_per_part, _threads, jobs, _copier):
        command = option(command)
    return command


def tuning_of(
    *, copier: str, jobs: int | None, threads: int | None, files_per_part: int | None,
    max_operations_per_second: float | None,
) -> Tuning:  # fmt: skip
    """Collect the options about copying. Raises WrongUsage."""
    return Tuning(Copier(copier), jobs, threads, files_per_part, max_operations_per_second)


max_operations = click.option(
    "--max-operations-per-second", type=click.FloatRange(min=0, min_open=True), metavar="N",
    help="Spare who else uses the file systems.",
)  # fmt: skip
_verbosity = click.option(
    "-v", "--verbose", is_flag=True, expose_value=False, is_eager=True, callback=say_more, help="Tell each step."
)
quiet = click.option(
    "-q", "--quiet", is_flag=True, expose_value=False, is_eager=True, callback=say_less,
    help="Tell nothing but warnings and errors.",
)  # fmt: skip


def verbosity(command: Callable[..., int]) -> Callable[..., int]:
    """Add -q and -v, which the output asks for; the command gets nothing."""
    return quiet(_verbosity(command))


yes = click.option("--yes", is_flag=True, help="Ask nothing; where no terminal is nothing is asked.")
move_changed = click.option(
    "--move-changed", is_flag=True,
    help="Undo also what was changed since the restore: it is moved to a quarantine of its own.",
)  # fmt: skip
number = click.option("--number", type=int, metavar="N", help="The backup number: 0 is the newest, and the default.")
as_of = click.option(
    "--as-of", metavar="TIME",
    help="The newest snapshot that is not younger, as 2026-11-22 or 'yesterday 18:00'; local time.",
)  # fmt: skip
dry_run = click.option("--dry-run", is_flag=True, help="Show what would be done, and touch nothing.")
as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON value on standard output; logs go to standard error."
)
since = click.option(
    "--since", metavar="TIME",
    help="Only what is younger: a day or a time, as 2026-11-01, yesterday, 3d or '2 days ago', or a snapshot.",
)  # fmt: skip
snapshot = click.option(
    "--snapshot", metavar="SNAPSHOT",
    help="A number (3), a name or its beginning, latest, or a time: 2026-11-22, yesterday, '2 days ago'; a day means"
    " its end. The newest if not given.",
)  # fmt: skip
nul = click.option(
    "-0", "--null", "ends_in_nul", is_flag=True, help="Print raw names, each ended by a NUL, as for `xargs -0`."
)
long = click.option("-l", "--long", "is_long", is_flag=True, help="Print type, mode, owners, size and mtime, too.")


class Minutes(click.ParamType[float]):
    """A length of time, as `4h` or `1h30m`, in minutes; a bare number is minutes."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """See click.ParamType."""
        try:
            return minutes_of(str(value))
        except WrongUsage as error:
            self.fail(error.message, param, ctx)


_window = click.option(
    "--window", type=Minutes(), metavar="DURATION",
    help="Stop after so long, as 4h or 1h30m (a bare number is minutes); the next backup continues.",
)  # fmt: skip
_exclude = click.option(
    "--exclude", multiple=True, metavar="PATTERN", help="Leave out names (or, with a slash, paths); repeatable."
)
source_moved = click.option(
    "--source-moved", is_flag=True, help="SOURCE, or what is mounted below it, is meant to be another than last time."
)
backup_moved = click.option(
    "--backup-moved", is_flag=True, help="BACKUP is meant to be on another file system than last time."
)


def scrub(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options of how much is read again; the command gets `scrub_days` and `scrub_bytes`."""
    days = click.option(
        "--scrub-days", type=int, default=DEFAULT_SCRUB_DAYS, show_default=True, metavar="N",
        help="Read all that is stored once in so many days, a part of it each day; 0: nothing.",
    )  # fmt: skip
    most = click.option("--scrub-bytes", metavar="SIZE", help="Read no more than so much of it at a time, as 10G.")
    return days(most(command))


def size_of(text: str | None) -> int | None:
    """Read a size, such as 500M or 10GiB; None for None. Raises WrongUsage."""
    if text is None:
        return None
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise WrongUsage(f"{text!r} is no size, such as 500M, 10G or 2TiB.")
    digits, unit, rest = found.groups()
    return int(float(digits) * (1024 if rest.startswith("i") else 1000) ** " KMGT".index(unit.upper() or " "))


def rules(command: Callable[..., int]) -> Callable[..., int]:
    """The options that the series remembers; the command gets them as the keywords of `asked_of`."""
    for option in (_exclude, _window):
        command = option(command)
    return retention(command)


def asked_of(*, window: float | None, exclude: tuple[str, ...], **keeping: Any) -> Asked:
    """Collect the options about the series. Raises WrongUsage."""
    Window.of_minutes(window)
    return Asked(
        retention_of(**keeping),
        tuple(ExcludePattern(pattern) for pattern in exclude) or None,
        window,
    )
