"""NAMEs on the command line: what stands in a configuration counts as if it were said, where nothing else is said."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from pathlib import Path

    from efs_backup.engine.machine.configuration_files import ConfigurationPlace

PLACE_VARIABLE = "EFS_BACKUP_CONFIG"
USUAL = "/etc/efs-backup"
_NAMED = f"{__name__}.named"
_FILE = f"{__name__}.file"
_SUFFIX = ".toml"


class NamedArgument(click.Argument):
    """An argument in whose place the NAME of a configuration may stand, which then says what it is."""

    def consume_value(self, ctx: click.Context, opts: Mapping[str, Any]) -> tuple[Any, ParameterSource]:
        """See click.Parameter."""
        if ctx.meta.get(_NAMED) == self.name:
            return (ctx.default_map or {})[str(self.name)], ParameterSource.DEFAULT_MAP
        return super().consume_value(ctx, opts)


def config_option() -> click.Option:
    """--config, which no command gets as a keyword: it is read before the others."""
    return click.Option(
        ["--config"], metavar="FILE|DIR", envvar=PLACE_VARIABLE, expose_value=False,
        help=f"Where a NAME in the place of the directories is looked up.  [default: {USUAL}]",
    )  # fmt: skip


def apply_configuration(ctx: click.Context, command: click.Command, given: Mapping[str, Any]) -> None:
    """Let the configuration speak whose NAME stands first on this command line, if one does. Raises WrongUsage.

    given: what the command line says, by keywords. Who only completes a command line is told nothing.
    """
    named = [str(one.name) for one in command.params if isinstance(one, NamedArgument)]
    if not named or ctx.resilient_parsing:
        return
    told = [one for one in named if isinstance(given.get(one), str)]
    place = _said(given.get("config")) or os.environ.get(PLACE_VARIABLE)
    name = _name(place, given[named[0]] if told else None)
    if name is None or len(told) > 1:
        return
    if found := _found(place, name, must_be=len(named) > len(told)):
        values = found.sound(name).values
        ctx.default_map = _told(values, command, ctx, given)
        ctx.meta[_NAMED] = named[0]
        ctx.meta[_FILE] = found.file(name), frozenset(values)


def named_file() -> "tuple[Path, frozenset[str]] | None":
    """The file of the configuration that this command goes by, and the keys in it; None where it goes by none."""
    found: tuple[Path, frozenset[str]] | None = click.get_current_context().meta.get(_FILE)
    return found


def _said(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _name(place: str | None, first: str | None) -> str | None:
    """Find what may be a NAME: the first argument without a slash, or the one file given instead of a directory."""
    if first is None:
        is_file = place is not None and place.endswith(_SUFFIX) and not os.path.isdir(place)
        return os.path.basename(str(place)).removesuffix(_SUFFIX) if is_file else None
    return first if first and "/" not in first else None


def _found(place: str | None, name: str, *, must_be: bool) -> "ConfigurationPlace | None":
    """The place that has the name; None where there is none, so that it is a directory. Raises UsageError."""
    if not must_be and place is None and not os.path.lexists(f"{USUAL}/{name}{_SUFFIX}"):
        return None
    # What reads TOML takes some milliseconds to import, which a backup without a NAME would notice.
    from efs_backup.engine.machine.configuration_files import ConfigurationPlace  # noqa: PLC0415

    found = ConfigurationPlace.of(place, USUAL)
    if found.has(name):
        return found
    if must_be:
        raise click.UsageError(_nothing(found, name))
    return None


def _nothing(place: "ConfigurationPlace", name: str) -> str:
    names = place.names()
    there = f"there are {', '.join(names)}" if names else "there is none"
    return f"There is no configuration {name!r} in {str(place.path)!r} ({there}), and only one directory is given."


def _told(
    values: Mapping[str, Any], command: click.Command, ctx: click.Context, given: Mapping[str, Any]
) -> dict[str, Any]:
    """The values that the configuration sets for this command."""
    from efs_backup.domain.requests.configuration_keys import PLACE, RULES, SAME  # noqa: PLC0415

    asked = {str(one.name) for one in command.params}
    told = {name: value for name, value in values.items() if name in (asked if "source" in asked else asked & PLACE)}
    said = {name for name in asked if _is_given(name, ctx, given)}
    for other, same in SAME.items():
        if other in said:
            told.pop(same, None)
    if said & RULES:
        told.pop("save", None)
    return told


def _is_given(name: str, ctx: click.Context, given: Mapping[str, Any]) -> bool:
    """Whether the command line or the environment says something of it."""
    variable = f"{ctx.auto_envvar_prefix}_{name.upper()}" if ctx.auto_envvar_prefix else ""
    is_said = isinstance(given.get(name), str | int | float | Sequence) and given[name] not in ((), [])
    return is_said or bool(os.environ.get(variable))
