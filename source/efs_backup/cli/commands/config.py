"""`efs-backup config check | show | example`."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import click
from click.core import ParameterSource

from efs_backup.cli import around
from efs_backup.cli.commands.run import request_of, run
from efs_backup.cli.configured import PLACE_VARIABLE, USUAL, config_option
from efs_backup.cli.output import answered, print_json, print_line, print_lines
from efs_backup.domain.errors import EfsBackupError, ExitCode, WrongUsage
from efs_backup.domain.humanize import as_fields, counted
from efs_backup.domain.requests.configuration import Configuration
from efs_backup.domain.requests.configuration_example import example
from efs_backup.domain.requests.configuration_keys import KEYS, Key
from efs_backup.domain.requests.hooks import HookCommand
from efs_backup.domain.requests.ping_url import PingUrl
from efs_backup.engine.machine.configuration_files import ConfigurationPlace, readable_by_others
from efs_backup.engine.machine.process import Runner

_PREFIX = "EFS_BACKUP_RUN"
_FROM = {ParameterSource.COMMANDLINE: "command line", ParameterSource.DEFAULT: "default"}
_AROUND = frozenset({"before", "after", "failed", "hook_timeout", "ping", "dry_run", "as_json"})
_COLUMNS = ("KEY", "VALUE", "FROM")


@click.group()
def config() -> None:
    """Look at configurations: one file of TOML a source, which `efs-backup run NAME` goes by."""


def _with_place(command: Callable[..., int]) -> Callable[..., int]:
    """Add --config, of which the command gets the place."""
    return click.option(
        "--config", "place", metavar="FILE|DIR", envvar=PLACE_VARIABLE, help=config_option().help,
        callback=lambda _context, _parameter, text: ConfigurationPlace.of(text, USUAL),
    )(command)  # fmt: skip


_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON value on standard output.")


@dataclass(frozen=True)
class _Checked:
    """The verdict on one configuration. faults: it is refused; warnings: it can be meant."""

    name: str
    path: str
    faults: Sequence[str]
    warnings: Sequence[str] = ()
    series: tuple[str, ...] = ()


@config.command()
@click.argument("name", metavar="[NAME]", required=False)
@_with_place
@_json
def check(*, name: str | None, place: ConfigurationPlace, as_json: bool) -> int:
    """Check all configurations, or that of NAME: keys, values, directories, and who could write to the file."""
    names = [name] if name is not None else place.names()
    if name is not None and not place.has(name):
        raise WrongUsage(_nothing(place, name))
    checked = _alone([_checked(place, one) for one in names])
    strangers = [] if name else place.strangers()
    faults = sum(len(one.faults) for one in checked) + len(strangers)
    if as_json:
        print_json({"configurations": [_as_json(one) for one in checked], "no_names": strangers, "faults": faults})
    else:
        _print_checked(place, checked, strangers)
    return ExitCode.WRONG_USAGE if faults else answered()


def _nothing(place: ConfigurationPlace, name: str) -> str:
    names = ", ".join(place.names()) or "none"
    return f"There is no configuration {name!r} in {str(place.path)!r}; there are: {names}."


def _checked(place: ConfigurationPlace, name: str) -> _Checked:
    path = str(place.file(name))
    try:
        found = place.read(name)
    except WrongUsage as fault:
        return _Checked(name, path, [fault.message])
    if found.faults:
        return _Checked(name, path, found.faults)
    try:
        values = _context(place, name).params
        series = _tried(values)
    except (EfsBackupError, click.ClickException) as fault:
        return _Checked(name, path, [getattr(fault, "message", str(fault))])
    return _Checked(name, path, [], [*_warnings(place, found, values)], series)


def _context(place: ConfigurationPlace, name: str) -> click.Context:
    """`run NAME`, as far as its options go. Raises WrongUsage and ClickException."""
    return run.make_context("run", [name, "--config", str(place.path)], auto_envvar_prefix=_PREFIX)


def _tried(values: dict[str, Any]) -> tuple[str, ...]:
    """Let each value be read as a run reads it; the series that it would be. Raises WrongUsage."""
    request = request_of(**{name: value for name, value in values.items() if name not in _AROUND})
    around.commands_of(values["before"], values["after"], values["failed"], values["hook_timeout"])
    around.ping_url(values["ping"])
    return request.backup, str(request.label), request.interval


def _warnings(place: ConfigurationPlace, found: Configuration, values: dict[str, Any]) -> Iterator[str]:
    for what in ("source", "backup"):
        if not os.path.isdir(values[what]):
            yield f"[{what}] path: {values[what]!r} is no directory, or is not mounted."
    commands = around.commands_of(values["before"], values["after"], values["failed"], values["hook_timeout"])
    try:
        if hooks := around.hooks_of(commands, Runner.with_new_family()):
            hooks.check()
    except EfsBackupError as fault:
        yield fault.message
    file = place.file(found.name)
    if file and "ping" in found.values and readable_by_others(file):
        yield f"The address of the ping is a secret, and others can read it: chmod go-r {str(file)!r}."


def _alone(checked: list[_Checked]) -> list[_Checked]:
    """The same, with a warning where two are one series."""
    times = Counter(one.series for one in checked if one.series)
    return [
        replace(one, warnings=[*one.warnings, _shared(one.series)])
        if times[one.series] > 1 else one
        for one in checked
    ]  # fmt: skip


def _shared(series: tuple[str, ...]) -> str:
    backup, label, interval = series
    return f"Another configuration has the same series: {interval} of the label {label!r} in {backup!r}."


def _as_json(one: _Checked) -> dict[str, object]:
    return {"name": one.name, **as_fields("path", one.path), "faults": [*one.faults], "warnings": [*one.warnings]}


def _print_checked(place: ConfigurationPlace, checked: Sequence[_Checked], strangers: Sequence[str]) -> None:
    for one in checked:
        print_line(f"{one.name}: {counted(len(one.faults), 'fault') if one.faults else 'good'}  {one.path}")
        for kind, said in (("fault", one.faults), ("warning", one.warnings)):
            for text in said:
                print_line(f"  {kind}: {text}")
    for file in strangers:
        print_line(f"fault: {file!r} can be no NAME: letters, digits, `_`, `-` and `.`, as in home.toml.")
    if not checked and not strangers:
        print_line(f"There is no configuration in {str(place.path)!r}. To begin: efs-backup config example")


@config.command()
@click.argument("name", metavar="NAME")
@_with_place
@_json
def show(*, name: str, place: ConfigurationPlace, as_json: bool) -> int:
    """Show what `efs-backup run NAME` would go by, and where each value is from; no secret is shown."""
    if not place.has(name):
        raise WrongUsage(_nothing(place, name))
    context, file = _context(place, name), str(place.file(name))
    rows = [_row(key, context, file) for key in KEYS]
    if as_json:
        print_json(
            {
                "configuration": name,
                "values": [{"key": str(key), "value": value, "from": origin} for key, value, origin in rows],
            }
        )
        return answered()
    told = [_COLUMNS, *((str(key), _told(value), origin) for key, value, origin in rows)]
    widths = [max(len(row[at]) for row in told) for at in range(2)]
    print_lines(f"{key:{widths[0]}}  {value:{widths[1]}}  {origin}" for key, value, origin in told)
    return answered()


def _row(key: Key, context: click.Context, file: str) -> tuple[Key, object, str]:
    source = context.get_parameter_source(key.option)
    if source is ParameterSource.ENVIRONMENT:
        origin = f"{_PREFIX}_{key.option.upper()}"
    else:
        origin = file if source is ParameterSource.DEFAULT_MAP else _FROM.get(source, "") if source else ""
    return key, _value(key, context.params[key.option]), origin


def _value(key: Key, value: Any) -> object:
    """The value as the file has it; of a command its program alone, whose arguments may hold secrets."""
    if value is None or value == ():
        return None
    if key.is_secret:
        return str(PingUrl(value))
    if key.is_command:
        return [_program(one) for one in value]
    return not value if key.is_opposite else list(value) if isinstance(value, tuple) else value


def _program(text: str) -> str:
    command = HookCommand.of(text)
    return f"{command.program} ..." if len(command.words) > 1 else command.program


def _told(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@config.command("example")
def show_example() -> int:
    """Print a configuration with all keys, each with a word about it."""
    click.echo(example(), nl=False)
    return answered()
